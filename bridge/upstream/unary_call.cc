#include <utility>

#include "bridge/upstream/call_status.h"
#include "bridge/upstream/call_support.h"
#include "bridge/upstream/grpc_call.h"

namespace sse_bridge {
namespace {

// One call. Keeps itself alive from Start until OnDone has returned.
class UnaryReactor final : public grpc::ClientUnaryReactor {
 public:
  UnaryReactor(std::string request, const CallOptions& options,
               Upstream::UnaryDone done)
      : options_(options),
        request_(ToByteBuffer(std::move(request))),
        done_(std::move(done)) {}

  void Start(grpc::GenericStub* stub, absl::string_view path,
             std::shared_ptr<UnaryReactor> self) {
    self_ = std::move(self);
    refusal_ = ApplyOptions(options_, &context_);
    options_.metadata = Metadata();  // the context has them
    stub->PrepareUnaryCall(&context_, std::string(path), {}, &request_,
                           &response_, this);
    if (!refusal_.ok()) Cancel();
    StartCall();
  }

  void Cancel() { context_.TryCancel(); }

  void OnDone(const grpc::Status& grpc_status) override {
    // Not before the end of this function.
    const std::shared_ptr<UnaryReactor> self = std::move(self_);
    const Upstream::UnaryDone done = std::move(done_);
    absl::Status status =
        refusal_.ok() ? StatusOfCall(grpc_status, context_) : refusal_;
    std::string response;
    if (status.ok() && !FlattenByteBuffer(response_, &response)) {
      status = absl::InternalError("the backend answered OK without a message");
    }
    response_.Clear();
    if (refusal_.ok()) {
      TellMetadata(options_, context_.GetServerInitialMetadata());
      TellMetadata(options_, context_.GetServerTrailingMetadata());
    }
    done(std::move(status), std::move(response));
  }

 private:
  // Set by Start, before there are other threads.
  grpc::ClientContext context_;
  absl::Status refusal_;  // why the call is never sent
  CallOptions options_;
  const grpc::ByteBuffer request_;

  // Used by OnDone only.
  std::shared_ptr<UnaryReactor> self_;
  grpc::ByteBuffer response_;
  Upstream::UnaryDone done_;
};

class UnaryHandle final : public UnaryCall {
 public:
  explicit UnaryHandle(std::shared_ptr<UnaryReactor> reactor)
      : reactor_(std::move(reactor)) {}
  ~UnaryHandle() override { reactor_->Cancel(); }

  void Cancel() override { reactor_->Cancel(); }

 private:
  const std::shared_ptr<UnaryReactor> reactor_;
};

}  // namespace

std::shared_ptr<UnaryCall> StartGrpcUnary(grpc::GenericStub* stub,
                                          absl::string_view path,
                                          std::string request,
                                          const CallOptions& options,
                                          Upstream::UnaryDone done) {
  auto reactor = std::make_shared<UnaryReactor>(std::move(request), options,
                                                std::move(done));
  auto handle = std::make_shared<UnaryHandle>(reactor);
  reactor->Start(stub, path, reactor);
  return handle;
}

}  // namespace sse_bridge
