#include "bridge/upstream/multiplexer/grpc_bidi_call.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/grpc/call_status.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/grpc_channel.h"

namespace sse_bridge {
namespace {

// One call carries many streams, and is read all the time.
constexpr int kWindowBytes = 4 << 20;

// Keeps itself alive from Start until OnDone has returned.
//
// The hold (see ClientBidiReactor::AddHold) means that a write may still be
// started. It is released when a read fails, or by Cancel.
class BidiReactor final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit BidiReactor(std::shared_ptr<BidiObserver> observer)
      : observer_(std::move(observer)) {}

  void Start(grpc::GenericStub* stub, const std::string& path,
             const CallOptions& options, std::shared_ptr<BidiReactor> self)
      ABSL_LOCKS_EXCLUDED(mu_) {
    self_ = std::move(self);
    refusal_ = ApplyOptions(options, &context_);
    stub->PrepareBidiStreamingCall(&context_, path, {}, this);
    AddHold();
    StartRead(&read_);
    if (!refusal_.ok()) Cancel();
    StartCall();
  }

  void Write(std::string message) ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    if (!hold_ || writing_ || closed_) return;
    writing_ = true;
    written_ = ToByteBuffer(std::move(message));
    // With the lock, so that the hold lasts. Its reaction never runs inside.
    StartWrite(&written_);
  }

  void CloseWrites() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    if (!hold_ || closed_) return;
    closed_ = true;
    if (!writing_) StartWritesDone();
  }

  void Cancel() ABSL_LOCKS_EXCLUDED(mu_) {
    bool release;
    {
      MutexLock lock(&mu_);
      release = std::exchange(hold_, false);
    }
    context_.TryCancel();
    if (release) RemoveHold();
  }

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    {
      MutexLock lock(&mu_);
      writing_ = false;
      written_.Clear();
      if (closed_) {
        if (hold_) StartWritesDone();
        return;
      }
    }
    if (ok) observer_->OnWritten();
  }

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    if (!ok) {
      bool release;
      {
        MutexLock lock(&mu_);
        release = std::exchange(hold_, false);
      }
      if (release) RemoveHold();
      return;
    }
    if (read_.Dump(&slices_).ok()) {
      views_.clear();
      for (const grpc::Slice& slice : slices_) {
        views_.push_back(SliceView(slice));
      }
      observer_->OnMessage(views_);
    }
    views_.clear();
    slices_.clear();
    read_.Clear();
    StartRead(&read_);
  }

  void OnDone(const grpc::Status& status) override {
    // Keeps this object alive until the end of this function.
    const std::shared_ptr<BidiReactor> self = std::move(self_);
    const std::shared_ptr<BidiObserver> observer = std::move(observer_);
    observer->OnDone(refusal_.ok() ? StatusOfCall(status, context_) : refusal_);
  }

 private:
  grpc::ClientContext context_;
  absl::Status refusal_;  // why it is never sent; set by Start

  // Used by the reactions to reads, which are serial, and by OnDone.
  std::shared_ptr<BidiReactor> self_;
  grpc::ByteBuffer read_;
  std::vector<grpc::Slice> slices_;
  std::vector<absl::string_view> views_;

  std::shared_ptr<BidiObserver> observer_;  // reset by OnDone

  Mutex mu_;
  bool hold_ ABSL_GUARDED_BY(mu_) = true;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;  // CloseWrites
  grpc::ByteBuffer written_ ABSL_GUARDED_BY(mu_);
};

class BidiHandle final : public BidiCall {
 public:
  explicit BidiHandle(std::shared_ptr<BidiReactor> reactor)
      : reactor_(std::move(reactor)) {}
  ~BidiHandle() override { reactor_->Cancel(); }

  void Write(std::string message) override {
    reactor_->Write(std::move(message));
  }
  void CloseWrites() override { reactor_->CloseWrites(); }
  void Cancel() override { reactor_->Cancel(); }

 private:
  const std::shared_ptr<BidiReactor> reactor_;
};

}  // namespace

StartBidi GrpcBidiCalls(const GrpcUpstreamOptions& options, std::string path,
                        int extra_bytes) {
  GrpcUpstreamOptions own = options;
  own.max_message_bytes =
      options.max_message_bytes > std::numeric_limits<int>::max() - extra_bytes
          ? std::numeric_limits<int>::max()
          : options.max_message_bytes + extra_bytes;
  own.stream_window_bytes = std::max(options.stream_window_bytes, kWindowBytes);
  return [own, path = std::move(path)](const CallOptions& call_options,
                                       std::shared_ptr<BidiObserver> observer) {
    auto reactor = std::make_shared<BidiReactor>(std::move(observer));
    auto handle = std::make_shared<BidiHandle>(reactor);
    // The call keeps its channel.
    grpc::GenericStub stub(MakeChannel(own));
    reactor->Start(&stub, path, call_options, reactor);
    return handle;
  };
}

}  // namespace sse_bridge
