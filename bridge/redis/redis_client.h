#ifndef SSE_BRIDGE_BRIDGE_REDIS_REDIS_CLIENT_H_
#define SSE_BRIDGE_BRIDGE_REDIS_REDIS_CLIENT_H_

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_connection.h"

namespace sse_bridge {

// Delay before reconnect attempt number `attempt` (from 0): doubles, with full
// jitter.
absl::Duration RedisBackoff(int attempt);

// Makes short calls to one server from many threads, over a few connections
// opened on demand. Thread-safe.
//
// While the server is away, calls fail immediately (kUnavailable), and one of
// them tries to reconnect from time to time. A call whose connection breaks is
// repeated once on a new one, so use it only for commands that may be repeated.
class RedisClient {
 public:
  struct Options {
    size_t max_connections = 8;
    // For connecting and for each reply; the maximum time that a caller blocks.
    absl::Duration timeout = absl::Seconds(2);
  };

  RedisClient(RedisAddress address, Options options)
      : address_(std::move(address)), options_(options) {}

  absl::StatusOr<std::vector<RedisReply>> Pipeline(
      const std::vector<RedisCommand>& commands);
  absl::StatusOr<RedisReply> Call(const RedisCommand& command);

  // The server is known to be back: the next call tries to connect.
  void RetryNow();

  // Returns whether the last call reached the server.
  bool reachable() const;

 private:
  absl::StatusOr<std::unique_ptr<RedisConnection>> Take(bool fresh);
  void Give(std::unique_ptr<RedisConnection> connection);

  const RedisAddress address_;
  const Options options_;

  mutable Mutex mu_;
  std::condition_variable_any given_;
  std::vector<std::unique_ptr<RedisConnection>> idle_ ABSL_GUARDED_BY(mu_);
  size_t taken_ ABSL_GUARDED_BY(mu_) = 0;
  int failures_ ABSL_GUARDED_BY(mu_) = 0;  // consecutive
  absl::Time next_attempt_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Status last_error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_REDIS_REDIS_CLIENT_H_
