#ifndef SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// How many connections each subject has at several bridges together.
//
// Thread-safe.
class SharedLimits {
 public:
  virtual ~SharedLimits() = default;

  // Counts one more connection of the subject here. False, and nothing is
  // counted: there are `limit` of them (0: no limit). True also when the others
  // cannot be asked: then each bridge's own limit holds. May take as long as a
  // call over the network, and no longer than a short timeout.
  virtual bool Take(absl::string_view subject, int limit) = 0;

  // One that was counted has ended. Does not wait for the network.
  virtual void Give(absl::string_view subject) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_
