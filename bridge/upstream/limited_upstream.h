#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_LIMITED_UPSTREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_LIMITED_UPSTREAM_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Limits the number of concurrent streams to a backend, however many browsers
// there are; identical shared streams count once. A stream beyond the limit
// ends with kResourceExhausted (429). Unary calls are not counted.
//
// Thread-safe.
class LimitedUpstream : public Upstream {
 public:
  // Runs a task later on another thread, never inline.
  using Defer = std::function<void(std::function<void()>)>;

  LimitedUpstream(std::shared_ptr<Upstream> upstream, int max_streams,
                  Defer defer)
      : upstream_(std::move(upstream)),
        max_streams_(max_streams),
        defer_(std::move(defer)) {}

  absl::string_view address() const override { return upstream_->address(); }

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override;

  std::shared_ptr<UnaryCall> StartUnary(absl::string_view path,
                                        std::string request,
                                        CallOptions options,
                                        UnaryDone done) override {
    return upstream_->StartUnary(path, std::move(request), std::move(options),
                                 std::move(done));
  }

  // Number of open streams.
  int streams() const { return *streams_; }

 private:
  const std::shared_ptr<Upstream> upstream_;
  const int max_streams_;
  const Defer defer_;
  // Shared with the calls, which may outlive this object.
  const std::shared_ptr<std::atomic<int>> streams_ =
      std::make_shared<std::atomic<int>>(0);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_LIMITED_UPSTREAM_H_
