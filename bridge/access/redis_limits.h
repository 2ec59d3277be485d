#ifndef SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_

#include <condition_variable>
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
//   limits:of:BRIDGE   hash: subject -> its connections there
//   limits:total       hash: subject -> its connections in all
//
// A bridge tells absolute numbers, so that telling one twice does no harm, and
// renews a lease: when it dies, its numbers go after `lease`. What happens
// while Redis is away is told when it is back; both are logged.
class RedisLimits : public SharedLimits {
 public:
  static constexpr absl::Duration kDefaultLease = absl::Seconds(15);

  explicit RedisLimits(const RedisAddress& address,
                       absl::Duration lease = kDefaultLease);
  ~RedisLimits() override;

  bool Take(absl::string_view subject, int limit) override;
  void Give(absl::string_view subject) override;

 private:
  void Run();
  // Renews the lease; when it had run out, all numbers are to be told again.
  absl::Status Renew() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mu_);
  // Tells the numbers that have changed; some of them when there are many.
  absl::Status Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mu_);
  void Note(const absl::Status& status);

  const std::string server_;  // for the log
  const std::string bridge_;
  const absl::Duration lease_;
  RedisClient client_;

  // Held while numbers are told: they arrive in the order in which they were
  // true. Before mu_.
  Mutex io_mu_;

  Mutex mu_;
  std::condition_variable_any changed_;
  absl::flat_hash_map<std::string, int> counts_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> untold_ ABSL_GUARDED_BY(mu_);
  bool away_ ABSL_GUARDED_BY(mu_) = false;
  bool renew_now_ ABSL_GUARDED_BY(mu_) = true;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_REDIS_LIMITS_H_
