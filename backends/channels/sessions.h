#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_SESSIONS_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_SESSIONS_H_

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sse_bridge {

struct Member {
  std::string channel;
  std::string user;

  bool operator<(const Member& other) const {
    return std::tie(channel, user) < std::tie(other.channel, other.user);
  }
  bool operator==(const Member& other) const {
    return channel == other.channel && user == other.user;
  }
};

// The users in each channel. A user is in a channel while one of their sessions
// there has a lease. A bridge that dies renews no lease, so its users leave.
//
// Thread-safe. All calls may block up to a network timeout, and return
// kUnavailable if the store cannot be reached.
class Sessions {
 public:
  static constexpr size_t kMaxPerMember = 100;

  virtual ~Sessions() = default;

  // Begins a session, or renews its lease. Returns true if the user was not in
  // the channel before, and kResourceExhausted if the user has too many
  // sessions there.
  virtual absl::StatusOr<bool> Enter(const Member& member,
                                     const std::string& session,
                                     absl::Duration lease) = 0;

  // Lets the lease expire after `grace`, unless it does so earlier.
  virtual absl::Status Leave(const Member& member, const std::string& session,
                             absl::Duration grace) = 0;

  // Ends sessions whose leases have expired, and returns the users that have
  // left with them. Each is returned once, to one process.
  virtual absl::StatusOr<std::vector<Member>> Expire() = 0;

  // Sorted.
  virtual absl::StatusOr<std::vector<std::string>> Users(
      const std::string& channel) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_SESSIONS_H_
