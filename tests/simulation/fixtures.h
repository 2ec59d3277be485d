#ifndef SSE_BRIDGE_TESTS_SIMULATION_FIXTURES_H_
#define SSE_BRIDGE_TESTS_SIMULATION_FIXTURES_H_

#include <array>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bridge/access/token_verifier.h"
#include "bridge/gateway/served_schema.h"
#include "tests/unit/access/test_keys.h"

namespace sse_bridge {

// What all runs share: made once, before the first.
struct Fixtures {
  static Fixtures Make();
  // The same schema, loaded twice.
  std::array<std::shared_ptr<const ServedSchema>, 2> served;
  TestKey key = TestKey::Secret(std::string(64, 's'));
  std::shared_ptr<TokenVerifier> verifier;
};

// Ends the program with the status unless the condition holds.
void Require(bool holds, const absl::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_FIXTURES_H_
