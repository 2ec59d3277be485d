#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_SHARED_MEMBERS_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_SHARED_MEMBERS_H_

#include <string>
#include <tuple>
#include <vector>

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

// Channel membership shared by several processes. Each process renews a lease;
// if that expires, as after kill -9, its members leave.
//
// Thread-safe. All calls may block up to the network timeout, and return
// kUnavailable if the shared store cannot be reached.
class SharedMembers {
 public:
  virtual ~SharedMembers() = default;

  // Adds a member of this process. Returns true if the user was in no process
  // before. Returns kNotFound if the lease has expired, and with it all members
  // of this process; then call Renew and add them again.
  virtual absl::StatusOr<bool> Add(const Member& member) = 0;

  // Returns true if the user is in no process any more.
  virtual absl::StatusOr<bool> Remove(const Member& member) = 0;

  struct Renewal {
    bool lost = false;         // the lease had expired, or there was none
    std::vector<Member> gone;  // left because their process's lease expired
  };
  // Call once at the start, and then every `interval()`.
  virtual absl::StatusOr<Renewal> Renew() = 0;
  virtual absl::Duration interval() const = 0;

  // Lets the lease expire after `grace`.
  virtual void Retire(absl::Duration grace) = 0;

  virtual absl::StatusOr<std::vector<std::string>> Users(
      const std::string& channel) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_SHARED_MEMBERS_H_
