#ifndef SSE_BRIDGE_BACKENDS_STREAM_RESUME_H_
#define SSE_BRIDGE_BACKENDS_STREAM_RESUME_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/event_log/event_log.h"

namespace sse_bridge {

// Returns the first event after `cursor`, if any, for a stream that resumes
// there. For an unknown or expired cursor, returns kOutOfRange or, with
// `from_oldest`, clears the cursor so that the stream starts with the oldest
// event.
absl::StatusOr<std::vector<LoggedEvent>> ReadFrom(EventLog* log,
                                                  const std::string& topic,
                                                  bool from_oldest,
                                                  std::string* cursor);

// The status for a stream whose log could not be read. OUT_OF_RANGE carries a
// google.rpc.ErrorInfo with reason CURSOR_EXPIRED and metadata `oldest`: the
// cursor of the topic's oldest event (empty if there is none).
grpc::Status ReadError(const absl::Status& status, EventLog* log,
                       const std::string& topic);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_RESUME_H_
