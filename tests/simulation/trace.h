#ifndef SSE_BRIDGE_TESTS_SIMULATION_TRACE_H_
#define SSE_BRIDGE_TESTS_SIMULATION_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// What happens in a run, one line per event with the simulated time, and the
// first rule that is broken. Used on one thread.
class Trace {
 public:
  Trace(SimulatedNetwork* network, bool prints)
      : network_(network),
        prints_(prints),
        start_(network->clock()->MonotonicNanos()) {}

  template <typename... Parts>
  void Add(const Parts&... parts) {
    Write(absl::StrCat(parts...));
  }

  // A rule is broken. Only the first one counts: others may follow from it.
  template <typename... Parts>
  void Fail(absl::string_view rule, const Parts&... parts) {
    const std::string what = absl::StrCat(rule, ": ", absl::StrCat(parts...));
    Write(absl::StrCat("FAILED ", what));
    if (failed_rule_.empty()) {
      failed_rule_ = std::string(rule);
      failure_ = what;
    }
  }

  bool failed() const { return !failed_rule_.empty(); }
  const std::string& failed_rule() const { return failed_rule_; }
  const std::string& failure() const { return failure_; }

  // A number for all lines so far.
  uint64_t hash() const { return hash_; }

 private:
  void Write(const std::string& line);

  SimulatedNetwork* const network_;
  const bool prints_;
  const int64_t start_;
  uint64_t hash_ = 14695981039346656037u;
  std::string failed_rule_, failure_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_TRACE_H_
