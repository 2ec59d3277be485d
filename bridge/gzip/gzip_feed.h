#ifndef SSE_BRIDGE_BRIDGE_GZIP_GZIP_FEED_H_
#define SSE_BRIDGE_BRIDGE_GZIP_GZIP_FEED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/gzip/gzip_budget.h"

namespace sse_bridge {

// Compresses the events of a feed once, for any number of gzip members.
//
// The blocks of an event may refer to the events since the last keyframe, in
// the order in which they were compressed, and to nothing before. So a member
// may contain the blocks of an event if it is a keyframe, or if the event
// before it in the feed is what the member contains last, compressed or stored.
//
// A keyframe costs the dictionary, so there is one only if somebody needs it,
// and only every kKeyEvents events or kKeyInterval.
//
// Not thread-safe.
class GzipFeed {
 public:
  static constexpr uint32_t kKeyEvents = 64;
  static constexpr absl::Duration kKeyInterval = absl::Seconds(5);
  // Compressing a larger event would take too long.
  static constexpr size_t kMaxEventBytes = 256 << 10;

  // The largest context looks back 32 KiB.
  enum class Context { kLarge, kSmall };
  static size_t MemoryOf(Context context);

  // Returns a feed whose context fits into the budget: `largest`, or a small
  // one if more than half of the budget is used. Returns null if no memory is
  // left. `budget` must outlive the feed.
  static std::unique_ptr<GzipFeed> Create(GzipBudget* budget, Context largest);
  ~GzipFeed();
  GzipFeed(const GzipFeed&) = delete;
  GzipFeed& operator=(const GzipFeed&) = delete;

  struct Event {
    // Differs from those of all other events of all feeds. The next event's is
    // one more, unless that is a keyframe. Never 0.
    uint64_t position = 0;
    bool key = false;
  };
  // Compresses the next event, not empty and of at most kMaxEventBytes.
  // `key_wanted`: somebody cannot use the event unless it is a keyframe. `now`
  // is monotonic. The blocks replace the content of *blocks.
  Event Compress(absl::string_view bytes, bool key_wanted, absl::Duration now,
                 std::string* blocks);

 private:
  struct Stream;  // a z_stream

  GzipFeed(GzipBudget* budget, Context context);

  GzipBudget* const budget_;
  const size_t memory_;
  const std::unique_ptr<Stream> stream_;
  uint64_t position_ = 0;
  uint32_t since_key_ = 0;  // events, including the keyframe; 0: none yet
  absl::Duration key_at_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GZIP_GZIP_FEED_H_
