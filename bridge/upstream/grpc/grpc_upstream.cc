#include "bridge/upstream/grpc/grpc_upstream.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/time/clock.h"
#include "bridge/upstream/connection_pool.h"
#include "bridge/upstream/direct/direct_call.h"
#include "bridge/upstream/direct/direct_connection.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/call_watch.h"
#include "bridge/upstream/grpc/clock_watch.h"
#include "bridge/upstream/grpc/grpc_call.h"
#include "bridge/upstream/grpc/grpc_channel.h"
#include "bridge/upstream/grpc/keepalive.h"
#include "bridge/upstream/grpc/pooled_call.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kBetweenHastened = absl::Milliseconds(250);

ConnectionPool::Options PoolOptions(const GrpcUpstreamOptions& options) {
  ConnectionPool::Options pool;
  pool.streams_per_connection = options.streams_per_connection;
  pool.max_connections = options.max_connections;
  pool.spread = options.channels;
  pool.idle = options.idle_connection;
  return pool;
}

}  // namespace

class GrpcUpstream::Rep {
 public:
  Rep(const GrpcUpstreamOptions& options,
      std::shared_ptr<const DirectSettings> direct)
      : options_(options),
        direct_(direct != nullptr),
        pool_(std::make_shared<ConnectionPool>(
            PoolOptions(options),
            [options, direct = std::move(
                          direct)]() -> std::shared_ptr<PooledConnection> {
              if (direct != nullptr) {
                return std::make_shared<DirectConnection>(direct);
              }
              return std::make_shared<GrpcConnection>(MakeChannel(options));
            })),
        keepalive_(pool_, KeepaliveOptions(options)) {
    if (direct_) return;
    auto context = std::make_shared<CallContext>();
    context->pool = pool_;
    // Connects on its first call.
    context->any = std::make_shared<GrpcConnection>(MakeChannel(options));
    context->watch = [watch = std::make_shared<CallWatch>()](
                         const std::shared_ptr<PendingCall>& call) {
      watch->Add(call);
    };
    context_ = std::move(context);
  }

  const GrpcUpstreamOptions& options() const { return options_; }

  // Prepares for a call that starts now.
  void Begin(CallOptions* call) {
    if (options_.metadata != nullptr) {
      options_.metadata->AddTo(&call->metadata);
    }
    if (!direct_) Hasten(MonotonicNow());
  }

  bool direct() const { return direct_; }
  const std::shared_ptr<ConnectionPool>& pool() const { return pool_; }
  // Null for the direct client.
  const std::shared_ptr<const CallContext>& context() const { return context_; }

  // Called after a call has started.
  void Begun() { keepalive_.Wake(); }

  int connections() const {
    return static_cast<int>(pool_->connections().size());
  }

  bool Connected() {
    if (pool_->connections().empty()) {
      pool_->Take(ConnectionPool::Use::kUnary, MonotonicNow());
    }
    const auto connections = pool_->connections();
    if (std::any_of(connections.begin(), connections.end(),
                    [](const auto& c) { return c.connection->Ready(); })) {
      return true;
    }
    bool connected = false;
    for (const auto& [connection, calls] : connections) {
      if (direct_) {
        static_cast<DirectConnection*>(connection.get())->Connect();
        continue;
      }
      connected =
          static_cast<GrpcConnection*>(connection.get())
                  ->channel()
                  ->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY ||
          connected;
    }
    return connected;
  }

 private:
  static Keepalive::Options KeepaliveOptions(
      const GrpcUpstreamOptions& options) {
    Keepalive::Options keepalive;
    keepalive.time = options.keepalive_time;
    keepalive.timeout = options.keepalive_timeout;
    keepalive.idle = options.idle_connection;
    keepalive.several = NamesSeveralBackends(options.address);
    keepalive.metadata = options.metadata;
    return keepalive;
  }

  // If gRPC's timers are late, each new call may reconnect a lost connection at
  // once.
  void Hasten(absl::Duration now) {
    if (!clock_.TimersLate(absl::Now(), now)) return;
    const int64_t at = absl::ToInt64Nanoseconds(now);
    int64_t next = next_hastened_.load(std::memory_order_relaxed);
    const int64_t after = at + absl::ToInt64Nanoseconds(kBetweenHastened);
    if (at < next || !next_hastened_.compare_exchange_strong(next, after)) {
      return;
    }
    for (const auto& [connection, calls] : pool_->connections()) {
      grpc::experimental::ChannelResetConnectionBackoff(
          static_cast<GrpcConnection*>(connection.get())->channel());
    }
  }

  const GrpcUpstreamOptions options_;
  const bool direct_;
  const std::shared_ptr<ConnectionPool> pool_;
  std::shared_ptr<const CallContext> context_;
  Keepalive keepalive_;
  ClockWatch clock_;
  std::atomic<int64_t> next_hastened_{INT64_MIN};  // monotonic nanoseconds
};

absl::StatusOr<std::unique_ptr<GrpcUpstream>> GrpcUpstream::Create(
    const GrpcUpstreamOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  auto direct = MakeDirectSettings(options);
  if (!direct.ok()) return direct.status();
  return std::unique_ptr<GrpcUpstream>(
      new GrpcUpstream(std::make_unique<Rep>(options, *std::move(direct))));
}

GrpcUpstream::GrpcUpstream(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

GrpcUpstream::~GrpcUpstream() = default;

absl::string_view GrpcUpstream::address() const {
  return rep_->options().address;
}

std::shared_ptr<StreamCall> GrpcUpstream::StartStream(
    absl::string_view path, std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  rep_->Begin(&options);
  auto call = rep_->direct()
                  ? StartDirectStream(rep_->pool(), path, std::move(request),
                                      std::move(options), std::move(observer))
                  : StartPooledStream(rep_->context(), path, std::move(request),
                                      std::move(options), std::move(observer));
  rep_->Begun();
  return call;
}

std::shared_ptr<UnaryCall> GrpcUpstream::StartUnary(absl::string_view path,
                                                    std::string request,
                                                    CallOptions options,
                                                    UnaryDone done) {
  rep_->Begin(&options);
  auto call = rep_->direct()
                  ? StartDirectUnary(rep_->pool(), path, std::move(request),
                                     std::move(options), std::move(done))
                  : StartPooledUnary(rep_->context(), path, std::move(request),
                                     std::move(options), std::move(done));
  rep_->Begun();
  return call;
}

bool GrpcUpstream::Connected() { return rep_->Connected(); }

const GrpcUpstreamOptions& GrpcUpstream::options() const {
  return rep_->options();
}

int GrpcUpstream::connections() const { return rep_->connections(); }

}  // namespace sse_bridge
