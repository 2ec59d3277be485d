#include "bridge/upstream/grpc/connection_probe.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <utility>

#include "absl/time/clock.h"
#include "bridge/upstream/grpc/grpc_channel.h"

namespace sse_bridge {
namespace {

class GrpcProbe : public ConnectionProbe {
 public:
  explicit GrpcProbe(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)) {
    (void)GrpcProbe::Connected();
  }

  bool Connected() override {
    return channel_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
  }

  std::string WhyNotConnected(absl::Duration patience) override {
    if (Connected()) return "";
    // Only a call has the reason: one that does not wait for a connection ends
    // with it.
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + patience));
    grpc::CompletionQueue queue;
    grpc::GenericStub stub(channel_);
    const grpc::ByteBuffer request;
    const auto call = stub.PrepareUnaryCall(
        &context, "/grpc.health.v1.Health/Check", request, &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE:
        return status.error_message();
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return "no answer to the attempt to connect";
      default:
        return "";
    }
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

std::unique_ptr<ConnectionProbe> ConnectionProbe::Start(
    const GrpcUpstreamOptions& options) {
  return std::make_unique<GrpcProbe>(MakeChannel(options));
}

}  // namespace sse_bridge
