#include "bridge/upstream/counted_upstream.h"

#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

std::string MethodOf(absl::string_view path) {
  return std::string(absl::StripPrefix(path, "/"));
}

// Forwards all callbacks and counts the end.
class CountedObserver : public StreamObserver {
 public:
  CountedObserver(std::string method, std::shared_ptr<StreamObserver> next,
                  CallCounts* counts)
      : method_(std::move(method)), next_(std::move(next)), counts_(counts) {}

  void OnOpen() override { next_->OnOpen(); }
  void OnMessage(absl::Span<const absl::string_view> slices) override {
    next_->OnMessage(slices);
  }
  void OnDone(const absl::Status& status) override {
    counts_->ended.Add(method_, absl::StatusCodeToString(status.code()));
    next_->OnDone(status);
  }

 private:
  const std::string method_;
  const std::shared_ptr<StreamObserver> next_;
  CallCounts* const counts_;
};

}  // namespace

std::shared_ptr<StreamCall> CountedUpstream::StartStream(
    absl::string_view path, std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  std::string method = MethodOf(path);
  counts_->started.Add(method);
  return next_->StartStream(
      path, std::move(request), std::move(options),
      std::make_shared<CountedObserver>(std::move(method), std::move(observer),
                                        counts_));
}

std::shared_ptr<UnaryCall> CountedUpstream::StartUnary(absl::string_view path,
                                                       std::string request,
                                                       CallOptions options,
                                                       UnaryDone done) {
  std::string method = MethodOf(path);
  counts_->started.Add(method);
  return next_->StartUnary(
      path, std::move(request), std::move(options),
      [counts = counts_, method = std::move(method), done = std::move(done)](
          absl::Status status, std::string response) {
        counts->ended.Add(method, absl::StatusCodeToString(status.code()));
        done(std::move(status), std::move(response));
      });
}

}  // namespace sse_bridge
