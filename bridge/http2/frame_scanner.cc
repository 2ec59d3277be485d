#include "bridge/http2/frame_scanner.h"

#include <algorithm>

namespace sse_bridge {

bool Http2FrameScanner::Next(absl::string_view* input, Http2FrameHead* head) {
  const size_t skipped = std::min(skip_, input->size());
  skip_ -= skipped;
  input->remove_prefix(skipped);
  while (have_ < kHeadBytes) {
    if (skip_ > 0 || input->empty()) return false;
    bytes_[have_++] = static_cast<uint8_t>(input->front());
    input->remove_prefix(1);
  }
  have_ = 0;
  const auto big_endian = [this](size_t from, size_t size) {
    uint32_t value = 0;
    for (size_t i = from; i < from + size; ++i) value = value << 8 | bytes_[i];
    return value;
  };
  head->length = big_endian(0, 3);
  head->type = bytes_[3];
  head->flags = bytes_[4];
  head->stream = big_endian(5, 4) & 0x7fffffff;
  skip_ = head->length;
  return true;
}

}  // namespace sse_bridge
