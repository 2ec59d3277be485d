#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_WRITER_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_WRITER_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/event_log/callback_thread.h"
#include "backends/event_log/event_log.h"
#include "bridge/base/mutex.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_connection.h"

namespace sse_bridge {

// Writes to the event log in Redis. One thread collects pending writes into a
// batch, which a script applies atomically. If the reply is lost, the batch is
// sent again with the same number, so it is applied only once. Writes that stay
// blocked for too long fail with kUnavailable.
//
// Thread-safe. Runs completions on `callbacks`.
class RedisWriter {
 public:
  struct Write {
    bool broadcast = false;
    std::string topic;
    std::string payload;
    std::vector<EventLog::Change> changes;
    EventLog::Condition condition;
    EventLog::Done done;
    absl::Time since;  // set by Add
  };

  // `callbacks` must outlive the writer.
  RedisWriter(RedisAddress address, EventLog::Limits limits,
              CallbackThread* callbacks);
  ~RedisWriter() { Close(); }

  // Writes what is pending if the server is reachable, and ends the thread.
  // Later writes are rejected.
  void Close();

  void Add(Write write);

  // Returns whether the last batch could be written.
  bool available() const { return available_; }

 private:
  using Batch = std::vector<Write>;

  void Run();
  // Takes up to a full batch; it is empty if nothing arrived for a while.
  // Returns false at the end.
  bool Take(Batch* batch);
  // Retries until it is written, or until its writes have waited too long.
  void Apply(Batch batch);
  absl::StatusOr<RedisReply> Send(const RedisCommand& command);
  RedisCommand Script(const Batch& batch) const;
  // Completes the batch's writes with `status` or with the script's results.
  void Acknowledge(Batch batch, absl::Status status, RedisReply results);
  // Fails all pending writes that have waited too long.
  void FailImpatient(const absl::Status& status);
  void Trim();
  // Returns true if the writer is closing.
  bool Sleep(absl::Duration duration);

  const RedisAddress address_;
  const EventLog::Limits limits_;
  const std::string name_;  // unique among all writers
  CallbackThread* const callbacks_;
  std::atomic<bool> available_{true};

  Mutex mu_;
  std::condition_variable_any wanted_;
  std::deque<Write> waiting_ ABSL_GUARDED_BY(mu_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // Used by the thread only.
  std::unique_ptr<RedisConnection> connection_;
  int64_t batch_number_ = 0;
  size_t since_trim_ = 0;  // number of writes

  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_WRITER_H_
