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

// Who is in which channel in several processes together. A process holds a
// lease that it renews; when that runs out, as after kill -9, its members go.
//
// Thread-safe. All calls may take as long as the network's timeout, and are
// Unavailable when the others cannot be reached.
class SharedMembers {
 public:
  virtual ~SharedMembers() = default;

  // A member of this process. True: he was in none before. NotFound: the lease
  // has run out, and all of this process' members with it; Renew and add again.
  virtual absl::StatusOr<bool> Add(const Member& member) = 0;

  // True: he is in none any more.
  virtual absl::StatusOr<bool> Remove(const Member& member) = 0;

  struct Renewal {
    bool lost = false;         // it had run out, or there was none
    std::vector<Member> gone;  // left with other processes' leases
  };
  // To be called every `interval()`, and first of all.
  virtual absl::StatusOr<Renewal> Renew() = 0;
  virtual absl::Duration interval() const = 0;

  // The lease runs out after `grace`.
  virtual void Retire(absl::Duration grace) = 0;

  virtual absl::StatusOr<std::vector<std::string>> Users(
      const std::string& channel) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_SHARED_MEMBERS_H_
