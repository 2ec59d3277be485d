#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/grpc/call_status.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/grpc_call.h"

namespace sse_bridge {
namespace {

// One call. Keeps itself alive from Start until OnDone has returned.
//
// gRPC runs the reactions of one call on several threads, possibly at once.
// They are serialised by never having two operations pending: the first read
// starts after the initial metadata arrived, the next after OnMessage has
// returned. (The write is pending beside them and only calls `sent`.)
//
// The call's single hold (see ClientBidiReactor::AddHold) means that a read may
// still be started. It is released when a read fails, or by Cancel; from then
// on gRPC may call OnDone.
class StreamReactor final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamReactor(const grpc::ByteBuffer& request, const CallOptions& options,
                std::shared_ptr<StreamObserver> observer)
      : options_(options), request_(request), observer_(std::move(observer)) {}

  void Start(GrpcStart start, absl::string_view path,
             std::shared_ptr<StreamReactor> self) ABSL_LOCKS_EXCLUDED(mu_) {
    self_ = std::move(self);
    sent_ = std::move(start.sent);
    refusal_ = start.refusal.ok() ? ApplyOptions(options_, &context_)
                                  : std::move(start.refusal);
    options_.metadata = Metadata();  // already in the context
    // Metadata, request and half-close are sent in one batch.
    context_.set_initial_metadata_corked(true);
    start.stub->PrepareBidiStreamingCall(&context_, std::string(path), {},
                                         this);
    AddHold();
    StartWriteLast(&request_, grpc::WriteOptions());
    if (!refusal_.ok()) Cancel();
    StartCall();
  }

  void Read() ABSL_LOCKS_EXCLUDED(mu_) {
    {
      MutexLock lock(&mu_);
      if (!hold_ || reading_) return;
      if (delivering_) {
        read_wanted_ = true;
        return;
      }
      reading_ = true;
    }
    StartRead(&message_);
  }

  void Cancel() ABSL_LOCKS_EXCLUDED(mu_) {
    bool release;
    {
      MutexLock lock(&mu_);
      if (cancelled_) return;
      cancelled_ = true;
      // Otherwise the pending reaction releases it.
      release = !reading_ && !delivering_ && std::exchange(hold_, false);
    }
    context_.TryCancel();
    if (release) RemoveHold();
  }

  // The whole request has been sent, including its end.
  void OnWriteDone(bool ok) override {
    if (ok && sent_) sent_();
  }

  void OnReadInitialMetadataDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    if (ok && !IsCancelled()) {
      TellMetadata(options_, context_.GetServerInitialMetadata());
      observer_->OnOpen();
    }
    bool release = false;
    {
      MutexLock lock(&mu_);
      if (!ok || cancelled_) {
        reading_ = false;
        release = std::exchange(hold_, false);
      }
    }
    if (release) {
      RemoveHold();
    } else {
      StartRead(&message_);
    }
  }

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_) {
    bool release = false;
    {
      MutexLock lock(&mu_);
      reading_ = false;
      if (!ok || cancelled_) {
        release = std::exchange(hold_, false);
      } else {
        delivering_ = true;
      }
    }
    if (release) {
      RemoveHold();
      return;
    }
    Deliver();
    bool read = false;
    {
      MutexLock lock(&mu_);
      delivering_ = false;
      if (cancelled_) {
        release = std::exchange(hold_, false);
      } else if (std::exchange(read_wanted_, false)) {
        reading_ = read = true;
      }
    }
    if (release) RemoveHold();
    if (read) StartRead(&message_);
  }

  void OnDone(const grpc::Status& status) override {
    // Keeps this object alive until the end of this function.
    const std::shared_ptr<StreamReactor> self = std::move(self_);
    const std::shared_ptr<StreamObserver> observer = std::move(observer_);
    sent_ = nullptr;
    if (refusal_.ok()) {
      TellMetadata(options_, context_.GetServerTrailingMetadata());
    }
    observer->OnDone(refusal_.ok() ? StatusOfCall(status, context_) : refusal_);
  }

 private:
  bool IsCancelled() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    return cancelled_;
  }

  void Deliver() {
    // The vectors keep their memory between messages.
    if (message_.Dump(&slices_).ok()) {
      views_.clear();
      for (const grpc::Slice& slice : slices_) {
        views_.push_back(SliceView(slice));
      }
    }
    observer_->OnMessage(views_);
    views_.clear();
    slices_.clear();
    message_.Clear();
  }

  // Set by Start, before other threads exist.
  grpc::ClientContext context_;
  absl::Status refusal_;  // reason if the call is never sent
  CallOptions options_;
  const grpc::ByteBuffer request_;
  std::function<void()> sent_;

  // Used by the reactions, which are serial.
  std::shared_ptr<StreamReactor> self_;
  std::shared_ptr<StreamObserver> observer_;
  grpc::ByteBuffer message_;
  std::vector<grpc::Slice> slices_;
  std::vector<absl::string_view> views_;

  Mutex mu_;
  bool hold_ ABSL_GUARDED_BY(mu_) = true;
  bool reading_ ABSL_GUARDED_BY(mu_) = true;  // or will be, after the metadata
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;
  bool read_wanted_ ABSL_GUARDED_BY(mu_) = false;  // while delivering a message
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

class StreamHandle final : public StreamCall {
 public:
  explicit StreamHandle(std::shared_ptr<StreamReactor> reactor)
      : reactor_(std::move(reactor)) {}
  ~StreamHandle() override { reactor_->Cancel(); }

  void Read() override { reactor_->Read(); }
  void Cancel() override { reactor_->Cancel(); }

 private:
  const std::shared_ptr<StreamReactor> reactor_;
};

}  // namespace

std::shared_ptr<StreamCall> StartGrpcStream(
    GrpcStart start, absl::string_view path, const grpc::ByteBuffer& request,
    const CallOptions& options, std::shared_ptr<StreamObserver> observer) {
  auto reactor =
      std::make_shared<StreamReactor>(request, options, std::move(observer));
  auto handle = std::make_shared<StreamHandle>(reactor);
  reactor->Start(std::move(start), path, reactor);
  return handle;
}

}  // namespace sse_bridge
