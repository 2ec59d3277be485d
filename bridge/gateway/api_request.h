#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_API_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_API_REQUEST_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/gateway/api.h"
#include "bridge/gateway/resume_points.h"

namespace sse_bridge {

// A request on its way through the Api's steps; each fills in more.
struct Api::Request {
  std::shared_ptr<HttpExchange> exchange;
  std::shared_ptr<const ServedSchema> served;
  RouteMatch match;
  const ServedRoute* route = nullptr;  // null for `/events`
  std::optional<Identity> identity;
  absl::Status bad_credentials;  // of `/events`: there are some, not good
  bool keys_were_refreshed = false;
  std::unique_ptr<google::protobuf::Message> message;

  Metadata forwarded;  // what its calls are told of it

  // W3C Trace Context: what the calls of this request are given.
  std::string traceparent;
  std::unique_ptr<AccessLogEntry> log_entry;  // of a request for a stream

  // Of a unary call: its place in the limits until the backend has answered.
  ConnectionLimits::Lease lease;
};

// One stream of a connection, ready to be subscribed to.
struct Api::BundlePart {
  std::string name;
  const ServedRoute* route = nullptr;
  std::unique_ptr<google::protobuf::Message> message;
  std::optional<std::string> own_id;  // in the part's own query
  ResumePlaces resume;
};

// Where a browser that comes back left off, as it says: the header, or else a
// parameter for those who cannot set headers (WHATWG HTML, 9.2.4). Whether the
// bridge could have sent such an id is not looked at.
std::optional<std::string> LastEventId(const HttpExchange& exchange,
                                       ResumeParams params);

// The same by the parameters of a query alone.
std::optional<std::string> LastEventIdParam(absl::string_view raw_query,
                                            ResumeParams params);

// How long the client wants to wait for a unary call, or to have a stream: the
// header Grpc-Timeout. Nothing when it does not say; InvalidArgument for what
// cannot be read.
absl::StatusOr<std::optional<absl::Duration>> AskedTimeout(
    const HttpExchange& exchange);

// The `grpc-status` event for `status`.
FramePtr FinalEventFrame(const ServedSchema& served,
                         const absl::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_API_REQUEST_H_
