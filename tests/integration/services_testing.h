#ifndef SSE_BRIDGE_TESTS_INTEGRATION_SERVICES_TESTING_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_SERVICES_TESTING_H_

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {

// The five services behind a bridge with its default settings; fresh for each
// test, with no simulated market.
class ServicesTest : public ::testing::Test {
 protected:
  ServicesTest() : backends_(store_.path()), bridge_(backends_.address) {}

  // A token with every scope, and the role admin.
  std::string Everything(const std::string& subject) const {
    return bridge_.Token(
        subject,
        "--role admin --scope notifications:read --scope notifications:write "
        "--scope prices:publish --scope tasks:write");
  }

  // A POST that must succeed; without a body when it is null.
  nlohmann::json Post(const std::string& target, const std::string& token,
                      const nlohmann::json& body) const {
    const HttpAnswer answer =
        bridge_.Call("POST", target, token, body.is_null() ? "" : body.dump());
    EXPECT_EQ(answer.status, 200) << target << " " << answer.body;
    return nlohmann::json::parse(answer.body, nullptr, false);
  }

  // The id of a new notification.
  std::string Notify(const std::string& user, const std::string& title) const {
    return Post("/notifications", writer_,
                {{"user_id", user}, {"title", title}})["id"];
  }

  void Publish(const std::string& symbol, double price) const {
    Post("/prices", writer_, {{"symbol", symbol}, {"price", price}});
  }

  // Ends the backends without a word, and starts them again at their address.
  void KillAndRestartBackends() {
    backends_.process->Signal(SIGKILL);
    backends_.process->Wait();
    backends_ = Backends(store_.path(), backends_.address);
  }

  // The connection to restarted backends comes back after its backoff.
  void WaitForBackends() const {
    WaitFor("the backends", [this] {
      return bridge_.Call("GET", "/channels/c/members", writer_).status == 200;
    });
  }

  TemporaryDirectory store_;
  Backends backends_;
  Bridge bridge_;
  const std::string writer_ = Everything("writer");
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_SERVICES_TESTING_H_
