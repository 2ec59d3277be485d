#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_COUNTED_UPSTREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_COUNTED_UPSTREAM_H_

#include <memory>
#include <string>
#include <utility>

#include "bridge/base/labelled_counter.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Counts calls to backends for the metrics. Must outlive the upstreams and
// their calls.
struct CallCounts {
  LabelledCounter started;  // by method ("package.Service/Method")
  LabelledCounter ended;    // by method and google.rpc.Code
};

// Counts the calls that pass through; adds no cost per message. Thread-safe.
class CountedUpstream : public Upstream {
 public:
  CountedUpstream(std::shared_ptr<Upstream> next, CallCounts* counts)
      : next_(std::move(next)), counts_(counts) {}

  absl::string_view address() const override { return next_->address(); }

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override;

  std::shared_ptr<UnaryCall> StartUnary(absl::string_view path,
                                        std::string request,
                                        CallOptions options,
                                        UnaryDone done) override;

 private:
  const std::shared_ptr<Upstream> next_;
  CallCounts* const counts_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_COUNTED_UPSTREAM_H_
