#include <utility>

#include "bridge/upstream/grpc/call_status.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/grpc_call.h"

namespace sse_bridge {
namespace {

// One call. Keeps itself alive from Start until OnDone has returned.
//
// On the wire a unary call is a stream with one message in each direction.
// gRPC's unary reactor does not report when the request has been sent; the
// streaming one does.
class UnaryReactor final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  UnaryReactor(const grpc::ByteBuffer& request, const CallOptions& options,
               Upstream::UnaryDone done)
      : options_(options), request_(request), done_(std::move(done)) {}

  void Start(GrpcStart start, absl::string_view path,
             std::shared_ptr<UnaryReactor> self) {
    self_ = std::move(self);
    sent_ = std::move(start.sent);
    refusal_ = start.refusal.ok() ? ApplyOptions(options_, &context_)
                                  : std::move(start.refusal);
    options_.metadata = Metadata();  // already in the context
    // Metadata, request and half-close are sent in one batch.
    context_.set_initial_metadata_corked(true);
    start.stub->PrepareBidiStreamingCall(&context_, std::string(path), {},
                                         this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&response_);
    if (!refusal_.ok()) Cancel();
    StartCall();
  }

  void Cancel() { context_.TryCancel(); }

  // The whole request has been sent, including its end.
  void OnWriteDone(bool ok) override {
    if (ok && sent_) sent_();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!answered_) {
      answered_ = true;
      StartRead(&second_);
    } else {
      answered_twice_ = true;
      Cancel();
    }
  }

  void OnDone(const grpc::Status& grpc_status) override {
    // Keeps this object alive until the end of this function.
    const std::shared_ptr<UnaryReactor> self = std::move(self_);
    const Upstream::UnaryDone done = std::move(done_);
    sent_ = nullptr;
    absl::Status status =
        refusal_.ok() ? StatusOfCall(grpc_status, context_) : refusal_;
    if (answered_twice_) {
      status = absl::InternalError("the backend answered with two messages");
    }
    std::string response;
    if (status.ok() && !FlattenByteBuffer(response_, &response)) {
      status = absl::InternalError("the backend answered OK without a message");
    }
    response_.Clear();
    second_.Clear();
    if (refusal_.ok()) {
      TellMetadata(options_, context_.GetServerInitialMetadata());
      TellMetadata(options_, context_.GetServerTrailingMetadata());
    }
    done(std::move(status), std::move(response));
  }

 private:
  // Set by Start, before other threads exist.
  grpc::ClientContext context_;
  absl::Status refusal_;  // reason if the call is never sent
  CallOptions options_;
  const grpc::ByteBuffer request_;
  std::function<void()> sent_;

  // Used by the reads, one of which is pending at a time, and by OnDone.
  std::shared_ptr<UnaryReactor> self_;
  grpc::ByteBuffer response_;
  grpc::ByteBuffer second_;
  bool answered_ = false;
  bool answered_twice_ = false;
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

std::shared_ptr<UnaryCall> StartGrpcUnary(GrpcStart start,
                                          absl::string_view path,
                                          const grpc::ByteBuffer& request,
                                          const CallOptions& options,
                                          Upstream::UnaryDone done) {
  auto reactor =
      std::make_shared<UnaryReactor>(request, options, std::move(done));
  auto handle = std::make_shared<UnaryHandle>(reactor);
  reactor->Start(std::move(start), path, reactor);
  return handle;
}

}  // namespace sse_bridge
