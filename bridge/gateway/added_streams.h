#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_ADDED_STREAMS_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_ADDED_STREAMS_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "bridge/access/connection_limits.h"
#include "bridge/feed/subscription.h"
#include "bridge/gateway/open_bundle.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// Answers a request that adds streams to an open connection of `/events`:
//   200 {}  they have been added; what they send comes on that connection
//   204     they have all ended with OK and have no events
// or with an HTTP error if none of them could be opened.
class AddedStreams : public StreamResponder {
 public:
  AddedStreams(std::shared_ptr<HttpExchange> exchange,
               std::shared_ptr<const ServedSchema> served,
               std::unique_ptr<OpenBundle::Reservation> streams,
               ConnectionLimits::Lease lease)
      : exchange_(std::move(exchange)),
        served_(std::move(served)),
        streams_(std::move(streams)),
        lease_(std::move(lease)) {}

  ConnectionRef Accept(uint32_t attaches) override;
  void NoContent() override;
  void Refuse(const absl::Status& status) override;

 private:
  // A client may retry as soon as it has read the response.
  void Cancel();

  const std::shared_ptr<HttpExchange> exchange_;
  const std::shared_ptr<const ServedSchema> served_;
  std::unique_ptr<OpenBundle::Reservation> streams_;
  ConnectionLimits::Lease lease_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_ADDED_STREAMS_H_
