#ifndef SSE_BRIDGE_TESTS_INTEGRATION_FAULTS_TESTING_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_FAULTS_TESTING_H_

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge::testing {

// Serialised messages of proto/faults.proto.
std::string FaultEvent(int id, const std::string& text);  // ids below 128
bool AsksAfter(const std::string& request, int id);

// grpc-status-details-bin of a backend that does not keep the cursor any more;
// `oldest` empty: it keeps nothing.
std::string CursorExpired(const std::string& oldest);

// A bridge with the schema of proto/faults.proto before a backend that the test
// commands.
class FaultsTest : public ::testing::Test {
 protected:
  // "Own" and so on.
  static std::string Path(const std::string& method);

  // A bridge before another backend (or a proxy).
  static std::unique_ptr<Bridge> BridgeTo(
      const std::string& upstream, std::vector<std::string> options = {},
      std::vector<std::string> launcher = {});

  // The backend stops answering at all, and a new one takes its place.
  void RestartBackend();

  std::unique_ptr<TestBackend> backend_ = std::make_unique<TestBackend>();
  std::unique_ptr<Bridge> bridge_ = BridgeTo(backend_->address());
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_FAULTS_TESTING_H_
