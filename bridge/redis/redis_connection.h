#ifndef SSE_BRIDGE_BRIDGE_REDIS_REDIS_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_REDIS_REDIS_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/redis/redis_address.h"

struct redisContext;
struct redisReply;

namespace sse_bridge {

// A command and its arguments; binary.
using RedisCommand = std::vector<std::string>;

// What the server answered. Views point into it.
class RedisReply {
 public:
  RedisReply() = default;
  explicit RedisReply(redisReply* reply);  // takes it

  bool is_nil() const;
  bool is_array() const;
  // Empty when it is no error.
  absl::string_view error() const;
  // Of a string or status; empty otherwise.
  absl::string_view text() const;
  // Of an integer, or a string that is one; 0 otherwise.
  int64_t integer() const;
  // Of an array; 0 otherwise.
  size_t size() const;
  // Element of an array, by a view into this.
  RedisReply operator[](size_t i) const;

 private:
  RedisReply(std::shared_ptr<redisReply> root, const redisReply* reply)
      : root_(std::move(root)), reply_(reply) {}

  std::shared_ptr<redisReply> root_;
  const redisReply* reply_ = nullptr;
};

// The status of an error reply: ResourceExhausted when the server can store no
// more (OOM, MISCONF), else Unavailable. A login that fails is no fault of the
// caller's caller.
absl::Status RedisError(absl::string_view error);

// One connection. Errors of the connection itself are Unavailable; it is of no
// use afterwards. For one thread at a time.
class RedisConnection {
 public:
  // Connects, logs in and selects the database. `timeout` is for connecting
  // (not for finding the host's address) and for each answer as a whole.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(
      const RedisAddress& address, absl::Duration timeout);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // The answers to all commands, sent together. An error reply is an answer.
  absl::StatusOr<std::vector<RedisReply>> Pipeline(
      const std::vector<RedisCommand>& commands);
  // The answer to one. An error reply is RedisError.
  absl::StatusOr<RedisReply> Call(const RedisCommand& command);

  // Without waiting for an answer.
  absl::Status Send(const RedisCommand& command);
  // Reads what has come, when fd() is readable. Then Next until it is empty.
  absl::Status Fill();
  absl::StatusOr<std::optional<RedisReply>> Next();

  int fd() const;
  bool broken() const { return broken_; }

 private:
  RedisConnection(redisContext* context, absl::Duration timeout)
      : context_(context), timeout_(absl::ToChronoMicroseconds(timeout)) {}
  absl::Status Broken();
  absl::Status Flush();
  bool WaitReadable(std::chrono::steady_clock::time_point deadline) const;

  redisContext* const context_;
  const std::chrono::microseconds timeout_;
  bool broken_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_REDIS_REDIS_CONNECTION_H_
