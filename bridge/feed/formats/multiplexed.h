#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/feed/composite_cursor.h"
#include "bridge/feed/formats/sse.h"

namespace sse_bridge {

// text/event-stream for several upstream calls, where each event's ID contains
// the IDs of all calls: the named streams of `/events` (BundleCursor), and the
// calls of one stream that is shared by element (CompositeCursor). The bridge's
// own events (`grpc-status`, `reset`, `unreadable`, `upstream`) contain the
// stream's name in their data.
class MultiplexedFormat : public SseFormat {
 public:
  // A stream and the positions from which it resumes: `ids` has one for each of
  // `keys`, empty if absent. Without keys, the stream is one call with one ID.
  // Only a single stream may be unnamed; its events are unchanged.
  struct Part {
    // The `event:` field of all its events. If it ends with '*', each event's
    // own name follows.
    std::string name;
    std::vector<std::string> keys;
    std::vector<std::string> ids;
  };

  // Streams that are added to or removed from an open connection. Thread-safe.
  // The format applies the changes before the next event.
  class Changes {
   public:
    // The calls of the parts have the membership tags from `tag`. Call before
    // they are attached.
    void Add(std::vector<Part> parts, int tag);

    // The events of the stream that are still queued are omitted.
    void Remove(std::string name);

   private:
    friend class MultiplexedFormat;
    struct Change {
      bool adds = false;
      Part part;  // or only the name of the one to remove
      size_t tag = 0;
    };

    std::vector<Change> Take();

    std::atomic<bool> any_{false};
    Mutex mu_;
    // At most one addition and one removal for each stream of the connection.
    std::vector<Change> waiting_ ABSL_GUARDED_BY(mu_);
  };

  // Membership tags number the calls of all parts, in order. `changes` may be
  // null.
  explicit MultiplexedFormat(std::vector<Part> parts,
                             std::shared_ptr<Changes> changes = nullptr);

  Traits traits() const override;
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;

 private:
  struct Stream {
    std::string name;
    std::optional<CompositeCursor> cursor;
    std::string id;     // of the whole stream
    std::string piece;  // part of the ID of `/events`
  };
  static constexpr size_t kGone = static_cast<size_t>(-1);
  struct Call {
    size_t stream = kGone;
    size_t index = 0;  // index in the stream
  };

  void Add(Part part, size_t tag);
  void Remove(absl::string_view name);
  void ApplyChanges();
  void AppendOwn(StreamEvent event, const Call& call, std::string* out);
  void SetId(const Call& call, absl::string_view id);
  static void Refresh(Stream* stream);  // call after changing its IDs
  std::string Cursor() const;

  // The place of a stream that was removed is used again.
  std::vector<Stream> streams_;
  std::vector<size_t> free_;
  std::vector<Call> calls_;  // indexed by tag
  const std::shared_ptr<Changes> changes_;
  std::string event_name_;  // of the current event; reused
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_
