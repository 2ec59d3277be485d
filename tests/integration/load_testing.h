#ifndef SSE_BRIDGE_TESTS_INTEGRATION_LOAD_TESTING_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_LOAD_TESTING_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {

// tests/load's backend.
struct LoadBackend {
  LoadBackend()
      : process(std::make_unique<Process>(
            std::vector<std::string>{SSE_BRIDGE_LOAD_BACKEND})),
        address(process->WaitForLine("listening on ")) {}
  std::unique_ptr<Process> process;
  std::string address;
};

// tests/load's backend behind a bridge; fresh for each test.
class LoadTest : public ::testing::Test {
 protected:
  // A small bound makes small tests.
  static constexpr size_t kQueueBytes = 64 << 10;

  explicit LoadTest(std::vector<std::string> options = {})
      : bridge_(backend_.address, WithSchema(std::move(options)),
                Bridge::Key::kNone) {}

  static std::vector<std::string> WithSchema(std::vector<std::string> options) {
    options.insert(options.end(), {"--descriptor-set", SSE_BRIDGE_LOAD_SCHEMA});
    return options;
  }

  // The n of the last item of the topic.
  int Publish(const std::string& topic, int count, int pad = 0,
              int keys = 1) const {
    const HttpAnswer answer = bridge_.Call(
        "POST", "/publish/" + topic, "",
        nlohmann::json{{"count", count}, {"pad", pad}, {"keys", keys}}.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return nlohmann::json::parse(answer.body).value("last", 0);
  }

  // One of the topic's counts: "open", "most", "started", "sent".
  int Count(const std::string& topic, const std::string& name) const {
    const HttpAnswer answer = bridge_.Call("GET", "/counts/" + topic);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return nlohmann::json::parse(answer.body).value(name, 0);
  }

  // A stream whose upstream call has begun.
  HttpConnection Follow(const std::string& target,
                        const std::string& topic) const {
    HttpConnection stream = bridge_.Stream(target);
    WaitFor("the upstream call", [&] { return Count(topic, "open") > 0; });
    return stream;
  }

  LoadBackend backend_;
  Bridge bridge_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_LOAD_TESTING_H_
