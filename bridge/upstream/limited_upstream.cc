#include "bridge/upstream/limited_upstream.h"

namespace sse_bridge {
namespace {

// Releases the slot before the end of the call is reported, because the
// receiver may want to use it.
class SlotObserver : public StreamObserver {
 public:
  SlotObserver(std::shared_ptr<StreamObserver> observer,
               std::shared_ptr<std::atomic<int>> streams)
      : observer_(std::move(observer)), streams_(std::move(streams)) {}

  void OnOpen() override { observer_->OnOpen(); }
  void OnMessage(absl::Span<const absl::string_view> slices) override {
    observer_->OnMessage(slices);
  }
  void OnDone(const absl::Status& status) override {
    --*streams_;
    observer_->OnDone(status);
  }

 private:
  const std::shared_ptr<StreamObserver> observer_;
  const std::shared_ptr<std::atomic<int>> streams_;
};

// A call that was rejected and never started.
class RefusedCall : public StreamCall {
 public:
  void Read() override {}
  void Cancel() override {}
};

}  // namespace

std::shared_ptr<StreamCall> LimitedUpstream::StartStream(
    absl::string_view path, std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  if (++*streams_ > max_streams_) {
    --*streams_;
    defer_([observer = std::move(observer)] {
      observer->OnDone(absl::ResourceExhaustedError(
          "too many streams to this backend; retry later"));
    });
    return std::make_shared<RefusedCall>();
  }
  return upstream_->StartStream(
      path, std::move(request), std::move(options),
      std::make_shared<SlotObserver>(std::move(observer), streams_));
}

}  // namespace sse_bridge
