#ifndef SSE_BRIDGE_TESTS_SIMULATION_SIMULATED_LIMITS_H_
#define SSE_BRIDGE_TESTS_SIMULATION_SIMULATED_LIMITS_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/access/shared_limits.h"
#include "tests/simulation/trace.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// The limits per subject as Redis keeps them for several bridges: it answers
// late, or is away, and other bridges have streams of the same subjects.
class SimulatedLimits final : public SharedLimits {
 public:
  // Pointers must outlive the limits.
  SimulatedLimits(SimulatedNetwork* network, Trace* trace)
      : network_(network), trace_(trace) {}

  void Take(absl::string_view subject, int streams, int limit,
            Done done) override;
  void Give(absl::string_view subject, int streams) override;

  // Streams of this bridge.
  int total() const;

 private:
  bool Decide(const std::string& subject, int streams, int limit);

  SimulatedNetwork* const network_;
  Trace* const trace_;
  std::map<std::string, int> counts_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_SIMULATED_LIMITS_H_
