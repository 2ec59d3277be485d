#ifndef SSE_BRIDGE_TESTS_SIMULATION_PLAN_H_
#define SSE_BRIDGE_TESTS_SIMULATION_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace sse_bridge {

// One thing that is done to the world from outside.
struct Action {
  enum class Kind {
    kVisit,    // browser `who` opens the stream `what`
    kLeave,    // browser `who` goes away for good
    kCut,      // the connection of `who` breaks; the browser comes back
    kStall,    // browser `who` reads nothing for `amount` ms
    kPublish,  // `amount` events on topic `what`
    kAsk,      // a unary call that ends with code `what`
    kRestart,  // the backend is away for `amount` ms
    kEnd,      // the backend ends the calls of topic `what` with code `amount`
    kRefuse,   // ... and refuses the next `who` calls of it
    kForget,   // the backend keeps only the last `amount` events of `what`
    kBan,      // the user of browser `who` may not enter rooms any more
    kReload,   // the bridge loads its schema again
  };
  static constexpr int kKinds = 12;

  Kind kind;
  int64_t at_ms;
  uint64_t who, what, amount;

  std::string ToString() const;
};

// What a seed decides before the run: how the bridge is configured, and the
// actions. Everything else (the network, the order of the loops, delays) is
// decided while it runs, by the same seed.
struct Plan {
  static Plan FromSeed(uint64_t seed);

  // Without the actions of these indices. The others stay as they are.
  void Skip(const std::set<size_t>& indices);

  // A response's head fits, and the beginning of an event after it: each
  // connection that is read makes progress, even if a backlog beyond the
  // queue's limit ends it. The smallest buffer of a kernel has over 4 KB.
  static constexpr size_t kMinBufferBytes = 600;

  int delivery_threads = 1;
  absl::Duration flush_window;
  size_t queue_limit_bytes = 0;
  size_t replay_events = 0;
  size_t replay_bytes = 0;
  absl::Duration replay_age;
  absl::Duration linger;
  absl::Duration give_up;
  absl::Duration open_grace;
  int streams_per_subject = 0;
  int max_streams = 0;  // 0: no limit
  size_t max_buffer_bytes = 0;
  absl::Duration max_delay;
  bool multiplexed = false;
  size_t window_bytes = 0;   // of multiplexed streams
  int upstream_streams = 0;  // 0: no limit
  absl::Duration token_life;
  uint32_t http2_window_bytes = 0;  // of a stream, at the browser
  uint32_t http2_streams = 0;       // of a connection
  size_t compress_memory = 0;
  bool compress_exclusive = false;
  bool shared_limits = false;  // per subject, with other bridges
  bool drains = false;
  uint64_t browsers = 0;
  int64_t length_ms = 0;
  std::vector<Action> actions;  // by time
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_PLAN_H_
