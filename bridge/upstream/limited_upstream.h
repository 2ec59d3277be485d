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

// A backend that is asked for no more than so many streams at a time, however
// many browsers there are: identical shared streams are one. A stream beyond it
// ends with kResourceExhausted (429). Unary calls are not counted.
//
// Thread-safe.
class LimitedUpstream : public Upstream {
 public:
  // Runs a task later on a thread of its own, never at once.
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

  // Streams that are open now.
  int streams() const { return *streams_; }

 private:
  const std::shared_ptr<Upstream> upstream_;
  const int max_streams_;
  const Defer defer_;
  // Of the calls too, which may outlive this.
  const std::shared_ptr<std::atomic<int>> streams_ =
      std::make_shared<std::atomic<int>>(0);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_LIMITED_UPSTREAM_H_
