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

// A frame that waits for a socket. Without a frame it is a hole that something
// dropped left behind.
struct SendEntry {
  absl::string_view Wire() const {
    return chunked ? frame->chunked() : frame->payload();
  }

  FramePtr frame;
  // Set where it matters, for conflation and flow control; the loop keeps the
  // topic alive for as long.
  Topic* topic = nullptr;
  uint32_t published_size = 0;  // Frame::size() before rewriting
  int tag = 0;                  // for the rewriter
  SlowPolicy policy = SlowPolicy::kUnbounded;
  bool chunked = false;
  bool counted = false;    // against the bound
  bool queued = false;     // for the loop's gauge of waiting bytes
  bool rewrite = false;    // not rewritten yet
  bool end = false;        // FrameRewriter::RewriteEnd makes it
  bool rewritten = false;  // so that what follows it depends on it
};

// Blocks of entries for queues that outgrow their inline ones, reused by all
// connections of a loop. Not thread-safe.
class SendEntryPool {
 public:
  std::unique_ptr<SendEntry[]> Take(size_t capacity);
  // The entries must be empty again.
  void Give(std::unique_ptr<SendEntry[]> block, size_t capacity);

 private:
  static constexpr size_t kMinCapacity = 4;
  static constexpr size_t kClasses = 6;  // 4 to 128 entries
  static constexpr size_t kMaxPooledBytes = size_t{4} << 20;

  std::array<std::vector<std::unique_ptr<SendEntry[]>>, kClasses> free_;
  size_t pooled_bytes_ = 0;
};

// What waits for one connection's socket, in order. All operations are O(1),
// amortized: what is dropped or superseded leaves a hole, and the ring is
// compacted when holes prevail.
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
  // Wire bytes of the entries that count against the bound, and of all.
  size_t counted_bytes() const { return counted_bytes_; }
  size_t bytes() const { return bytes_; }

  void Push(SendEntry entry, SendEntryPool* pool);

  // Takes the waiting events that one of this topic and key supersedes out and
  // appends them to `taken`. From the first call until the queue is empty a map
  // of the newest of each key is kept; that first call takes also those that
  // others in the queue supersede.
  void TakeSame(const Topic* topic, uint64_t key,
                std::vector<SendEntry>* taken);

  // Takes the oldest event out that may be dropped: of kDropOldest or
  // kConflate, and neither rewritten nor partially sent.
  bool TakeOldest(SendEntry* taken);

  // Takes all events out that are neither rewritten nor partially sent. O(n).
  void TakeEvents(std::vector<SendEntry>* taken);

  // Calls `release(SendEntry*)` for each entry with a topic, which must take it
  // away.
  template <typename Release>
  void ReleaseTopics(Release release) {
    newest_.reset();
    for (uint64_t i = first_; i < end_; ++i) {
      if (At(i).topic != nullptr) release(&At(i));
    }
  }

  // Gives the entries that are to be sent next the frames that `rewrite(const
  // SendEntry&)` makes of them, up to `max_parts` or so many bytes, but at
  // least one. They are not dropped any more. Those without one are taken out
  // and appended to `taken`.
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

  // Points `parts` at the next bytes to send, as far as they are rewritten;
  // returns how many parts.
  int Gather(iovec* parts, int max_parts);

  // Says that the next `*bytes` were sent. When that completes the first entry,
  // it is taken out and true returned, with `*bytes` less what it used.
  bool Sent(size_t* bytes, SendEntry* completed);

  // The only entry's first bytes were sent already, but not all.
  void SetPartlySent(size_t bytes);

  // Gives the memory of an empty queue back.
  void Shrink(SendEntryPool* pool);

 private:
  using Key = std::pair<const Topic*, uint64_t>;
  using NewestMap = absl::flat_hash_map<Key, uint64_t>;

  static constexpr uint32_t kInline = 2;  // a power of two
  // Fewer holes are not worth moving the entries.
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
  // The first that may be taken out.
  uint64_t FirstUnsent() const { return offset_ > 0 ? first_ + 1 : first_; }
  // The entry at `position` can no longer be superseded.
  void Forget(uint64_t position);
  // Puts a rewritten frame in the place of the one at `position`.
  void Replace(uint64_t position, FramePtr frame);
  // Empties the entry at `position`, which becomes a hole.
  SendEntry Take(uint64_t position);

  SendEntry* entries_;
  uint32_t capacity_ = kInline;
  uint32_t live_ = 0;
  uint32_t offset_ = 0;  // bytes of the first entry that are sent
  uint32_t holes_ = 0;   // between first_ and end_
  // Positions only grow, but for Compact; the place is the position modulo the
  // capacity.
  uint64_t first_ = 0;
  uint64_t end_ = 0;
  // No entry before it may be dropped.
  uint64_t oldest_ = 0;
  size_t counted_bytes_ = 0;
  size_t bytes_ = 0;
  // Positions of the conflatable entries, when they are looked for.
  std::unique_ptr<NewestMap> newest_;
  std::unique_ptr<SendEntry[]> heap_;
  SendEntry inline_[kInline];
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_SEND_QUEUE_H_
