#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_READER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_READER_H_

// Reads the protobuf wire format (protobuf.dev, "Encoding") from contiguous
// bytes. Every function takes a position and the end of the input, and returns
// the position after what it read, or nullptr if the bytes are malformed.

#include <cstdint>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"

namespace sse_bridge::wire {

enum Type : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kLength = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

// Maximum nesting depth of messages, as in libprotobuf.
inline constexpr int kMaxDepth = 100;

const char* ReadVarintSlow(const char* in, const char* end, uint64_t* value);
const char* ReadTagSlow(const char* in, const char* end, uint32_t* tag);

inline const char* ReadVarint(const char* in, const char* end,
                              uint64_t* value) {
  if (ABSL_PREDICT_TRUE(in < end)) {
    const uint64_t byte = static_cast<uint8_t>(*in);
    if (ABSL_PREDICT_TRUE(byte < 0x80)) {
      *value = byte;
      return in + 1;
    }
  }
  return ReadVarintSlow(in, end, value);
}

// Field number 0 and tags of more than five bytes are malformed. As in
// libprotobuf, the bits of a tag beyond 32 are dropped.
inline const char* ReadTag(const char* in, const char* end, uint32_t* tag) {
  if (ABSL_PREDICT_TRUE(in < end)) {
    const uint32_t byte = static_cast<uint8_t>(*in);
    if (ABSL_PREDICT_TRUE(byte < 0x80 && byte >= 8)) {
      *tag = byte;
      return in + 1;
    }
  }
  return ReadTagSlow(in, end, tag);
}

// Reads the length of a delimited value and checks that the input contains that
// many bytes. As in libprotobuf, a length of more than five bytes is malformed.
inline const char* ReadLength(const char* in, const char* end,
                              uint64_t* length) {
  const char* const start = in;
  in = ReadVarint(in, end, length);
  if (ABSL_PREDICT_FALSE(in == nullptr || in - start > 5 ||
                         *length > static_cast<uint64_t>(end - in))) {
    return nullptr;
  }
  return in;
}

inline const char* ReadBytes(const char* in, const char* end,
                             absl::string_view* bytes) {
  uint64_t length;
  in = ReadLength(in, end, &length);
  if (in == nullptr) return nullptr;
  *bytes = absl::string_view(in, length);
  return in + length;
}

// Reads a little-endian number. Supports little-endian machines only.
template <typename T>
inline const char* ReadFixed(const char* in, const char* end, T* value) {
  if (ABSL_PREDICT_FALSE(static_cast<size_t>(end - in) < sizeof(T))) {
    return nullptr;
  }
  std::memcpy(value, in, sizeof(T));
  return in + sizeof(T);
}

// Skips the value that follows `tag`. Groups may nest `depth` levels deep.
const char* Skip(const char* in, const char* end, uint32_t tag,
                 int depth = kMaxDepth);

// Reads the fields of a message that follows `tag`: with a length in front, or
// a group. Groups may nest `depth` levels deep.
const char* ReadMessage(const char* in, const char* end, uint32_t tag,
                        absl::string_view* fields, int depth = kMaxDepth);

inline int32_t ZigZag32(uint32_t v) {
  return static_cast<int32_t>((v >> 1) ^ (~(v & 1) + 1));
}
inline int64_t ZigZag64(uint64_t v) {
  return static_cast<int64_t>((v >> 1) ^ (~(v & 1) + 1));
}

}  // namespace sse_bridge::wire

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_READER_H_
