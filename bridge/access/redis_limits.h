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

// SharedLimits in a Redis server:
//   limits:leases      sorted set: bridge -> when its lease runs out (ms)
//   limits:of:BRIDGE   hash: subject -> its streams there
//   limits:total       hash: subject -> its streams in all
//
// A bridge tells absolute numbers, so that telling one twice does no harm, and
// renews a lease: when it dies, its numbers go after `lease`. What happens
// while Redis is away is told when it is back; both are logged.
//
// One thread speaks to Redis and may be held up by it for long (a connection,
// the name service). Nobody else is: a second thread counts what was asked
// kPatience ago, as if Redis were away. From then on nobody asks until Redis
// has answered again.
class RedisLimits : public SharedLimits {
 public:
  static constexpr absl::Duration kDefaultLease = absl::Seconds(15);

  // How long a Take may wait for Redis.
  static constexpr absl::Duration kPatience = absl::Milliseconds(75);

  // Takes that may wait at a time. More are counted here at once.
  static constexpr size_t kMaxWaiting = 10'000;

  // Subjects whose numbers may wait to be told, beyond those with streams.
  static constexpr size_t kMaxUntold = 100'000;

  explicit RedisLimits(const RedisAddress& address,
                       absl::Duration lease = kDefaultLease);
  ~RedisLimits() override;

  void Take(absl::string_view subject, int streams, int limit,
            Done done) override;
  void Give(absl::string_view subject, int streams) override;

  // Subjects whose numbers wait to be told.
  size_t untold() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // A Take that waits for Redis. All but `decided` and `done` is constant.
  struct Question {
    std::string subject;
    int streams = 0;
    int limit = 0;
    SteadyTime deadline;
    bool decided = false;
    Done done;
  };
  using QuestionPtr = std::shared_ptr<Question>;

  // The thread that speaks to Redis.
  void Run();
  bool WaitForWork(SteadyTime renew_at);
  absl::Status Ask();
  // Renews the lease; when it had run out, all numbers are to be told again.
  absl::Status Renew();
  // Tells the numbers that have changed; some of them when there are many.
  absl::Status Tell();
  void Note(const absl::Status& status);

  // The thread that lets nobody wait too long.
  void WatchDeadlines();

  // Counts the streams of a question that Redis has not decided.
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
  std::string bridge_;  // of the thread that speaks to Redis
  RedisClient client_;  // of the same

  mutable Mutex mu_;
  std::condition_variable_any work_;     // for the thread that speaks
  std::condition_variable_any waiters_;  // for the one that watches
  absl::flat_hash_map<std::string, int> counts_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> untold_ ABSL_GUARDED_BY(mu_);
  // Not sent yet, and all that are not decided or not looked at since. In the
  // order in which they were asked.
  std::vector<QuestionPtr> unsent_ ABSL_GUARDED_BY(mu_);
  std::deque<QuestionPtr> waiting_ ABSL_GUARDED_BY(mu_);
  bool away_ ABSL_GUARDED_BY(mu_) = false;  // the last attempt failed
  bool late_ ABSL_GUARDED_BY(mu_) = false;  // the attempt takes too long
  bool renew_now_ ABSL_GUARDED_BY(mu_) = true;
  // Too much is untold: begin anew under another name, and let the lease of
  // this one run out.
  bool rename_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  std::thread speaker_;
  std::thread watcher_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_
