#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_FRAME_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_FRAME_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/base/stream_event.h"
#include "bridge/delivery/audience.h"
#include "bridge/gzip/gzip_member.h"

namespace sse_bridge {

class Frame;
struct Deflated;

// What the creator of a frame knows about its bytes. Delivery itself reads
// `key`, `is_event`, `retry_ms`, `condition`, `born_ns` and `audience`. The
// rest is for callers of event().
struct FrameInfo {
  // Positions in the payload; empty if unknown.
  EventSpans spans = {};
  // For SlowPolicy::kConflate. A frame supersedes earlier frames of the same
  // topic with the same key. Topics without keys use zero, which is not
  // special.
  uint64_t key = 0;
  // False for a comment, which does not count as an event.
  bool is_event = true;
  // For the last frame of a topic that ends with an error: the minimum
  // reconnection delay for its clients, in place of StreamSpec::retry. 0 means
  // that StreamSpec::retry applies.
  uint32_t retry_ms = 0;
  EventKind kind = EventKind::kMessage;
  absl::StatusCode code = absl::StatusCode::kOk;  // of kStatus
  // Marks the start (1) or end (-1) of a condition of the topic, such as an
  // outage; 0 for other frames. If several topics form one stream on a
  // connection (MembershipOptions::group), only the first start and the last
  // end are sent.
  int8_t condition = 0;
  // When the message reached the bridge, in monotonic nanoseconds, for latency
  // metrics. 0 if unknown.
  int64_t born_ns = 0;
  // Members of a topic whose connection's subject is not in it do not receive
  // the frame. Null: everybody does.
  std::shared_ptr<const Audience> audience = nullptr;
};

// Owns a reference to a frame, or is null. Copying costs one atomic increment.
class FramePtr {
 public:
  FramePtr() = default;
  FramePtr(std::nullptr_t) {}  // NOLINT: like std::shared_ptr
  FramePtr(const FramePtr& other);
  FramePtr(FramePtr&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)) {}
  FramePtr& operator=(FramePtr other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~FramePtr();

  const Frame* get() const { return frame_; }
  const Frame& operator*() const { return *frame_; }
  const Frame* operator->() const { return frame_; }
  explicit operator bool() const { return frame_ != nullptr; }
  void reset() { *this = FramePtr(); }

  bool operator==(const FramePtr& other) const = default;
  bool operator==(std::nullptr_t) const { return frame_ == nullptr; }

 private:
  friend class Frame;
  explicit FramePtr(const Frame* adopted) : frame_(adopted) {}

  const Frame* frame_ = nullptr;
};

// The bytes of one SSE event or comment, ready to be written, shared by all
// connections and buffers that hold it. Immutable and thread-safe. Header and
// bytes share one allocation.
//
// The bytes are stored framed as one HTTP/1.1 chunk (RFC 9112, 7.1), so that
// both chunked and close-delimited responses can send the frame with one write.
class Frame {
 public:
  // Copies `payload`, which must be complete SSE events or comments including
  // the blank line. For an empty payload, chunked() is empty rather than the
  // chunk that ends the body.
  static FramePtr Create(absl::string_view payload, FrameInfo info = {});

  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  absl::string_view payload() const {
    return absl::string_view(bytes() + prefix_size_, payload_size_);
  }
  absl::string_view chunked() const {
    return absl::string_view(bytes(), chunked_size_);
  }
  const FrameInfo& info() const { return info_; }
  // Returns the event that the bytes represent. Its texts are valid for the
  // lifetime of the frame. Requires info().is_event.
  StreamEvent event() const;
  // The size of the payload, which flow control counts.
  size_t size() const { return payload_size_; }
  // The length of the "<hex>\r\n" before the payload in chunked().
  size_t prefix_size() const { return prefix_size_; }

  // The form for gzip streams; null if it was not compressed. See GzipStream.
  const Deflated* deflated() const { return deflated_.get(); }
  // Called at most once, before other threads have the frame.
  void SetDeflated(std::unique_ptr<const Deflated> deflated) const {
    deflated_ = std::move(deflated);
  }
  // The bytes of all forms.
  size_t kept_bytes() const;

 private:
  friend class FramePtr;

  explicit Frame(const FrameInfo& info);
  ~Frame();

  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  void Ref() const { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() const {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) Free();
  }
  void Free() const;

  mutable std::atomic<uint32_t> refs_{1};
  uint32_t prefix_size_ = 0;
  uint32_t payload_size_ = 0;
  uint32_t chunked_size_ = 0;
  const FrameInfo info_;
  mutable std::unique_ptr<const Deflated> deflated_;
};

// A frame as blocks of a gzip member, compressed by the feed's GzipFeed.
struct Deflated {
  FramePtr frame;         // its payload is the blocks
  uint64_t position = 0;  // as in GzipFeed::Event
  bool key = false;
  GzipPiece piece;  // of the frame's payload
};

inline FramePtr::FramePtr(const FramePtr& other) : frame_(other.frame_) {
  if (frame_ != nullptr) frame_->Ref();
}
inline FramePtr::~FramePtr() {
  if (frame_ != nullptr) frame_->Unref();
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_FRAME_H_
