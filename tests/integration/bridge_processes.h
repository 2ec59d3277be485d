#ifndef SSE_BRIDGE_TESTS_INTEGRATION_BRIDGE_PROCESSES_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_BRIDGE_PROCESSES_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/http_client.h"
#include "tests/integration/process.h"

namespace sse_bridge::testing {

// Runs a shell command; its stdout. Fails the test when it fails.
std::string RunCommand(const std::string& command);

// The same for one that may fail: its exit code, and stdout with stderr.
struct CommandResult {
  int code = -1;
  std::string output;
};
CommandResult TryCommand(const std::string& command);

std::string RepositoryRoot();
std::string BridgeProgram();
std::string BackendsProgram();

// `realtime-backends` on `listen`, with its events in `store`: a directory, or
// what --store takes; in memory when it is empty.
struct Backends {
  Backends(const std::string& store, const std::string& listen = "127.0.0.1:0",
           std::vector<std::string> options = {"--nosimulate_market",
                                               "--presence-grace=50ms"});
  std::unique_ptr<Process> process;
  std::string address;
};

// Node's, of tests/foreign. With `lossy_reflection` its files lose their
// options.
struct ForeignBackend {
  explicit ForeignBackend(bool lossy_reflection = false);
  std::unique_ptr<Process> process;
  std::string address;
};

// The path of the five services' schema with sessions of channels that are
// renewed every 2 s, and so end 6 s after the death of their bridge.
std::string ShortLeaseSchema();

// `sse-bridge` on a free port, with an HMAC key of its own. Methods without
// sse.v1.access are public, unless the options have --default-access=.
struct Bridge {
  enum class Key { kOwn, kNone };
  // `launcher` stands before the program, as in "env NAME=VALUE sse-bridge".
  explicit Bridge(const std::string& upstream,
                  std::vector<std::string> options = {}, Key key = Key::kOwn,
                  std::vector<std::string> launcher = {});

  // A token for the key: options are those of scripts/token.sh.
  std::string Token(const std::string& subject,
                    const std::string& options = "") const;

  // A token with any claims at all, signed with the key.
  std::string Sign(const nlohmann::json& claims) const;

  // A request with a token (none when empty).
  HttpRequest Request(const std::string& verb, const std::string& target,
                      const std::string& token = "",
                      const std::string& body = "") const;
  HttpAnswer Call(const std::string& verb, const std::string& target,
                  const std::string& token = "",
                  const std::string& body = "") const;

  // A stream whose head was read; its status must be 200.
  HttpConnection Stream(const std::string& target,
                        const std::string& token = "",
                        const std::string& last_event_id = "") const;

  TemporaryDirectory directory;
  std::unique_ptr<Process> process;
  std::string address;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_BRIDGE_PROCESSES_H_
