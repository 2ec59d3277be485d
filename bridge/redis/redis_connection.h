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

// A command and its arguments; binary-safe.
using RedisCommand = std::vector<std::string>;

// A reply of the server. Views point into it.
class RedisReply {
 public:
  RedisReply() = default;
  explicit RedisReply(redisReply* reply);  // takes ownership

  bool is_nil() const;
  bool is_array() const;
  // The error message; empty if this is not an error.
  absl::string_view error() const;
  // The value of a string or status; otherwise empty.
  absl::string_view text() const;
  // The value of an integer, or of a string that is one; otherwise 0.
  int64_t integer() const;
  // The size of an array; otherwise 0.
  size_t size() const;
  // Returns a view of an array element. This object must outlive it.
  RedisReply operator[](size_t i) const;

 private:
  RedisReply(std::shared_ptr<redisReply> root, const redisReply* reply)
      : root_(std::move(root)), reply_(reply) {}

  std::shared_ptr<redisReply> root_;
  const redisReply* reply_ = nullptr;
};

// Converts an error reply to a status: kResourceExhausted if the server is out
// of space (OOM, MISCONF), otherwise kUnavailable. This includes failed logins,
// which are not the client's fault.
absl::Status RedisError(absl::string_view error);

// One connection. Not thread-safe. Errors of the connection itself are
// kUnavailable; it cannot be used afterwards.
class RedisConnection {
 public:
  // Connects, logs in and selects the database. `timeout` applies to connecting
  // (without the name lookup) and to each complete reply.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(
      const RedisAddress& address, absl::Duration timeout);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends all commands together and returns their replies. An error reply
  // counts as a reply.
  absl::StatusOr<std::vector<RedisReply>> Pipeline(
      const std::vector<RedisCommand>& commands);
  // Sends one command and returns its reply. An error reply is returned as
  // RedisError.
  absl::StatusOr<RedisReply> Call(const RedisCommand& command);

  // Does not wait for a reply.
  absl::Status Send(const RedisCommand& command);
  // Reads available data; call when fd() is readable. Then call Next until it
  // returns nothing.
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
