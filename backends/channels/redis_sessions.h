#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_REDIS_SESSIONS_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_REDIS_SESSIONS_H_

#include <string>
#include <vector>

#include "backends/channels/sessions.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_client.h"

namespace sse_bridge {

// Sessions stored in a Redis server, shared by any number of processes, which
// they survive:
//   sessions:leases      sorted set: "LENGTH:CHANNELLENGTH:USERSESSION" -> when
//                        the lease expires (ms)
//   sessions:in:CHANNEL  hash: user -> number of sessions
// Uses the server's time, so the processes' clocks do not matter.
class RedisSessions : public Sessions {
 public:
  explicit RedisSessions(const RedisAddress& address);

  absl::StatusOr<bool> Enter(const Member& member, const std::string& session,
                             absl::Duration lease) override;
  absl::Status Leave(const Member& member, const std::string& session,
                     absl::Duration grace) override;
  absl::StatusOr<std::vector<Member>> Expire() override;
  absl::StatusOr<std::vector<std::string>> Users(
      const std::string& channel) override;

 private:
  RedisClient client_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_REDIS_SESSIONS_H_
