#ifndef SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/access/shared_limits.h"
#include "bridge/base/mutex.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_client.h"

namespace sse_bridge {

// SharedLimits stored in a Redis server:
//   limits:leases      sorted set: bridge -> when its lease expires (ms)
//   limits:of:BRIDGE   hash: subject -> its streams at that bridge
//   limits:total       hash: subject -> its streams in total
//
// A bridge reports absolute numbers, so repeating a report is harmless, and
// renews a lease: if the bridge dies, its numbers are removed after `lease`.
// Changes made while Redis is away are reported when it is back; both events
// are logged.
//
// One thread talks to Redis and may block for long (connecting, name lookup).
// Callers never block: if Redis has not answered within kPatience, a second
// thread counts the streams locally, as if Redis were away. From then on Redis
// is not asked until it has answered again.
class RedisLimits : public SharedLimits {
 public:
  static constexpr absl::Duration kDefaultLease = absl::Seconds(15);

  // How long a Take may wait for Redis.
  static constexpr absl::Duration kPatience = absl::Milliseconds(75);

  // Maximum number of waiting Takes. More are counted locally at once.
  static constexpr size_t kMaxWaiting = 10'000;

  // Maximum number of subjects without streams whose numbers have not been
  // reported yet.
  static constexpr size_t kMaxUntold = 100'000;

  explicit RedisLimits(const RedisAddress& address,
                       absl::Duration lease = kDefaultLease);
  ~RedisLimits() override;

  void Take(absl::string_view subject, int streams, int limit,
            Done done) override;
  void Give(absl::string_view subject, int streams) override;

  // Number of subjects whose numbers have not been reported yet.
  size_t untold() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // A Take that waits for Redis. Constant except for `decided` and `done`.
  struct Question {
    std::string subject;
    int streams = 0;
    int limit = 0;
    SteadyTime deadline;
    bool decided = false;
    Done done;
  };
  using QuestionPtr = std::shared_ptr<Question>;

  // Main function of the thread that talks to Redis.
  void Run();
  bool WaitForWork(SteadyTime renew_at);
  absl::Status Ask();
  // Renews the lease. If it had expired, all numbers are reported again.
  absl::Status Renew();
  // Reports the numbers that have changed; only some if there are many.
  absl::Status Tell();
  void Note(const absl::Status& status);

  // Main function of the thread that enforces kPatience.
  void WatchDeadlines();

  // Counts the streams of a question locally, without Redis.
  void DecideHere(Question* question) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CountHere(const std::string& subject, int streams)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MarkUntold(const std::string& subject)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  int CountOf(const std::string& subject) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool may_ask() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !away_ && !late_ && waiting_.size() < kMaxWaiting;
  }

  const std::string server_;  // for the log
  const absl::Duration lease_;
  std::string bridge_;  // used by the Redis thread only
  RedisClient client_;  // used by the Redis thread only

  mutable Mutex mu_;
  std::condition_variable_any work_;     // wakes the Redis thread
  std::condition_variable_any waiters_;  // wakes the deadline thread
  absl::flat_hash_map<std::string, int> counts_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> untold_ ABSL_GUARDED_BY(mu_);
  // `unsent_` has not been sent yet; `waiting_` also has those that are
  // undecided or not yet cleaned up. Both in order of arrival.
  std::vector<QuestionPtr> unsent_ ABSL_GUARDED_BY(mu_);
  std::deque<QuestionPtr> waiting_ ABSL_GUARDED_BY(mu_);
  bool away_ ABSL_GUARDED_BY(mu_) = false;  // the last attempt failed
  bool late_ ABSL_GUARDED_BY(mu_) = false;  // the attempt takes too long
  bool renew_now_ ABSL_GUARDED_BY(mu_) = true;
  // Too many unreported numbers: start again under another name, and let this
  // lease expire.
  bool rename_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  std::thread speaker_;
  std::thread watcher_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_
