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

// Writes to the event log in Redis. One thread: what has come in meanwhile is
// one batch, which a script applies whole. A batch whose answer was lost is
// sent again under its number, and so is there once. Writes that cannot be
// made for a while fail with Unavailable.
//
// Thread-safe. Acknowledges on `callbacks`.
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

  // Writes what waits, if the server is there, and ends the thread. What is
  // added later is refused.
  void Close();

  void Add(Write write);

  // Whether the last batch could be written.
  bool available() const { return available_; }

 private:
  using Batch = std::vector<Write>;

  void Run();
  // Up to a batch; empty when nothing came for a while. False at the end.
  bool Take(Batch* batch);
  // Tries until it is written, or as long as writes wait.
  void Apply(Batch batch);
  absl::StatusOr<RedisReply> Send(const RedisCommand& command);
  RedisCommand Script(const Batch& batch) const;
  // Makes the batch's callbacks, with `status` or with what the script said.
  void Acknowledge(Batch batch, absl::Status status, RedisReply results);
  // The same for all that wait and are tired of it.
  void FailImpatient(const absl::Status& status);
  void Trim();
  // True: the writer ends.
  bool Sleep(absl::Duration duration);

  const RedisAddress address_;
  const EventLog::Limits limits_;
  const std::string name_;  // of this writer, among all
  CallbackThread* const callbacks_;
  std::atomic<bool> available_{true};

  Mutex mu_;
  std::condition_variable_any wanted_;
  std::deque<Write> waiting_ ABSL_GUARDED_BY(mu_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // Of the thread.
  std::unique_ptr<RedisConnection> connection_;
  int64_t batch_number_ = 0;
  size_t since_trim_ = 0;  // writes

  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_WRITER_H_
