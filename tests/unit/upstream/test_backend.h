#ifndef SSE_BRIDGE_TESTS_UNIT_UPSTREAM_TEST_BACKEND_H_
#define SSE_BRIDGE_TESTS_UNIT_UPSTREAM_TEST_BACKEND_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"
#include "tests/support/eventually.h"

namespace sse_bridge {

using testing::Eventually;

// A TestBackend's answer to a method.
struct Answer {
  // Send initial metadata first, even without a message.
  bool open_first = false;
  std::vector<std::string> messages = {};
  size_t endless_bytes = 0;  // then send messages of this size forever
  bool stay = false;         // then wait until the call is cancelled

  // Status at the end.
  int code = 0;
  std::string message = {};
  std::string details = {};  // grpc-status-details-bin

  // Initial and trailing metadata.
  Metadata initial = {};
  Metadata trailing = {};
};

// An in-process gRPC server that answers any method as scripted. Thread-safe,
// except for construction and destruction.
class TestBackend {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;
    int max_concurrent_streams = 0;  // per connection; 0 for no limit
    int min_ping_interval_ms = 0;    // minimum allowed; 0 for gRPC's default
    bool health = false;             // with grpc.health.v1
  };

  // What the server received.
  struct Seen {
    int started = 0;
    int cancelled = 0;
    int written = 0;  // messages passed to the transport
    std::string path;
    std::string request;
    std::vector<std::string> requests;  // of all calls, in order
    Metadata metadata;                  // of the last call
    std::string host;                   // :authority
    bool has_deadline = false;
    std::set<std::string> peers;
    int questions = 0;  // health checks (grpc.health.v1); not counted above
  };

  TestBackend() : TestBackend(Options()) {}
  explicit TestBackend(Options options);
  ~TestBackend();  // same as Stop

  int port() const;
  std::string address() const;

  // Chooses the answer to a serialized request.
  using Script = std::function<Answer(const std::string& request)>;

  void Set(absl::string_view path, Answer answer);
  void Set(absl::string_view path, Script script);
  void SetServing(bool serving);
  Seen seen() const;

  // Ends all calls and closes all connections.
  void Stop();

  struct State;

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_UPSTREAM_TEST_BACKEND_H_
