#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_SEND_QUEUE_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_SEND_QUEUE_H_

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/topic.h"

namespace sse_bridge {

// A frame queued for a socket. An entry without a frame is a hole left by a
// dropped frame.
struct SendEntry {
  absl::string_view Wire() const {
    return chunked ? frame->chunked() : frame->payload();
  }

  FramePtr frame;
  // Set only if conflation or flow control needs it. The loop keeps the topic
  // alive meanwhile.
  Topic* topic = nullptr;
  uint32_t published_size = 0;  // Frame::size() before rewriting
  int tag = 0;                  // for the rewriter
  SlowPolicy policy = SlowPolicy::kUnbounded;
  bool chunked : 1 = false;
  bool counted : 1 = false;    // counts against the limit
  bool queued : 1 = false;     // included in the loop's gauge of queued bytes
  bool rewrite : 1 = false;    // must still be rewritten or compressed
  bool end : 1 = false;        // created by FrameRewriter::RewriteEnd
  bool own : 1 = false;        // not for the FrameRewriter
  bool gzip_end : 1 = false;   // the end of the gzip member
  bool rewritten : 1 = false;  // must not be dropped: later frames depend on it
};
// Each connection has some.
static_assert(sizeof(SendEntry) <= 32);

// A pool of entry blocks for queues that outgrow their inline entries, shared
// by all connections of a loop. Not thread-safe.
class SendEntryPool {
 public:
  std::unique_ptr<SendEntry[]> Take(size_t capacity);
  // All entries must be empty.
  void Give(std::unique_ptr<SendEntry[]> block, size_t capacity);

 private:
  static constexpr size_t kMinCapacity = 4;
  static constexpr size_t kClasses = 6;  // 4 to 128 entries
  static constexpr size_t kMaxPooledBytes = size_t{4} << 20;

  std::array<std::vector<std::unique_ptr<SendEntry[]>>, kClasses> free_;
  size_t pooled_bytes_ = 0;
};

// The frames queued for one connection's socket, in order. Operations are
// amortized O(1), except where noted: a dropped or superseded frame leaves a
// hole, and the ring is compacted when holes outnumber frames.
//
// Not thread-safe.
class SendQueue {
 public:
  SendQueue() : entries_(inline_) {}
  ~SendQueue() = default;
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  bool empty() const { return live_ == 0; }
  size_t size() const { return live_; }
  // Wire bytes of the entries that count against the limit, and of all entries.
  size_t counted_bytes() const { return counted_bytes_; }
  size_t bytes() const { return bytes_; }

  void Push(SendEntry entry, SendEntryPool* pool);

  // Removes the queued events that a new one of this topic and key supersedes,
  // and appends them to `taken`. From the first call until the queue is empty,
  // a map of the newest event of each key is kept. The first call also removes
  // events that others in the queue supersede.
  void TakeSame(const Topic* topic, uint64_t key,
                std::vector<SendEntry>* taken);

  // Removes the oldest event that may be dropped: one of kDropOldest or
  // kConflate that is neither rewritten nor partially sent.
  bool TakeOldest(SendEntry* taken);

  // Removes all events that are neither rewritten nor partially sent. O(n).
  void TakeEvents(std::vector<SendEntry>* taken);

  // Calls `release(SendEntry*)` for each entry with a topic. `release` must
  // clear the topic.
  template <typename Release>
  void ReleaseTopics(Release release) {
    newest_.reset();
    for (uint64_t i = first_; i < end_; ++i) {
      if (At(i).topic != nullptr) release(&At(i));
    }
  }

  // Replaces the frames of the entries that are sent next with the results of
  // `rewrite(const SendEntry&)`, up to `max_parts` entries or the given number
  // of bytes, but at least one. Rewritten entries are never dropped. Entries
  // for which the result is null are removed and appended to `taken`.
  template <typename Rewrite>
  void RewriteNext(size_t max_bytes, int max_parts, Rewrite rewrite,
                   std::vector<SendEntry>* taken) {
    size_t bytes = 0;
    int parts = 0;
    for (uint64_t i = first_; i < end_; ++i) {
      if (!At(i).frame) continue;
      if (parts == max_parts || (parts > 0 && bytes >= max_bytes)) break;
      if (At(i).rewrite) {
        FramePtr frame = rewrite(At(i));
        if (!frame || frame->size() == 0) {
          taken->push_back(Take(i));
          continue;
        }
        Replace(i, std::move(frame));
      }
      ++parts;
      bytes += At(i).Wire().size();
    }
    SkipHoles();
  }

  // Points `parts` at the next bytes to send, up to the first entry that must
  // still be rewritten. Returns the number of parts.
  int Gather(iovec* parts, int max_parts);

  // Records that the next `*bytes` were sent. If that completes the first
  // entry, removes it, subtracts its bytes from `*bytes` and returns true.
  bool Sent(size_t* bytes, SendEntry* completed);

  // Records that the first bytes of the only entry, but not all of it, were
  // sent.
  void SetPartlySent(size_t bytes);

  // Returns the memory of an empty queue to the pool.
  void Shrink(SendEntryPool* pool);

 private:
  using Key = std::pair<const Topic*, uint64_t>;
  using NewestMap = absl::flat_hash_map<Key, uint64_t>;

  static constexpr uint32_t kInline = 2;  // a power of two
  // With fewer holes, compacting is not worthwhile.
  static constexpr uint32_t kMinHoles = 16;

  static bool Droppable(const SendEntry& entry) {
    return entry.frame && !entry.rewritten && entry.frame->info().is_event &&
           (entry.policy == SlowPolicy::kConflate ||
            entry.policy == SlowPolicy::kDropOldest);
  }
  static bool Conflatable(const SendEntry& entry) {
    return entry.frame && !entry.rewritten && entry.frame->info().is_event &&
           entry.policy == SlowPolicy::kConflate && entry.topic != nullptr;
  }

  SendEntry& At(uint64_t position) {
    return entries_[position & (capacity_ - 1)];
  }
  void Grow(SendEntryPool* pool);
  void Compact();
  void SkipHoles();
  // The first position that may be removed.
  uint64_t FirstUnsent() const { return offset_ > 0 ? first_ + 1 : first_; }
  // Called when the entry at `position` can no longer be superseded.
  void Forget(uint64_t position);
  // Replaces the frame at `position` with a rewritten one.
  void Replace(uint64_t position, FramePtr frame);
  // Removes the entry at `position`, which becomes a hole.
  SendEntry Take(uint64_t position);

  SendEntry* entries_;
  uint32_t capacity_ = kInline;
  uint32_t live_ = 0;
  uint32_t offset_ = 0;  // bytes of the first entry already sent
  uint32_t holes_ = 0;   // between first_ and end_
  // Positions only grow, except in Compact. The index is the position modulo
  // the capacity.
  uint64_t first_ = 0;
  uint64_t end_ = 0;
  // No entry before this position may be dropped.
  uint64_t oldest_ = 0;
  size_t counted_bytes_ = 0;
  size_t bytes_ = 0;
  // Positions of the conflatable entries; null until TakeSame is called.
  std::unique_ptr<NewestMap> newest_;
  std::unique_ptr<SendEntry[]> heap_;
  SendEntry inline_[kInline];
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_SEND_QUEUE_H_
