#ifndef SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Counts the streams of each subject across several bridges.
class SharedLimits {
 public:
  // True if the streams were counted; false if they would exceed the limit, in
  // which case none is counted.
  using Done = absl::AnyInvocable<void(bool) &&>;

  virtual ~SharedLimits() = default;

  // Counts `streams` more for the subject at this bridge, unless the total of
  // all bridges would exceed `limit` (0: no limit), and calls `done` once.
  // Never blocks: `done` is called on this thread, or soon on another. If the
  // other bridges cannot be asked in time, the streams are counted, and each
  // bridge's own limit applies. Callbacks that are pending on destruction are
  // dropped.
  virtual void Take(absl::string_view subject, int streams, int limit,
                    Done done) = 0;

  // Reports that this many counted streams have ended. Never blocks.
  virtual void Give(absl::string_view subject, int streams) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_SHARED_LIMITS_H_
