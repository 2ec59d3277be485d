#ifndef SSE_BRIDGE_TESTS_SIMULATION_WORLD_H_
#define SSE_BRIDGE_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/random_fraction.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/admissions.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/gateway/api.h"
#include "bridge/gzip/gzip_budget.h"
#include "bridge/http/http_listener.h"
#include "bridge/http/httplib_server.h"
#include "bridge/http2/http2_server.h"
#include "bridge/upstream/multiplexer/multiplexed_upstream.h"
#include "tests/simulation/backend.h"
#include "tests/simulation/browser.h"
#include "tests/simulation/client_pool.h"
#include "tests/simulation/fixtures.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/simulated_limits.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/unary_calls.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// One run: a bridge as bridge/app puts it together, a backend and browsers, on
// one thread. What bridge/app takes from the operating system comes from the
// simulated network.
class World {
 public:
  World(const Fixtures& fixtures, const Plan& plan, uint64_t seed, bool prints);
  ~World();

  // The trace says what has failed.
  void Run();

  const Trace& trace() const { return trace_; }
  const SimulatedNetwork& network() const { return network_; }

 private:
  void Start();
  ConnectionOptions ListenerOptions();
  void Do(const Action& action);
  BackendTopic* TopicOf(uint64_t what);
  void PublishTo(BackendTopic* topic, bool to_all, uint64_t events);

  // Steps until the time, or the condition.
  bool StepUntil(absl::Duration time, const std::function<bool()>& condition);
  void Look();
  void CheckBounds();
  void Converge();
  void Drain();
  void SayGoodbye();
  // Whether everything has been given back; `what` says what has not.
  bool IsReleased(std::string* what) const;

  const Fixtures& fixtures_;
  const Plan plan_;
  SimulatedNetwork network_;
  Trace trace_;
  std::unique_ptr<SimulatedBackend> backend_;
  SimulatedLimits shared_limits_;
  ClientPool clients_;
  BrowserContext context_;

  // The bridge, in the order of bridge/app/bridge.h.
  std::shared_ptr<MultiplexedUpstream> multiplexed_;
  UpstreamRouter router_;
  HttplibServer httplib_{/*reuse_port=*/false};
  LabelledCounter errors_;
  CircuitLog circuits_;
  ConnectionLimits limits_, call_limits_;
  Delivery delivery_;
  DenyList denied_;
  OpenStreams open_streams_;
  GzipBudget gzip_;
  FeedContext feed_context_;
  FeedRegistry registry_;
  StreamOpener opener_;
  Admissions admissions_;
  Admitter admitter_;
  Authenticator authenticator_;
  std::unique_ptr<Api> api_;
  std::shared_ptr<Http2Server> http2_;
  std::unique_ptr<HttpListener> listener_;

  std::vector<std::unique_ptr<Browser>> browsers_;
  UnaryCalls calls_{&context_};
  uint64_t steps_ = 0;
  bool stopped_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_WORLD_H_
