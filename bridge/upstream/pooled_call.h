#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_POOLED_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_POOLED_CALL_H_

// Calls that find a place in a connection pool, and another when the first
// connection does not take them. Includes gRPC: for this folder only.

#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/connection_pool.h"

namespace sse_bridge {

// A channel of its own. Thread-safe.
class GrpcConnection final : public PooledConnection {
 public:
  explicit GrpcConnection(std::shared_ptr<grpc::Channel> channel);

  bool Ready() override;

  grpc::Channel* channel() const { return channel_.get(); }
  grpc::GenericStub* stub() { return &stub_; }

  // Something came from the backend. As cheap as can be: for each message.
  void Heard() { heard_.store(true, std::memory_order_relaxed); }

  // Whether something came since the last question.
  bool TakeHeard() { return heard_.exchange(false, std::memory_order_relaxed); }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  std::atomic<bool> heard_{true};
};

// A call whose request may still have to leave. Thread-safe.
class PendingCall {
 public:
  virtual ~PendingCall() = default;

  // Moves or refuses the call where its connection does not take it. `late`:
  // this should have been called some time ago. False when there is nothing
  // more to look after.
  virtual bool Look(bool late, absl::Duration now) = 0;
};

// What calls need of their upstream, which they may outlive.
struct CallContext {
  std::shared_ptr<ConnectionPool> pool;
  // For calls that are refused, which need a channel too.
  std::shared_ptr<GrpcConnection> any;
  // Told of each new call.
  std::function<void(const std::shared_ptr<PendingCall>&)> watch;
};

// By the contract of Upstream.
std::shared_ptr<StreamCall> StartPooledStream(
    std::shared_ptr<const CallContext> context, absl::string_view path,
    std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer);

std::shared_ptr<UnaryCall> StartPooledUnary(
    std::shared_ptr<const CallContext> context, absl::string_view path,
    std::string request, CallOptions options, Upstream::UnaryDone done);

// Of the clock that the pool is told.
absl::Duration MonotonicNow();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_POOLED_CALL_H_
