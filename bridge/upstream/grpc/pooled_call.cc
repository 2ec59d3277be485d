#include "bridge/upstream/grpc/pooled_call.h"

#include <grpcpp/channel.h>

#include <chrono>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call_end.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/grpc_call.h"

namespace sse_bridge {
namespace {

// How often a call tries another connection before it is rejected.
constexpr int kMaxMoves = 8;

// Well below the initial flow-control window of HTTP/2 (RFC 9113, 6.9.2), so
// flow control does not hold back a smaller request.
constexpr size_t kLargeRequest = 16 * 1024;

// Base of both kinds of calls: holds the slot and moves the call. One attempt
// runs at a time; the next starts when the previous one has ended. `Start`
// starts an attempt at lease_.
class PooledCall : public PendingCall {
 public:
  PooledCall(std::shared_ptr<const CallContext> context,
             ConnectionPool::Use use, absl::string_view path,
             std::string request, CallOptions options)
      : context_(std::move(context)),
        use_(use),
        path_(path),
        large_(request.size() > kLargeRequest),
        options_(std::move(options)),
        request_(ToByteBuffer(std::move(request))) {}

  bool Look(bool late, absl::Duration now) override ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    if (sent_ || ended_ || cancelled_) return false;
    if (moving_ || lease_ == nullptr) return true;
    switch (lease_->Judge(large_, late, now)) {
      case ConnectionPool::Verdict::kWait:
        return true;
      case ConnectionPool::Verdict::kMove:
        moving_ = true;
        break;
      case ConnectionPool::Verdict::kRefuse:
        moving_ = refused_ = true;
        break;
    }
    CancelAttempt();
    return true;
  }

  void Cancel() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    if (ended_) return;
    cancelled_ = true;
    CancelAttempt();
  }

 protected:
  // Parameters of an attempt. With `refusal`, the attempt only reports its end.
  virtual void Start(GrpcStart start) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  virtual void CancelAttempt() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;

  GrpcConnection* connection() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return static_cast<GrpcConnection*>(lease_->connection());
  }

  // Without a slot it ends immediately, but not inside this call.
  void Begin(std::function<void()> sent) ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    lease_ = context_->pool->Take(use_, MonotonicNow());
    GrpcStart start;
    start.sent = std::move(sent);
    if (lease_ == nullptr) {
      start.stub = context_->any->stub();
      start.refusal = NoPlaceForCall();
    } else {
      start.stub = connection()->stub();
    }
    Start(std::move(start));
  }

  // The request has been sent, or a response has arrived. Returns false if it
  // is too late because the attempt was given up.
  bool Settle() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    if (sent_) return true;
    sent_ = !moving_;
    sent_while_moving_ = moving_;
    if (sent_ && lease_ != nullptr) {
      lease_->Sent(MonotonicNow());
      // What another attempt would need.
      request_.Clear();
      options_ = CallOptions();
      settled_at_.store(connection(), std::memory_order_release);
    }
    return sent_;
  }

  // An attempt ended with *status. Returns true if another one was started.
  // Otherwise *status is the call's final status, and its slot is released.
  bool Continue(std::function<void()> sent, absl::Status* status)
      ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    const bool move = std::exchange(moving_, false);
    if (lease_ != nullptr && status->ok()) connection()->Heard();
    lease_ = nullptr;
    ended_ = true;
    // It may have ended concurrently.
    if (!move || cancelled_ || !absl::IsCancelled(*status)) return false;
    if (sent_while_moving_ && use_ == ConnectionPool::Use::kUnary) {
      *status = absl::UnavailableError(
          "the call was interrupted while its connection was changed");
      return false;
    }
    sent_while_moving_ = false;
    if (refused_ || ++moves_ > kMaxMoves) {
      *status = CallNotTaken();
      return false;
    }
    lease_ = context_->pool->Take(use_, MonotonicNow());
    if (lease_ == nullptr) {
      *status = NoPlaceForCall();
      return false;
    }
    ended_ = false;
    GrpcStart start;
    start.stub = connection()->stub();
    start.sent = std::move(sent);
    Start(std::move(start));
    return true;
  }

  const std::shared_ptr<const CallContext> context_;
  const ConnectionPool::Use use_;
  const std::string path_;
  const bool large_;

  // The attempt that the call stays on; null until its request has been sent.
  std::atomic<GrpcConnection*> settled_at_{nullptr};

  Mutex mu_;
  // Until the request has been sent.
  CallOptions options_ ABSL_GUARDED_BY(mu_);
  grpc::ByteBuffer request_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<ConnectionPool::Lease> lease_ ABSL_GUARDED_BY(mu_);
  bool sent_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;  // by the caller
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  bool moving_ ABSL_GUARDED_BY(mu_) = false;   // cancelled by Look
  bool refused_ ABSL_GUARDED_BY(mu_) = false;  // and not restarted
  bool sent_while_moving_ ABSL_GUARDED_BY(mu_) = false;
  int moves_ ABSL_GUARDED_BY(mu_) = 0;
};

class PooledStream final : public PooledCall,
                           public StreamObserver,
                           public std::enable_shared_from_this<PooledStream> {
 public:
  PooledStream(std::shared_ptr<const CallContext> context,
               absl::string_view path, std::string request, CallOptions options,
               std::shared_ptr<StreamObserver> observer)
      : PooledCall(std::move(context), ConnectionPool::Use::kStream, path,
                   std::move(request), std::move(options)),
        observer_(std::move(observer)) {}

  void Begin() {
    PooledCall::Begin(SentCallback());
    context_->watch(shared_from_this());
  }

  // There is nothing to request before the first message, whose arrival settles
  // the call.
  void Read() {
    if (StreamCall* call = settled_.load(std::memory_order_acquire)) {
      call->Read();
    }
  }

  void OnOpen() override {
    if (!Settled()) return;
    settled_at_.load(std::memory_order_relaxed)->Heard();
    observer_->OnOpen();
  }

  void OnMessage(absl::Span<const absl::string_view> slices) override {
    if (!Settled()) return;
    settled_at_.load(std::memory_order_relaxed)->Heard();
    observer_->OnMessage(slices);
  }

  void OnDone(const absl::Status& status) override {
    absl::Status end = status;
    if (Continue(SentCallback(), &end)) return;
    // It may own this call's handle.
    const std::shared_ptr<StreamObserver> observer = std::move(observer_);
    observer->OnDone(end);
  }

 private:
  std::function<void()> SentCallback() {
    return [self = shared_from_this()] { self->Settled(); };
  }

  // Needs no lock once it is set.
  bool Settled() ABSL_LOCKS_EXCLUDED(mu_) {
    if (settled_.load(std::memory_order_acquire) != nullptr) return true;
    if (!Settle()) return false;
    MutexLock lock(&mu_);
    settled_.store(call_.get(), std::memory_order_release);
    return true;
  }

  void Start(GrpcStart start) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    call_ = StartGrpcStream(std::move(start), path_, request_, options_,
                            shared_from_this());
    if (cancelled_) call_->Cancel();
  }

  void CancelAttempt() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (call_ != nullptr) call_->Cancel();
  }

  // Used by the callbacks, which are serial.
  std::shared_ptr<StreamObserver> observer_;
  std::shared_ptr<StreamCall> call_ ABSL_GUARDED_BY(mu_);  // the attempt
  std::atomic<StreamCall*> settled_{nullptr};  // call_, once it stays
};

class PooledUnary final : public PooledCall,
                          public std::enable_shared_from_this<PooledUnary> {
 public:
  PooledUnary(std::shared_ptr<const CallContext> context,
              absl::string_view path, std::string request, CallOptions options,
              Upstream::UnaryDone done)
      : PooledCall(std::move(context), ConnectionPool::Use::kUnary, path,
                   std::move(request), std::move(options)),
        done_(std::move(done)) {}

  void Begin() {
    PooledCall::Begin(SentCallback());
    context_->watch(shared_from_this());
  }

 private:
  std::function<void()> SentCallback() {
    return [self = shared_from_this()] { self->Settle(); };
  }

  void Start(GrpcStart start) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    call_ = StartGrpcUnary(
        std::move(start), path_, request_, options_,
        [self = shared_from_this()](absl::Status status, std::string response) {
          self->Ended(std::move(status), std::move(response));
        });
    if (cancelled_) call_->Cancel();
  }

  void CancelAttempt() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (call_ != nullptr) call_->Cancel();
  }

  void Ended(absl::Status status, std::string response) {
    if (Continue(SentCallback(), &status)) return;
    if (!status.ok()) response.clear();
    const Upstream::UnaryDone done = std::move(done_);
    done(std::move(status), std::move(response));
  }

  Upstream::UnaryDone done_;  // status of the attempt's end
  std::shared_ptr<UnaryCall> call_ ABSL_GUARDED_BY(mu_);  // the attempt
};

class PooledStreamHandle final : public StreamCall {
 public:
  explicit PooledStreamHandle(std::shared_ptr<PooledStream> call)
      : call_(std::move(call)) {}
  ~PooledStreamHandle() override { call_->Cancel(); }

  void Read() override { call_->Read(); }
  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<PooledStream> call_;
};

class PooledUnaryHandle final : public UnaryCall {
 public:
  explicit PooledUnaryHandle(std::shared_ptr<PooledUnary> call)
      : call_(std::move(call)) {}
  ~PooledUnaryHandle() override { call_->Cancel(); }

  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<PooledUnary> call_;
};

}  // namespace

GrpcConnection::GrpcConnection(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)), stub_(channel_) {}

bool GrpcConnection::Ready() {
  return channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

std::shared_ptr<StreamCall> StartPooledStream(
    std::shared_ptr<const CallContext> context, absl::string_view path,
    std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  auto call = std::make_shared<PooledStream>(
      std::move(context), path, std::move(request), std::move(options),
      std::move(observer));
  auto handle = std::make_shared<PooledStreamHandle>(call);
  call->Begin();
  return handle;
}

std::shared_ptr<UnaryCall> StartPooledUnary(
    std::shared_ptr<const CallContext> context, absl::string_view path,
    std::string request, CallOptions options, Upstream::UnaryDone done) {
  auto call = std::make_shared<PooledUnary>(
      std::move(context), path, std::move(request), std::move(options),
      std::move(done));
  auto handle = std::make_shared<PooledUnaryHandle>(call);
  call->Begin();
  return handle;
}

absl::Duration MonotonicNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace sse_bridge
