#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_POOLED_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_POOLED_CALL_H_

// Calls that take a slot in a connection pool and move to another connection if
// the first does not accept them. Includes gRPC headers; for use in this folder
// only.

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

// A connection with its own channel. Thread-safe.
class GrpcConnection final : public PooledConnection {
 public:
  explicit GrpcConnection(std::shared_ptr<grpc::Channel> channel);

  bool Ready() override;

  grpc::Channel* channel() const { return channel_.get(); }
  grpc::GenericStub* stub() { return &stub_; }

  // Data arrived from the backend. Called for each message, so it must be
  // cheap.
  void Heard() { heard_.store(true, std::memory_order_relaxed); }

  // Returns whether data arrived since the last TakeHeard.
  bool TakeHeard() { return heard_.exchange(false, std::memory_order_relaxed); }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  std::atomic<bool> heard_{true};
};

// A call whose request may not have been sent yet. Thread-safe.
class PendingCall {
 public:
  virtual ~PendingCall() = default;

  // Moves or rejects the call if its connection does not accept it. `late`:
  // this should have been called some time ago. Returns false if the call no
  // longer needs to be watched.
  virtual bool Look(bool late, absl::Duration now) = 0;
};

// What calls need from their upstream, which they may outlive.
struct CallContext {
  std::shared_ptr<ConnectionPool> pool;
  // Used for rejected calls, which need a channel too.
  std::shared_ptr<GrpcConnection> any;
  // Called with each new call.
  std::function<void(const std::shared_ptr<PendingCall>&)> watch;
};

// See Upstream::StartStream and Upstream::StartUnary.
std::shared_ptr<StreamCall> StartPooledStream(
    std::shared_ptr<const CallContext> context, absl::string_view path,
    std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer);

std::shared_ptr<UnaryCall> StartPooledUnary(
    std::shared_ptr<const CallContext> context, absl::string_view path,
    std::string request, CallOptions options, Upstream::UnaryDone done);

// Current time of the clock that the pool uses.
absl::Duration MonotonicNow();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_POOLED_CALL_H_
