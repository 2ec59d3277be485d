// Streams that share one call per backend, with a schema and a Node backend
// that this project's C++ has never seen, and with the project's own.

#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

class MultiplexerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    generated_ = new TemporaryDirectory;
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " + Folder() +
               " --out " + generated_->path());
  }
  static void TearDownTestSuite() { delete generated_; }

  static std::string Folder() {
    return RepositoryRoot() + "/tests/foreign/multiplexer";
  }

  void Start(const Strings& options = {}) {
    Strings command = {"node", Folder() + "/backend.js"};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back(RepositoryRoot() + "/proto");
    backend_ = std::make_unique<Process>(command);
    address_ = backend_->WaitForLine("listening on ");
    if (bridge_ != nullptr) return;
    bridge_ = std::make_unique<Bridge>(
        address_, Strings{"--descriptor-set",
                          generated_->path() + "/descriptors/schema.binpb"});
  }

  HttpConnection Watch(const std::string& owner,
                       const std::string& last_id = "") {
    return bridge_->Stream("/box", bridge_->Token(owner), last_id);
  }
  void Put(const std::string& owner, const std::string& text, int times = 1) {
    const HttpAnswer answer =
        bridge_->Call("POST", "/boxes/" + owner, bridge_->Token("sender"),
                      json({{"text", text}, {"times", times}}).dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  json Counts() {
    return json::parse(
        bridge_->Call("GET", "/counts", bridge_->Token("x")).body, nullptr,
        false);
  }

  static TemporaryDirectory* generated_;
  std::unique_ptr<Process> backend_;
  std::string address_;
  std::unique_ptr<Bridge> bridge_;
};

TemporaryDirectory* MultiplexerTest::generated_ = nullptr;

TEST_F(MultiplexerTest, StreamsShareOneCall) {
  Start();
  constexpr int kStreams = 20;
  {
    std::vector<HttpConnection> streams;
    for (int i = 0; i < kStreams; ++i) {
      streams.push_back(Watch("owner" + std::to_string(i)));
    }
    for (int i = 0; i < kStreams; ++i) {
      const std::string owner = "owner" + std::to_string(i);
      Put(owner, "for " + owner);
      EXPECT_EQ(Data(streams[static_cast<size_t>(i)].Event()), "for " + owner);
    }
    const json counts = Counts();
    EXPECT_EQ(counts["connects"], 1);
    EXPECT_EQ(counts.value("ordinary", 0), 0);
    EXPECT_EQ(counts["watches"], kStreams);
    EXPECT_NE(counts.value("traceparent", ""), "") << "metadata arrive";
  }
  WaitFor("the calls to be cancelled",
          [&] { return Counts().value("watches", 0) == 0; });
}

TEST_F(MultiplexerTest, OrdinaryBackendWorksWithoutIt) {
  Start({"--ordinary"});
  HttpConnection ann = Watch("ann"), ben = Watch("ben");
  Put("ann", "hello");
  EXPECT_EQ(Data(ann.Event()), "hello");
  EXPECT_EQ(Counts()["ordinary"], 2);
}

TEST_F(MultiplexerTest, RefusalIsAnHttpError) {
  Start();
  ExpectError(bridge_->Call("GET", "/box", bridge_->Token("mallory")), 403,
              "no box for mallory");
  EXPECT_EQ(Counts().value("ordinary", 0), 0);
}

TEST_F(MultiplexerTest, EndOfTheStreamComesAfterItsEvents) {
  Start();
  HttpConnection stream = Watch("ann");
  Put("ann", "first");
  Put("ann", "last");
  EXPECT_EQ(Data(stream.Event()), "first");
  EXPECT_EQ(Data(stream.Event()), "last");
  ExpectStatusEvent(stream.Event(), 0);
}

TEST_F(MultiplexerTest, SlowBrowserHoldsOnlyItsOwnStream) {
  Start();
  HttpConnection slow = Watch("slow"), other = Watch("other");
  // More than the sockets between them hold, less than the backend keeps.
  const std::string text(20'000, 'x');
  for (int i = 0; i < 9; ++i) Put("slow", text, 100);
  for (int i = 0; i < 5; ++i) {
    Put("other", "quick");
    EXPECT_EQ(Data(other.Event()), "quick");
  }
  for (int i = 0; i < 900; ++i) {
    const SseEvent event = slow.Event();
    ASSERT_EQ(event.id, std::to_string(i + 1));
    ASSERT_EQ(event.data.size(), text.size() + 2);
  }
}

TEST_F(MultiplexerTest, StreamsResumeAfterTheLossOfTheirCall) {
  Start();
  const std::string port = address_.substr(address_.rfind(':') + 1);
  HttpConnection ann = Watch("ann"), ben = Watch("ben");
  Put("ann", "before");
  EXPECT_EQ(ann.Event().id, "1");
  backend_->Signal(SIGKILL);
  backend_->Wait();
  Start({"--port", port});
  WaitFor("the streams to be open again",
          [&] { return Counts().value("watches", 0) == 2; });
  EXPECT_EQ(Counts()["connects"], 1);
  EXPECT_EQ(Counts().value("ordinary", 0), 0);
  Put("ann", "after");
  EXPECT_EQ(Data(ann.Event()), "after");
  Put("ben", "after");
  EXPECT_EQ(Data(ben.Event()), "after");
}

TEST_F(MultiplexerTest, DeadlineOfTheClientEndsItsStream) {
  Start();
  HttpRequest request = bridge_->Request("GET", "/box", bridge_->Token("ann"));
  request.headers.emplace_back("Grpc-Timeout", "500m");
  HttpConnection stream(bridge_->address);
  stream.Send(request);
  EXPECT_EQ(stream.ReadHead().status, 200);
  ExpectStatusEvent(stream.Event(), 4);
  WaitFor("the handler to be cancelled",
          [&] { return Counts().value("watches", 0) == 0; });
}

TEST(OwnBackendsTest, NotificationsAndTasksShareACallAndOthersDoNot) {
  TemporaryDirectory files;
  Backends backends(files.path());
  Bridge bridge(backends.address, {"--admin=127.0.0.1:0"});
  const std::string admin = bridge.process->WaitForLine("admin on ");
  const std::string token =
      bridge.Sign({{"sub", "ann"},
                   {"exp", 4102444800},
                   {"scope", "notifications:read tasks:write"}});
  const HttpAnswer task =
      bridge.Call("POST", "/tasks", token, json({{"task_id", "t"}}).dump());
  EXPECT_EQ(task.status, 200) << task.body;
  HttpConnection box = bridge.Stream("/notifications/stream", token);
  HttpConnection progress = bridge.Stream("/tasks/t/progress", token);
  HttpConnection prices = bridge.Stream("/prices/stream?symbols=AAPL", token);
  HttpRequest request;
  request.target = "/metrics";
  const HttpAnswer metrics = Fetch(admin, request);
  EXPECT_NE(metrics.body.find("sse_bridge_multiplexed_streams 2\n"),
            std::string::npos)
      << metrics.body;
}

}  // namespace
}  // namespace sse_bridge::testing
