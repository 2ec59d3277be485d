#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_KEEPALIVE_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_KEEPALIVE_H_

// Checks quiet connections with a health call before gRPC would ping them (see
// keepalive_time in grpc_upstream_options.h), and closes idle ones. Includes
// gRPC headers; for use in this folder only.

#include <map>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/connection_pool.h"
#include "bridge/upstream/grpc/call_watch.h"

namespace sse_bridge {

// Thread-safe.
class Keepalive {
 public:
  struct Options {
    absl::Duration time;  // zero disables health calls
    absl::Duration timeout;
    absl::Duration idle;
    bool several = false;  // a channel may have several connections
    std::shared_ptr<const CallMetadata> metadata;  // may be null
  };

  Keepalive(std::shared_ptr<ConnectionPool> pool, Options options);

  // Called when a call has started.
  void Wake() { timer_->Wake(interval_); }

 private:
  // Used by the timer only, which never runs twice at once.
  struct Rounds {
    struct Quiet {
      std::weak_ptr<PooledConnection> connection;
      absl::Duration since;
      std::vector<std::shared_ptr<UnaryCall>> questions = {};
    };
    std::shared_ptr<ConnectionPool> pool;
    Options options;
    std::map<PooledConnection*, Quiet> quiet = {};
  };

  static bool Round(Rounds* rounds);
  static void Ask(const Options& options,
                  const std::shared_ptr<PooledConnection>& connection,
                  std::vector<std::shared_ptr<UnaryCall>>* questions);

  const absl::Duration interval_;
  const std::shared_ptr<RepeatingTimer> timer_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_KEEPALIVE_H_
