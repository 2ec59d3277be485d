#ifndef SSE_BRIDGE_TESTS_SIMULATION_UNARY_CALLS_H_
#define SSE_BRIDGE_TESTS_SIMULATION_UNARY_CALLS_H_

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/browser.h"
#include "tests/simulation/client_stream.h"

namespace sse_bridge {

// Unary calls, each of which must get exactly the answer that the backend gives
// it.
class UnaryCalls {
 public:
  // `context` must outlive the calls.
  explicit UnaryCalls(BrowserContext* context) : context_(context) {}

  // Makes a call that the backend ends with this code.
  void Ask(int code);
  // Looks at what has arrived. Called after each step.
  void Look();
  // Nobody waits for the answers any more.
  void Leave();

  bool AllAreAnswered() const;

 private:
  struct Call {
    std::unique_ptr<ClientStream> stream;  // null: not waited for
    int code = 0;
    bool answered = false;
    absl::Time asked;
  };

  void Send(Call* call);
  void OnAnswer(const Call& call);

  BrowserContext* const context_;
  std::vector<Call> calls_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_UNARY_CALLS_H_
