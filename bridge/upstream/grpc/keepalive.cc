#include "bridge/upstream/grpc/keepalive.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/grpc_call.h"
#include "bridge/upstream/grpc/pooled_call.h"

namespace sse_bridge {
namespace {

constexpr char kQuestion[] = "/grpc.health.v1.Health/Check";

// round_robin takes turns, so this checks each of several backends often
// enough.
constexpr int kQuestionsToSeveral = 4;

constexpr absl::Duration kMinInterval = absl::Milliseconds(10);

absl::Duration Interval(const Keepalive::Options& options) {
  absl::Duration interval = options.idle / 2;
  if (options.time > absl::ZeroDuration()) {
    interval = std::min(interval, options.time / 3);
  }
  return std::max(interval, kMinInterval);
}

}  // namespace

Keepalive::Keepalive(std::shared_ptr<ConnectionPool> pool, Options options)
    : interval_(Interval(options)),
      timer_(std::make_shared<RepeatingTimer>(
          [rounds = std::make_shared<Rounds>(
               Rounds{std::move(pool), std::move(options)}),
           interval = interval_](absl::Duration) {
            return Round(rounds.get()) ? interval : absl::InfiniteDuration();
          })) {}

bool Keepalive::Round(Rounds* rounds) {
  const absl::Duration now = MonotonicNow();
  const bool again = rounds->pool->CloseIdle(now);
  if (rounds->options.time == absl::ZeroDuration()) return again;
  std::map<PooledConnection*, Rounds::Quiet> quiet;
  for (const auto& [connection, calls] : rounds->pool->connections()) {
    auto* grpc_connection = dynamic_cast<GrpcConnection*>(connection.get());
    // Connections of the direct client check themselves.
    if (calls == 0 || grpc_connection == nullptr) continue;
    const auto known = rounds->quiet.find(connection.get());
    auto& entry = quiet[connection.get()];
    // Another object may have the same address.
    if (known != rounds->quiet.end() &&
        known->second.connection.lock() == connection) {
      entry = std::move(known->second);
    } else {
      entry = {connection, now};
    }
    if (grpc_connection->TakeHeard()) {
      entry.since = now;
      entry.questions.clear();
    } else if (entry.questions.empty() && grpc_connection->Ready() &&
               now - entry.since >= rounds->options.time / 3) {
      const int questions = rounds->options.several ? kQuestionsToSeveral : 1;
      for (int i = 0; i < questions; ++i) {
        Ask(rounds->options, connection, &entry.questions);
      }
    } else if (now - entry.since >
               rounds->options.time + rounds->options.timeout) {
      // Neither answered nor closed, so gRPC sends its pings. Try again.
      entry.since = now;
      entry.questions.clear();
    }
  }
  rounds->quiet = std::move(quiet);
  return again;
}

void Keepalive::Ask(const Options& options,
                    const std::shared_ptr<PooledConnection>& connection,
                    std::vector<std::shared_ptr<UnaryCall>>* questions) {
  CallOptions call;
  call.deadline = absl::Now() + options.time + options.timeout;
  if (options.metadata != nullptr) options.metadata->AddTo(&call.metadata);
  auto* grpc_connection = static_cast<GrpcConnection*>(connection.get());
  questions->push_back(StartGrpcUnary(
      {grpc_connection->stub()}, kQuestion, ToByteBuffer(""), call,
      [connection, grpc_connection](const absl::Status& status,
                                    const std::string&) {
        // gRPC itself may have produced these codes.
        if (!absl::IsCancelled(status) && !absl::IsDeadlineExceeded(status) &&
            !absl::IsUnavailable(status)) {
          grpc_connection->Heard();
        }
      }));
}

}  // namespace sse_bridge
