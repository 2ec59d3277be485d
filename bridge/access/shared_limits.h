#ifndef SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// How many streams each subject has at several bridges together.
//
// Thread-safe.
class SharedLimits {
 public:
  // True: the streams are counted. False: they would be more than the limit,
  // and none of them is.
  using Done = absl::AnyInvocable<void(bool) &&>;

  virtual ~SharedLimits() = default;

  // Counts `streams` more of the subject here, unless all bridges together
  // would then have more than `limit` (0: no limit), and calls `done` once. It
  // never waits: `done` is called on this thread, or soon on another one. When
  // the others cannot be asked in time the streams are counted: then each
  // bridge's own limit holds. A `done` that this still has when it is destroyed
  // is dropped.
  virtual void Take(absl::string_view subject, int streams, int limit,
                    Done done) = 0;

  // So many that were counted have ended. Never waits.
  virtual void Give(absl::string_view subject, int streams) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_
