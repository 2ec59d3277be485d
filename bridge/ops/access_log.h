#ifndef SSE_BRIDGE_BRIDGE_OPS_ACCESS_LOG_H_
#define SSE_BRIDGE_BRIDGE_OPS_ACCESS_LOG_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sse_bridge {

// Who asked for a stream, and for which. No token, no ticket, no query and no
// body is in it, so all of it may be logged.
struct StreamRequest {
  std::string method;       // "package.Service.Method", or "/events"
  std::string route;        // "GET /tasks/{task_id}/progress"
  std::string subject;      // of the verified identity; may be empty
  std::string address;      // of the client
  std::string request_id;   // of the client, or made here
  std::string traceparent;  // W3C Trace Context; what the backend was given
};

// Follows one request for a stream. One of OnRefused, OnNoContent and OnStarted
// comes, and OnEnded after OnStarted; none if the client leaves before it has
// its answer. From any thread, one after the other; must not block.
class AccessLogEntry {
 public:
  virtual ~AccessLogEntry() = default;
  virtual void OnStarted() = 0;
  virtual void OnNoContent() = 0;
  virtual void OnRefused(const absl::Status& status) = 0;
  // `reason` is CloseReasonName; bytes with all framing.
  virtual void OnEnded(absl::string_view reason, uint64_t events,
                       uint64_t bytes, absl::Duration duration) = 0;
};

// Is told of every request for a stream. Thread-safe.
class AccessLog {
 public:
  virtual ~AccessLog() = default;
  // The request was routed and its caller let in.
  virtual std::unique_ptr<AccessLogEntry> OnExecuting(
      StreamRequest request) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_ACCESS_LOG_H_
