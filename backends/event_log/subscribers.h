#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_SUBSCRIBERS_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_SUBSCRIBERS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "backends/event_log/event_log.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The subscribers to a log's topics in this process. Held by shared_ptr,
// because subscriptions may outlive the log. Thread-safe.
class Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  // Called in order when a topic gets its first subscriber or loses its last.
  // Called with a lock held.
  struct Watch {
    std::function<void(absl::string_view topic)> first;
    std::function<void(absl::string_view topic)> none;
  };

  // Call before the first Add. Without arguments, removes the watch.
  void SetWatch(Watch watch = {});

  EventLog::Subscription Add(absl::string_view topic,
                             std::weak_ptr<EventLog::Subscriber> subscriber);

  // Calls `call` for each subscriber of the topic, with no lock held.
  void ForEach(absl::string_view topic,
               const std::function<void(EventLog::Subscriber*)>& call);

 private:
  struct Entry {
    explicit Entry(std::weak_ptr<EventLog::Subscriber> s)
        : subscriber(std::move(s)) {}
    const std::weak_ptr<EventLog::Subscriber> subscriber;
    std::atomic<bool> active{true};
  };
  using Entries = std::vector<std::shared_ptr<Entry>>;

  void Remove(const std::string& topic, const std::shared_ptr<Entry>& entry);

  Mutex mu_;
  absl::flat_hash_map<std::string, Entries> topics_ ABSL_GUARDED_BY(mu_);
  Watch watch_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_SUBSCRIBERS_H_
