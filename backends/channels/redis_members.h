#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_REDIS_MEMBERS_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_REDIS_MEMBERS_H_

#include <string>
#include <vector>

#include "backends/channels/shared_members.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_client.h"

namespace sse_bridge {

// SharedMembers stored in a Redis server:
//   members:leases        sorted set: process -> when its lease expires (ms)
//   members:of:PROCESS    set of its members, "LENGTH:CHANNELUSER"
//   members:in:CHANNEL    hash: user -> number of processes with that user
// Uses the server's time, so the processes' clocks do not matter.
class RedisMembers : public SharedMembers {
 public:
  // The lease lasts for `lease` after each renewal.
  RedisMembers(const RedisAddress& address, absl::Duration lease);

  absl::StatusOr<bool> Add(const Member& member) override;
  absl::StatusOr<bool> Remove(const Member& member) override;
  absl::StatusOr<Renewal> Renew() override;
  absl::Duration interval() const override { return lease_ / 3; }
  void Retire(absl::Duration grace) override;
  absl::StatusOr<std::vector<std::string>> Users(
      const std::string& channel) override;

 private:
  RedisClient client_;
  const std::string process_;
  const absl::Duration lease_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_REDIS_MEMBERS_H_
