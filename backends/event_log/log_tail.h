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

// Follows one topic of the log from a cursor on, for one reader: hands out
// events in their order, each once, and only as fast as the reader takes them.
// Nothing is kept but the cursor.
//
// Thread-safe.
class LogTail : public EventLog::Subscriber,
                public std::enable_shared_from_this<LogTail> {
 public:
  struct Reader {
    // Whether another event may be handed out now. Without one, Continue() must
    // be called when it may.
    std::function<bool()> ready;
    // Sees the next events together before they are handed out; may be empty.
    // Not OK: the tail ends with `failed`.
    std::function<absl::Status(const std::vector<LoggedEvent>&)> prepare;
    // An event of the log. False: the reader has ended.
    std::function<bool(const LoggedEvent&)> take;
    // An ephemeral payload; may be empty.
    std::function<void(const std::string&)> broadcast;
    // Reading failed; the tail has ended.
    std::function<void(const absl::Status&)> failed;
  };

  // `log` must outlive the tail. Hands out events after `cursor`.
  static std::shared_ptr<LogTail> Start(EventLog* log, std::string topic,
                                        std::string cursor, Reader reader);

  // The reader may be ready again.
  void Continue();

  // Nothing is handed out any more once this has returned, but for what is
  // being handed out on another thread just now.
  void Stop();

  void OnEvents() override;
  void OnBroadcast(const std::string& payload) override;

 private:
  // Whether there may be something to read; takes the news.
  bool TakeNews();
  void SetNews();
  // Reads and hands out one batch. False: the tail has ended.
  bool HandOut();

  LogTail(EventLog* log, std::string topic, std::string cursor, Reader reader)
      : log_(log),
        topic_(std::move(topic)),
        cursor_(std::move(cursor)),
        reader_(std::move(reader)) {}

  EventLog* const log_;  // must outlive this
  const std::string topic_;

  // Of whoever pumps: see pumping_.
  std::string cursor_;
  Reader reader_;

  Mutex mu_;
  EventLog::Subscription subscription_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool pumping_ ABSL_GUARDED_BY(mu_) = false;  // one thread at a time
  bool again_ ABSL_GUARDED_BY(mu_) = false;    // the reader was ready meanwhile
  bool news_ ABSL_GUARDED_BY(mu_) = true;      // the end was not reached since
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_LOG_TAIL_H_
