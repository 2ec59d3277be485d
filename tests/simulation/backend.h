#ifndef SSE_BRIDGE_TESTS_SIMULATION_BACKEND_H_
#define SSE_BRIDGE_TESTS_SIMULATION_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/multiplexer/bidi_call.h"
#include "tests/simulation/topics.h"
#include "tests/simulation/trace.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// A server-streaming call as the backend sees it.
class ServerStream {
 public:
  virtual ~ServerStream() = default;
  virtual void Open() = 0;
  virtual void Send(std::string message) = 0;
  // After what has been sent.
  virtual void End(const absl::Status& status) = 0;
  // The connection is lost, and what is on its way may be, too.
  virtual void Break() = 0;
  // Nobody receives it any more.
  virtual bool gone() const = 0;
};

class MultiplexerCall;

// A backend on the simulated network: what it answers arrives later and, if it
// restarts, not at all. It keeps its topics over a restart.
class SimulatedBackend final : public Upstream {
 public:
  SimulatedBackend(SimulatedNetwork* network, Trace* trace, size_t window_bytes)
      : network_(network), trace_(trace), window_bytes_(window_bytes) {}
  ~SimulatedBackend() override;

  // Created on first use.
  BackendTopic* FindTopic(const std::string& name, TopicKind kind);
  void Publish(BackendTopic* topic, std::string key,
               std::set<std::string> only_to, size_t padding);
  void Restart(absl::Duration away);
  void EndCalls(BackendTopic* topic, int code);
  void RefuseNext(BackendTopic* topic, uint64_t calls, int code);
  // From now on nothing fails.
  void Heal();

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override;
  std::shared_ptr<UnaryCall> StartUnary(absl::string_view path,
                                        std::string request,
                                        CallOptions options,
                                        UnaryDone done) override;
  StartBidi Multiplexer();

  bool down() const { return down_; }
  absl::Time healed_at() const { return healed_at_; }
  // When it was last away; never: InfinitePast.
  absl::Time last_away() const { return last_away_; }
  // Calls that the bridge has not let go.
  size_t open_calls() const;
  // Sessions that have been entered since Heal, and not been left.
  size_t sessions_left_over() const;
  const std::map<std::string, std::unique_ptr<BackendTopic>>& topics() const {
    return topics_;
  }

  // For the calls.
  void Serve(const std::shared_ptr<ServerStream>& stream,
             absl::string_view path, const std::string& request);
  SimulatedNetwork* network() const { return network_; }
  Trace* trace() const { return trace_; }
  size_t window_bytes() const { return window_bytes_; }

 private:
  struct Session {
    BackendTopic* room;
    std::string user;
    absl::Time entered;
  };
  struct Live {
    BackendTopic* topic;
    std::shared_ptr<ServerStream> stream;
  };
  struct Refusal {
    uint64_t calls = 0;
    int code = 0;
  };

  void SendFrom(const std::shared_ptr<ServerStream>& stream,
                BackendTopic* topic, uint64_t number);
  void SendJob(const std::shared_ptr<ServerStream>& stream, BackendTopic* topic,
               uint64_t number);
  // Returns the answer to a unary call.
  absl::Status Answer(const std::string& path, const std::string& request,
                      std::string* response);
  void ForgetGone();

  SimulatedNetwork* const network_;
  Trace* const trace_;
  const size_t window_bytes_;
  std::map<std::string, std::unique_ptr<BackendTopic>> topics_;
  std::vector<Live> live_;
  std::vector<std::weak_ptr<ServerStream>> all_;
  std::vector<std::weak_ptr<MultiplexerCall>> multiplexers_;
  std::map<BackendTopic*, Refusal> refusals_;
  std::map<std::string, Session> sessions_;
  bool down_ = false, healed_ = false;
  uint64_t restarts_ = 0;
  absl::Time last_away_ = absl::InfinitePast();
  absl::Time healed_at_ = absl::InfiniteFuture();
};

// Returns the first value of a field of a message in wire format, or "".
std::string WireText(const std::string& message, int number);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_BACKEND_H_
