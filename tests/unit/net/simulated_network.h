#ifndef SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_NETWORK_H_
#define SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bridge/net/clock.h"
#include "bridge/net/listening_socket.h"
#include "bridge/net/network.h"
#include "bridge/net/socket.h"
#include "tests/unit/net/simulated_connection.h"

namespace sse_bridge {

class SimulatedPoller;

// A network, a clock and a scheduler in memory. Event loops that use them run
// on the test's thread, and a seed decides everything: which loop runs next and
// how late, how bytes are split and when they arrive, when a socket is full.
// Two runs with one seed are the same. Time passes only when nothing else can
// happen, or when the seed delays the loops.
//
// Used on one thread. Must outlive all loops and sockets.
class SimulatedNetwork final : public Network {
 public:
  struct Options {
    // Maximum time that bytes travel, and that a socket stays full for no
    // visible reason.
    absl::Duration max_delay = absl::Milliseconds(50);
    // Maximum number of bytes in each direction of a connection that the
    // receiver has not read. The seed chooses a number between them.
    size_t max_buffer_bytes = size_t{64} << 10;
    size_t min_buffer_bytes = 1;
    // Number of the server's sockets at which accepting fails because
    // descriptors are exhausted. 0 means no limit.
    size_t max_sockets = 0;
  };

  explicit SimulatedNetwork(uint64_t seed)
      : SimulatedNetwork(seed, Options()) {}
  SimulatedNetwork(uint64_t seed, Options options);
  ~SimulatedNetwork() override;
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  std::unique_ptr<Poller> NewPoller() override;
  bool Runs(EventLoop* loop) override;
  Clock* clock() { return &clock_; }

  // Returns the server's listening socket. Called once at most.
  std::unique_ptr<ListeningSocket> Listen();

  // Connects a client that has this address to the listening socket. Without a
  // listening socket, the client's connection is broken.
  std::unique_ptr<SimulatedClient> Connect(const std::string& address);

  // Connects a client to a server that has already accepted it, whose end
  // becomes `*socket`.
  std::unique_ptr<SimulatedClient> NewConnection(
      std::unique_ptr<Socket>* socket);

  // Runs a task later: after `delay`, or up to `max_delay` after now.
  void After(absl::Duration delay, std::function<void()> task);
  void Soon(std::function<void()> task) {
    After(RandomDelay(options_.max_delay), std::move(task));
  }

  // Lets one thing happen: a round of a loop, a task, or the passing of time.
  // Returns false if nothing will ever happen.
  bool Step();

  // Steps until the condition holds. Returns false if nothing more happens
  // first, or after very many steps.
  bool RunUntil(const std::function<bool()>& condition);

  // Steps until this much time has passed.
  void RunFor(absl::Duration time);

  // What the steps were, one per line, up to a limit.
  const std::string& trace() const { return trace_; }

  // The server's sockets that are open.
  size_t open_sockets() const { return sockets_.size(); }

  // The seed's choices. `below` is at least 1.
  uint64_t Random(uint64_t below) { return random_() % below; }
  bool OneIn(uint64_t n) { return Random(n) == 0; }
  absl::Duration RandomDelay(absl::Duration max);

  // For the sockets of this network.
  //
  // What a poller sees of a socket.
  using State = std::function<uint32_t()>;  // epoll's events that hold now
  int Register(State state);                // returns the number
  void Unregister(int fd);
  // There is something new: an edge.
  void Changed(int fd);
  const Options& options() const { return options_; }

 private:
  friend class SimulatedPoller;

  class SimulatedClock : public Clock {
   public:
    int64_t MonotonicNanos() override { return nanos; }
    absl::Time WallTime() override {
      return absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(nanos);
    }
    int64_t nanos = 1'000'000'000'000;
  };
  class Listener;

  // When the next round of a loop, or the next task, is due; kNever if none.
  int64_t NextTime() const;
  void Note(const std::string& what);

  const Options options_;
  std::mt19937_64 random_;
  SimulatedClock clock_;
  std::vector<SimulatedPoller*> pollers_;  // of all loops
  std::map<int, State> sockets_;
  int next_fd_ = 1'000'000;  // no descriptor has such a number
  Listener* listener_ = nullptr;
  // By time, then by the order of adding.
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> tasks_;
  uint64_t tasks_added_ = 0;
  std::string trace_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_NETWORK_H_
