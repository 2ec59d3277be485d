#ifndef SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RAW_HTTP2_H_
#define SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RAW_HTTP2_H_

// Frames of HTTP/2 (RFC 9113, 6), for servers that say what a test wants.

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Returns whether what a client has sent contains a whole HEADERS frame. Fields
// may be compressed, so their text says nothing.
inline bool HasRequest(absl::string_view sent) {
  constexpr size_t kPreface = 24;
  constexpr size_t kFrameHead = 9;
  size_t at = kPreface;
  while (sent.size() >= at + kFrameHead) {
    size_t length = 0;
    for (size_t i = 0; i < 3; ++i) {
      length = length << 8 | static_cast<unsigned char>(sent[at + i]);
    }
    if (sent.size() < at + kFrameHead + length) return false;
    if (sent[at + 3] == 1) return true;
    at += kFrameHead + length;
  }
  return false;
}

inline std::string FrameOf(int type, int flags, int stream,
                           const std::string& payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) {
    frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) {
    frame.push_back(static_cast<char>(stream >> shift));
  }
  return frame + payload;
}

inline std::string FieldsOf(const Metadata& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&block, std::string(1, '\0'),
                    std::string(1, static_cast<char>(name.size())), name,
                    std::string(1, static_cast<char>(value.size())), value);
  }
  return block;
}

inline std::string Settings() { return FrameOf(/*SETTINGS=*/4, 0, 0, ""); }

inline std::string AnswerOn(int stream, const std::string& data,
                            const std::string& status = "0") {
  return FrameOf(/*HEADERS=*/1, /*END_HEADERS=*/4, stream,
                 FieldsOf({{":status", "200"},
                           {"content-type", "application/grpc"}})) +
         FrameOf(/*DATA=*/0, 0, stream, data) +
         FrameOf(/*HEADERS=*/1, /*END_STREAM | END_HEADERS=*/5, stream,
                 FieldsOf({{"grpc-status", status}}));
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RAW_HTTP2_H_
