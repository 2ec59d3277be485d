#include "bridge/upstream/multiplexer/undecided_stream.h"

namespace sse_bridge {
namespace {

// Dropping the last reference cancels the stream.
class UndecidedHandle final : public StreamCall {
 public:
  UndecidedHandle(std::shared_ptr<UndecidedStream> stream,
                  std::shared_ptr<const CallTimers> timers)
      : stream_(std::move(stream)), timers_(std::move(timers)) {}
  ~UndecidedHandle() override { stream_->Cancel(*timers_); }

  void Read() override { stream_->Read(); }
  void Cancel() override { stream_->Cancel(*timers_); }

 private:
  const std::shared_ptr<UndecidedStream> stream_;
  const std::shared_ptr<const CallTimers> timers_;
};

}  // namespace

std::shared_ptr<StreamCall> UndecidedStream::Handle(
    std::shared_ptr<const CallTimers> timers) {
  return std::make_shared<UndecidedHandle>(shared_from_this(),
                                           std::move(timers));
}

void UndecidedStream::Start(const StartStream& start) {
  std::shared_ptr<StreamObserver> observer = TakeObserver();
  if (observer == nullptr) return;
  // Nothing of it is kept: the handle lives as long as the stream.
  const std::string path = std::move(path_);
  std::shared_ptr<StreamCall> call = start(
      path, std::move(request_), std::move(options_), std::move(observer));
  bool read, cancelled;
  {
    MutexLock lock(&mu_);
    call_ = call;
    read = read_;
    cancelled = cancelled_;
  }
  if (cancelled) {
    call->Cancel();
  } else if (read) {
    call->Read();
  }
}

void UndecidedStream::End(const absl::Status& status) {
  if (auto observer = TakeObserver()) observer->OnDone(status);
}

void UndecidedStream::Read() {
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    read_ = true;  // if the call delivers before Start has returned
    call = call_;
  }
  if (call != nullptr) call->Read();
}

void UndecidedStream::Cancel(const CallTimers& timers) {
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    if (std::exchange(cancelled_, true)) return;
    call = call_;
  }
  if (call != nullptr) return call->Cancel();
  // Not inside this function. If it has been started meanwhile, Start cancels
  // it.
  const uint64_t timer =
      timers.after(absl::ZeroDuration(), [self = shared_from_this()] {
        self->End(absl::CancelledError("the call was cancelled"));
      });
  // The upstream is gone, and with it those who hold locks.
  if (timer == 0) End(absl::CancelledError("the call was cancelled"));
}

std::shared_ptr<StreamObserver> UndecidedStream::TakeObserver() {
  MutexLock lock(&mu_);
  return std::move(observer_);
}

}  // namespace sse_bridge
