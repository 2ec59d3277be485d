#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_LOG_TAIL_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_LOG_TAIL_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "backends/event_log/event_log.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Follows one topic of the log from a cursor, for one reader. Delivers events
// in order, each once, and only as fast as the reader takes them. Stores only
// the cursor.
//
// Thread-safe.
class LogTail : public EventLog::Subscriber,
                public std::enable_shared_from_this<LogTail> {
 public:
  struct Reader {
    // Returns whether another event may be delivered now. If not, Continue()
    // must be called when it may.
    std::function<bool()> ready;
    // Receives the next events together before they are delivered; may be
    // empty. On error, the tail ends with `failed`.
    std::function<absl::Status(const std::vector<LoggedEvent>&)> prepare;
    // Receives an event of the log. Returns false if the reader has ended.
    std::function<bool(const LoggedEvent&)> take;
    // Receives an ephemeral payload; may be empty.
    std::function<void(const std::string&)> broadcast;
    // Reading failed; the tail has ended.
    std::function<void(const absl::Status&)> failed;
  };

  // `log` must outlive the tail. Delivers the events after `cursor`.
  static std::shared_ptr<LogTail> Start(EventLog* log, std::string topic,
                                        std::string cursor, Reader reader);

  // The reader may be ready again.
  void Continue();

  // Nothing is delivered after this has returned, except an event whose
  // delivery on another thread has already begun.
  void Stop();

  void OnEvents() override;
  void OnBroadcast(const std::string& payload) override;

 private:
  // Returns whether there may be something to read, and resets that.
  bool TakeNews();
  void SetNews();
  // Reads and delivers one batch. Returns false if the tail has ended.
  bool HandOut();

  LogTail(EventLog* log, std::string topic, std::string cursor, Reader reader)
      : log_(log),
        topic_(std::move(topic)),
        cursor_(std::move(cursor)),
        reader_(std::move(reader)) {}

  EventLog* const log_;  // must outlive this object
  const std::string topic_;

  // Used by the thread that pumps; see pumping_.
  std::string cursor_;
  Reader reader_;

  Mutex mu_;
  EventLog::Subscription subscription_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool pumping_ ABSL_GUARDED_BY(mu_) = false;  // held by one thread at a time
  // The reader became ready meanwhile.
  bool again_ ABSL_GUARDED_BY(mu_) = false;
  // The end of the topic has not been reached since.
  bool news_ ABSL_GUARDED_BY(mu_) = true;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_LOG_TAIL_H_
