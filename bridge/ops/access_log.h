#ifndef SSE_BRIDGE_BRIDGE_OPS_ACCESS_LOG_H_
#define SSE_BRIDGE_BRIDGE_OPS_ACCESS_LOG_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sse_bridge {

// A request for a stream. Contains no token, ticket, query or body, so that all
// of it may be logged.
struct StreamRequest {
  std::string method;       // "package.Service.Method", or "/events"
  std::string route;        // "GET /tasks/{task_id}/progress"
  std::string subject;      // the verified subject; may be empty
  std::string address;      // the client's address
  std::string request_id;   // sent by the client, or generated
  std::string traceparent;  // W3C Trace Context, as sent to the backend
};

// Logs one request for a stream. Either OnRefused, OnNoContent or OnStarted is
// called, and OnEnded after OnStarted. None is called if the client disconnects
// before it has its response. Calls may come from any thread, but not
// concurrently. Implementations must not block.
class AccessLogEntry {
 public:
  virtual ~AccessLogEntry() = default;
  virtual void OnStarted() = 0;
  virtual void OnNoContent() = 0;
  virtual void OnRefused(const absl::Status& status) = 0;
  // `reason` is a CloseReasonName. `bytes` includes all framing.
  virtual void OnEnded(absl::string_view reason, uint64_t events,
                       uint64_t bytes, absl::Duration duration) = 0;
};

// The log of all requests for streams. Thread-safe.
class AccessLog {
 public:
  virtual ~AccessLog() = default;
  // Called when a request has been routed and authorized.
  virtual std::unique_ptr<AccessLogEntry> OnExecuting(
      StreamRequest request) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_ACCESS_LOG_H_
