#include "bridge/redis/redis_client.h"

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
constexpr absl::Duration kLongestBackoff = absl::Seconds(2);

}  // namespace

absl::Duration RedisBackoff(int attempt) {
  thread_local absl::BitGen random;
  const absl::Duration most =
      std::min(kLongestBackoff, kFirstBackoff * (1 << std::min(attempt, 10)));
  return most * absl::Uniform(random, 0.1, 1.0);
}

absl::StatusOr<std::vector<RedisReply>> RedisClient::Pipeline(
    const std::vector<RedisCommand>& commands) {
  absl::StatusOr<std::vector<RedisReply>> replies;
  for (const bool fresh : {false, true}) {
    auto connection = Take(fresh);
    if (!connection.ok()) return connection.status();
    replies = (*connection)->Pipeline(commands);
    Give(*std::move(connection));
    if (replies.ok()) break;
  }
  return replies;
}

absl::StatusOr<RedisReply> RedisClient::Call(const RedisCommand& command) {
  auto replies = Pipeline({command});
  if (!replies.ok()) return replies.status();
  if (!replies->front().error().empty()) {
    return RedisError(replies->front().error());
  }
  return std::move(replies->front());
}

void RedisClient::RetryNow() {
  MutexLock lock(&mu_);
  next_attempt_ = absl::InfinitePast();
}

bool RedisClient::reachable() const {
  MutexLock lock(&mu_);
  return failures_ == 0;
}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisClient::Take(bool fresh) {
  const absl::Time deadline = absl::Now() + options_.timeout;
  std::vector<std::unique_ptr<RedisConnection>> stale;
  {
    MutexLock lock(&mu_);
    // The idle ones are as old as the one that broke.
    if (fresh) stale.swap(idle_);
    while (idle_.empty() && taken_ >= options_.max_connections) {
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) {
        return absl::UnavailableError("Redis: all connections are in use");
      }
      given_.wait_for(mu_, absl::ToChronoMicroseconds(left));
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      ++taken_;
      return connection;
    }
    if (absl::Now() < next_attempt_) return last_error_;
    // While the server is away, other calls need not try at the same time.
    if (failures_ > 0) next_attempt_ = absl::Now() + options_.timeout;
    ++taken_;
  }
  auto connection = RedisConnection::Open(address_, options_.timeout);
  MutexLock lock(&mu_);
  if (connection.ok()) {
    failures_ = 0;
    next_attempt_ = absl::InfinitePast();
  } else {
    --taken_;
    last_error_ = connection.status();
    next_attempt_ = absl::Now() + RedisBackoff(failures_++);
    given_.notify_one();
  }
  return connection;
}

void RedisClient::Give(std::unique_ptr<RedisConnection> connection) {
  const bool broken = connection->broken();
  MutexLock lock(&mu_);
  --taken_;
  if (!broken) idle_.push_back(std::move(connection));
  given_.notify_one();
}

}  // namespace sse_bridge
