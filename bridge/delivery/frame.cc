#include "bridge/delivery/frame.h"

#include <cstring>
#include <new>

namespace sse_bridge {
namespace {

// The hexadecimal digits of a uint32_t, and CRLF.
constexpr size_t kMaxPrefix = 8 + 2;

size_t WriteChunkHead(uint32_t size, char* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  int shift = 28;
  while (shift > 0 && (size >> shift) == 0) shift -= 4;
  size_t n = 0;
  for (; shift >= 0; shift -= 4) out[n++] = kDigits[(size >> shift) & 15];
  out[n++] = '\r';
  out[n++] = '\n';
  return n;
}

}  // namespace

Frame::Frame(const FrameInfo& info) : info_(info) {}
Frame::~Frame() = default;

size_t Frame::kept_bytes() const {
  return size() + (deflated_ == nullptr ? 0 : deflated_->frame->size());
}

FramePtr Frame::Create(absl::string_view payload, FrameInfo info) {
  char head[kMaxPrefix];
  const size_t prefix =
      payload.empty()
          ? 0
          : WriteChunkHead(static_cast<uint32_t>(payload.size()), head);
  const size_t size = payload.empty() ? 0 : prefix + payload.size() + 2;
  void* const memory = ::operator new(sizeof(Frame) + size);
  Frame* const frame = new (memory) Frame(info);
  frame->prefix_size_ = static_cast<uint32_t>(prefix);
  frame->payload_size_ = static_cast<uint32_t>(payload.size());
  frame->chunked_size_ = static_cast<uint32_t>(size);
  if (size > 0) {
    char* out = reinterpret_cast<char*>(frame + 1);
    std::memcpy(out, head, prefix);
    std::memcpy(out + prefix, payload.data(), payload.size());
    std::memcpy(out + prefix + payload.size(), "\r\n", 2);
  }
  return FramePtr(static_cast<const Frame*>(frame));
}

StreamEvent Frame::event() const {
  const absl::string_view text = payload();
  StreamEvent event;
  event.kind = info_.kind;
  event.name = info_.spans.name.In(text);
  event.id = info_.spans.id.In(text);
  event.data = info_.spans.data.In(text);
  event.comment = info_.spans.comment.In(text);
  event.code = info_.code;
  event.key = info_.key;
  event.born_ns = info_.born_ns;
  return event;
}

void Frame::Free() const {
  Frame* const self = const_cast<Frame*>(this);
  self->~Frame();
  ::operator delete(static_cast<void*>(self));
}

}  // namespace sse_bridge
