#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_CONNECTION_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "bridge/access/connection_limits.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/formats/output_format.h"
#include "bridge/feed/subscription.h"
#include "bridge/gateway/open_bundle.h"
#include "bridge/gateway/open_streams.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/http/http_exchange.h"
#include "bridge/ops/access_log.h"

namespace sse_bridge {

// Returns the response to HEAD: the headers that the stream would have.
HttpResponse StreamHeadResponse(const OutputFormat& format);

// Returns the response of a stream that has ended and has no events.
HttpResponse NoEventsResponse(const OutputFormat& format);

// Parameters of a stream's connection, derived from the request.
struct StreamTraits {
  std::unique_ptr<OutputFormat> format;  // required
  absl::Duration keep_alive = absl::Seconds(15);
  absl::Duration retry = absl::Seconds(2);
  absl::Duration max_age = absl::ZeroDuration();
  absl::Time expires = absl::InfiniteFuture();   // expiry of the token
  absl::Time deadline = absl::InfiniteFuture();  // set by the client

  // The authenticated subject; empty for anonymous.
  std::string subject;
  std::string token_id;

  // Some events are only for some subjects.
  bool has_audiences = false;

  // The stream may be sent as gzip, and the client wants it.
  bool compressible = false;
  bool gzip = false;

  // Records the outcome of the request; may be null.
  std::unique_ptr<AccessLogEntry> log_entry;

  // See OutputFormat::Opening.
  std::string opening_comment;

  // Set if the streams of the connection can be changed, which is told by the
  // header Sse-Connection.
  std::shared_ptr<OpenBundle> bundle;
  std::string bundle_id;

  // Set if the streams are added to an open connection, instead of having one
  // of their own.
  std::unique_ptr<OpenBundle::Reservation> added;
};

// Frames that report why a stream ends. Encoded once.
struct FinalEventFrames {
  FramePtr expired;  // the token has expired
  FramePtr slow;     // the client reads too slowly
};

// Answers the request of a Subscription, either by passing its socket to
// delivery or with an HTTP error. Holds the connection's lease in the limits
// until the connection ends.
class StreamConnection : public StreamResponder {
 public:
  // `delivery` and `open_streams` must outlive this object and its connection.
  StreamConnection(std::shared_ptr<HttpExchange> exchange, Delivery* delivery,
                   OpenStreams* open_streams,
                   std::shared_ptr<const ServedSchema> served,
                   FinalEventFrames final_events, ConnectionLimits::Lease lease,
                   StreamTraits traits);

  void OnMetadata(Metadata metadata) override {
    metadata_ = std::move(metadata);
  }
  void OnContentType(std::string type) override;
  ConnectionRef Accept(uint32_t attaches) override;
  void NoContent() override;
  void Refuse(const absl::Status& status) override;

 private:
  const std::shared_ptr<HttpExchange> exchange_;
  Delivery* const delivery_;         // must outlive this object
  OpenStreams* const open_streams_;  // must outlive this object
  const std::shared_ptr<const ServedSchema> served_;
  FinalEventFrames final_events_;
  ConnectionLimits::Lease lease_;
  StreamTraits traits_;
  Metadata metadata_;  // of the response; set before responding
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_CONNECTION_H_
