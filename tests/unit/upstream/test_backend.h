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

// How a TestBackend answers a method.
struct Answer {
  bool open_first = false;  // initial metadata, before and without a message
  std::vector<std::string> messages = {};
  size_t endless_bytes = 0;  // then messages of this size, without end
  bool stay = false;         // then nothing, until the call is cancelled

  // How it ends.
  int code = 0;
  std::string message = {};
  std::string details = {};  // grpc-status-details-bin

  // Metadata ahead of the messages, and with the end.
  Metadata initial = {};
  Metadata trailing = {};
};

// A gRPC server in this process that answers any method, by script. Thread-safe
// but for construction and destruction.
class TestBackend {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;
    int max_concurrent_streams = 0;  // of a connection; 0: no limit
    int min_ping_interval_ms = 0;    // that it permits; 0: gRPC's default
    bool health = false;             // with grpc.health.v1
  };

  // What it saw.
  struct Seen {
    int started = 0;
    int cancelled = 0;
    int written = 0;  // messages that left for the transport
    std::string path;
    std::string request;
    std::vector<std::string> requests;  // of all calls, in their order
    Metadata metadata;                  // of the last call
    std::string host;                   // :authority
    bool has_deadline = false;
    std::set<std::string> peers;
    int questions =
        0;  // whether it is there (grpc.health.v1); not counted above
  };

  TestBackend() : TestBackend(Options()) {}
  explicit TestBackend(Options options);
  ~TestBackend();  // as Stop

  int port() const;
  std::string address() const;

  // Chooses the answer to a serialised request.
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
