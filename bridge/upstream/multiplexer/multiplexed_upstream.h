#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXED_UPSTREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXED_UPSTREAM_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "bridge/upstream/multiplexer/bidi_call.h"
#include "bridge/upstream/multiplexer/multiplexer_connection.h"

namespace sse_bridge {

// Carries streams in one call per address of the backend
// (sse.v1.Multiplexer), if the backend serves that and names their methods.
// All other calls are passed on unchanged.
//
// The backend is asked with the first stream, which waits for the answer, and
// again when a connection is lost. A backend that does not serve it is asked
// again after `ask_again`.
//
// Thread-safe.
class MultiplexedUpstream : public Upstream {
 public:
  struct Options {
    // Its timers are not used after this object's destruction. If a stream is
    // cancelled after that, OnDone may run inside Cancel.
    MultiplexerConnection::Options connection;
    absl::Duration ask_again = absl::Minutes(10);

    // Added to every call. May be null.
    std::shared_ptr<const CallMetadata> metadata;
  };

  // One of `addresses` for each address of the backend, at least one.
  MultiplexedUpstream(std::shared_ptr<Upstream> next,
                      std::vector<StartBidi> addresses, Options options);
  ~MultiplexedUpstream() override;

  absl::string_view address() const override { return next_->address(); }

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override;

  std::shared_ptr<UnaryCall> StartUnary(absl::string_view path,
                                        std::string request,
                                        CallOptions options,
                                        UnaryDone done) override;

  // Streams in multiplexed connections.
  size_t streams() const;

 private:
  class Address;
  class Timers;

  const std::shared_ptr<Upstream> next_;
  const std::shared_ptr<Timers> timers_;
  const std::shared_ptr<const CallMetadata> metadata_;
  std::vector<std::shared_ptr<Address>> addresses_;
  std::atomic<size_t> next_address_{0};
};

// Returns an upstream whose streams may be multiplexed, and whose other calls
// are those of `upstream`, which must have been created with these options.
// Returns null for an address whose number of backends is unknown (dns:),
// because a single call could not be spread over them.
std::shared_ptr<MultiplexedUpstream> Multiplexed(
    std::shared_ptr<Upstream> upstream, const GrpcUpstreamOptions& options,
    CallTimers timers);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXED_UPSTREAM_H_
