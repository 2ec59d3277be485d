#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_API_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_API_REQUEST_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/gateway/admitter.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/resume_points.h"

namespace sse_bridge {

// The path of the connections that carry several streams.
inline constexpr absl::string_view kBundlePath = "/events";

// The state of a request. Each step of the Api fills in more.
struct Api::Request {
  std::shared_ptr<HttpExchange> exchange;
  std::shared_ptr<const ServedSchema> served;
  RouteMatch match;
  const ServedRoute* route = nullptr;  // null for `/events`
  std::optional<Identity> identity;
  absl::Status bad_credentials;  // for `/events`: why they are invalid
  bool keys_were_refreshed = false;
  std::unique_ptr<google::protobuf::Message> message;

  Metadata forwarded;  // sent with its calls

  // W3C Trace Context, sent with its calls.
  std::string traceparent;
  std::unique_ptr<AccessLogEntry> log_entry;  // set for streams

  // For a unary call: held until the backend has answered.
  ConnectionLimits::Lease lease;
};

// One stream of a connection, ready to be subscribed to.
struct Api::BundlePart {
  std::string name;
  const ServedRoute* route = nullptr;
  std::unique_ptr<google::protobuf::Message> message;
  std::optional<std::string> own_id;  // from the part's own query
  ResumePoints resume;

  // Of a stream with an admission: the request with its subject, which
  // `message` then does not have, and the result of `enter`.
  std::shared_ptr<google::protobuf::Message> personal;
  std::optional<absl::StatusOr<Admitted>> admitted;
};

// The id of the last event that a reconnecting browser has received: the header
// Last-Event-ID (WHATWG HTML, 9.2.4), or else a query parameter for clients
// that cannot set headers. The id is not validated.
std::optional<std::string> LastEventId(const HttpExchange& exchange,
                                       ResumeParams params);

// Same as LastEventId, but considers only the query parameters.
std::optional<std::string> LastEventIdParam(absl::string_view raw_query,
                                            ResumeParams params);

// The client's timeout for a unary call or a stream, from the header
// Grpc-Timeout. Returns nullopt if absent, kInvalidArgument if malformed.
absl::StatusOr<std::optional<absl::Duration>> AskedTimeout(
    const HttpExchange& exchange);

// The `grpc-status` event for `status`.
FramePtr FinalEventFrame(const ServedSchema& served,
                         const absl::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_API_REQUEST_H_
