#ifndef SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXER_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXER_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "backends/stream/multiplexed_call.h"
#include "backends/stream/multiplexer_connection.h"
#include "backends/stream/reaction_thread.h"
#include "bridge/base/mutex.h"
#include "sse/v1/multiplexer.grpc.pb.h"

namespace sse_bridge {

// Serves server-streaming methods of callback services in one call for each
// bridge (sse/v1/multiplexer.proto):
//
//   MultiplexerService multiplexer;
//   multiplexer.Add("/acme.v1.Boxes/Watch", &boxes, &BoxService::Watch);
//   builder.RegisterService(&boxes);
//   builder.RegisterService(&multiplexer);
//
// Handlers and their reactors are the same as for ordinary calls, and are
// called by the same rules, with one exception: there is no
// grpc::CallbackServerContext. A handler that needs its call's metadata or
// deadline takes a MultiplexedCall (see the other Add). Interceptors see the
// bridge's call only; use `began`.
//
// Thread-safe, except for Add and `began`, which belong before the server's
// start. Must outlive the server.
class MultiplexerService : public sse::v1::Multiplexer::CallbackService {
 public:
  // `method` is "/package.Service/Method". `service` must outlive this object.
  // The handler receives a null context.
  template <typename Service, typename Base, typename Request,
            typename Response>
  void Add(const std::string& method, Service* service,
           grpc::ServerWriteReactor<Response>* (Base::*handler)(
               grpc::CallbackServerContext*, const Request*)) {
    Add<Request, Response>(
        method, [service, handler](MultiplexedCall*, const Request* request) {
          return (service->*handler)(nullptr, request);
        });
  }

  template <typename Request, typename Response>
  void Add(const std::string& method,
           typename TypedServerStream<Request, Response>::Handler handler) {
    methods_.by_name[method] =
        [handler = std::make_shared<
             const typename TypedServerStream<Request, Response>::Handler>(
             std::move(handler))](
            const std::shared_ptr<ServerConnection>& connection,
            const sse::v1::Open& open) -> std::shared_ptr<ServerStream> {
      auto stream = std::make_shared<TypedServerStream<Request, Response>>(
          connection, open.stream(), handler.get());
      if (!stream->request()->ParseFromString(open.request())) return nullptr;
      return stream;
    };
  }

  // See MultiplexedMethods.
  void set_began(decltype(MultiplexedMethods::began) began) {
    methods_.began = std::move(began);
  }
  void set_max_streams(size_t max_streams) {
    methods_.max_streams = max_streams;
  }

  grpc::ServerBidiReactor<sse::v1::ToBackend, sse::v1::ToBridge>* Connect(
      grpc::CallbackServerContext* context) override;

  // Ends the calls of the bridges when their streams have ended, which the
  // services must do. Streams that begin later are refused.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  MultiplexedMethods methods_;
  ReactionThread thread_;

  Mutex mu_;
  absl::flat_hash_set<std::shared_ptr<ServerConnection>> connections_
      ABSL_GUARDED_BY(mu_);
  bool down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXER_SERVICE_H_
