#ifndef SSE_BRIDGE_BACKENDS_STREAM_RESUME_H_
#define SSE_BRIDGE_BACKENDS_STREAM_RESUME_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/event_log/event_log.h"

namespace sse_bridge {

// The first event after `cursor`, if there is one, for a stream that resumes
// there. A cursor that is unknown or expired is OutOfRange, or with
// `from_oldest` becomes empty: everything that is kept.
absl::StatusOr<std::vector<LoggedEvent>> ReadFrom(EventLog* log,
                                                  const std::string& topic,
                                                  bool from_oldest,
                                                  std::string* cursor);

// What a stream ends with when the log could not be read. OutOfRange carries a
// google.rpc.ErrorInfo: reason CURSOR_EXPIRED, and in its metadata `oldest`,
// the cursor of the oldest event of this topic (empty: none is kept).
grpc::Status ReadError(const absl::Status& status, EventLog* log,
                       const std::string& topic);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_RESUME_H_
