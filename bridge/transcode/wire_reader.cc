#include "bridge/transcode/wire_reader.h"

namespace sse_bridge::wire {

const char* ReadVarintSlow(const char* in, const char* end, uint64_t* value) {
  if (end - in >= 8) {
    // Reads up to eight bytes at once. The first byte without its high bit set
    // is the last one. Three steps then join the groups of seven bits.
    uint64_t eight;
    std::memcpy(&eight, in, 8);
    const uint64_t stops = ~eight & 0x8080808080808080;
    if (stops != 0) {
      eight &= stops ^ (stops - 1);
      eight = (eight & 0x007f007f007f007f) | (eight & 0x7f007f007f007f00) >> 1;
      eight = (eight & 0x00003fff00003fff) | (eight & 0x3fff00003fff0000) >> 2;
      eight = (eight & 0x000000000fffffff) | (eight & 0x0fffffff00000000) >> 4;
      *value = eight;
      return in + __builtin_ctzll(stops) / 8 + 1;
    }
  }
  uint64_t result = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (in == end) return nullptr;
    const uint64_t byte = static_cast<uint8_t>(*in++);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return in;
    }
  }
  return nullptr;
}

const char* ReadTagSlow(const char* in, const char* end, uint32_t* tag) {
  uint64_t value;
  const char* const start = in;
  in = ReadVarintSlow(in, end, &value);
  if (in == nullptr || in - start > 5) return nullptr;
  *tag = static_cast<uint32_t>(value);
  return *tag >> 3 == 0 ? nullptr : in;
}

const char* Skip(const char* in, const char* end, uint32_t tag, int depth) {
  uint64_t number;
  switch (tag & 7) {
    case kVarint:
      return ReadVarint(in, end, &number);
    case kFixed64:
      return end - in < 8 ? nullptr : in + 8;
    case kFixed32:
      return end - in < 4 ? nullptr : in + 4;
    case kLength:
      in = ReadLength(in, end, &number);
      return in == nullptr ? nullptr : in + number;
    case kStartGroup: {
      if (depth <= 0) return nullptr;
      const uint32_t end_tag = (tag & ~7u) | kEndGroup;
      while (true) {
        uint32_t inner;
        in = ReadTag(in, end, &inner);
        if (in == nullptr) return nullptr;
        if (inner == end_tag) return in;
        in = Skip(in, end, inner, depth - 1);
        if (in == nullptr) return nullptr;
      }
    }
    default:
      return nullptr;
  }
}

const char* ReadMessage(const char* in, const char* end, uint32_t tag,
                        absl::string_view* fields, int depth) {
  if ((tag & 7) == kLength) return ReadBytes(in, end, fields);
  if ((tag & 7) != kStartGroup || depth <= 0) return nullptr;
  const uint32_t end_tag = (tag & ~7u) | kEndGroup;
  const char* const begin = in;
  while (true) {
    const char* const before = in;
    uint32_t inner;
    in = ReadTag(in, end, &inner);
    if (in == nullptr) return nullptr;
    if (inner == end_tag) {
      *fields = absl::string_view(begin, static_cast<size_t>(before - begin));
      return in;
    }
    in = Skip(in, end, inner, depth - 1);
    if (in == nullptr) return nullptr;
  }
}

}  // namespace sse_bridge::wire
