// The HTTP listener of the real program: limits at their bounds, slow and
// silent clients, pipelining, and no descriptors left.

#include <time.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/integration/load_testing.h"

namespace sse_bridge::testing {
namespace {

constexpr size_t kMaxHead = 16 << 10;
constexpr int kMaxHeaders = 100;
constexpr size_t kMaxBody = 1 << 20;
// cpp-httplib's bound of one line is 8 KiB: a large head has several.
constexpr size_t kLine = 4000;

class HttpListenerTest : public LoadTest {
 protected:
  explicit HttpListenerTest(std::vector<std::string> options = {})
      : LoadTest(std::move(options)) {}

  HttpAnswer Raw(const std::string& bytes) const {
    HttpConnection connection(bridge_.address);
    connection.SendRaw(bytes);
    return connection.ReadAnswer();
  }

  // A head of exactly so many bytes.
  static std::string HeadOf(size_t bytes) {
    std::string head = "GET /counts/t HTTP/1.1\r\nHost: x\r\n";
    while (head.size() + 2 < bytes) {
      const size_t left = bytes - head.size() - 2;
      // No header may be left too short to be one.
      const size_t line = left > 2 * kLine ? kLine
                          : left > kLine   ? left / 2
                                           : left;
      head += "X-Pad: " + std::string(line - 9, 'x') + "\r\n";
    }
    return head + "\r\n";
  }

  std::string PublishOf(size_t body_bytes) const {
    std::string body = R"({"count":0})";
    body.append(body_bytes - body.size(), ' ');
    return "POST /publish/t HTTP/1.1\r\nHost: x\r\nContent-Type: "
           "application/json\r\nContent-Length: " +
           std::to_string(body_bytes) + "\r\n\r\n" + body;
  }
};

TEST_F(HttpListenerTest, HeadsEndAtTheirLimit) {
  const std::string most = HeadOf(kMaxHead);
  ASSERT_EQ(most.size(), kMaxHead);
  EXPECT_EQ(Raw(most).status, 200);
  ExpectError(Raw(HeadOf(kMaxHead + 1)), 431);
}

TEST_F(HttpListenerTest, HeadersEndAtTheirLimit) {
  std::string head = "GET /counts/t HTTP/1.1\r\nHost: x\r\n";
  for (int i = 1; i < kMaxHeaders; ++i) head += "X-A: b\r\n";
  EXPECT_EQ(Raw(head + "\r\n").status, 200);
  ExpectError(Raw(head + "X-A: b\r\n\r\n"), 431);
}

TEST_F(HttpListenerTest, BodiesEndAtTheirLimit) {
  EXPECT_EQ(Raw(PublishOf(kMaxBody)).status, 200);
  ExpectError(Raw(PublishOf(kMaxBody + 1)), 413);
}

TEST_F(HttpListenerTest, ConflictingLengthsAreRefused) {
  ExpectError(Raw("POST /publish/t HTTP/1.1\r\nHost: x\r\nContent-Length: 5"
                  "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              400);
  ExpectError(Raw("POST /publish/t HTTP/1.1\r\nHost: x\r\nContent-Length: 5"
                  "\r\nContent-Length: 6\r\n\r\n{}   "),
              400);
}

TEST_F(HttpListenerTest,
       PipelinedRequestsAreAnsweredInOrderAndAStreamMayEndThem) {
  HttpConnection connection(bridge_.address);
  const std::string publish =
      "POST /publish/t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
      "\r\nContent-Length: 11\r\n\r\n{\"count\":1}";
  connection.SendRaw(publish + publish + publish +
                     "GET /ticks?rate=20 HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int n = 1; n <= 3; ++n) {
    const HttpAnswer answer = connection.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(nlohmann::json::parse(answer.body)["last"], n);
  }
  EXPECT_EQ(connection.ReadHead().status, 200);
  EXPECT_TRUE(Data(connection.Event()).contains("t_ns"));
}

TEST_F(HttpListenerTest, KeptAliveConnectionServesManyRequests) {
  HttpConnection connection(bridge_.address);
  for (int n = 1; n <= 50; ++n) {
    connection.Send(
        bridge_.Request("POST", "/publish/t", "", R"({"count":1})"));
    EXPECT_EQ(nlohmann::json::parse(connection.ReadAnswer().body)["last"], n);
  }
}

class SlowClientsTest : public HttpListenerTest {
 protected:
  SlowClientsTest()
      : HttpListenerTest({"--head-timeout", "1s", "--body-timeout", "1s"}) {}
};

TEST_F(SlowClientsTest, UnfinishedRequestsHoldUpNobodyAndAreDropped) {
  constexpr int kOfEach = 100;
  const std::string half_head = "GET /counts/t HTTP/1.1\r\nHos";
  const std::string half_body =
      "POST /publish/t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
      "\r\nContent-Length: 11\r\n\r\n{\"cou";
  std::vector<HttpConnection> silent, slow;
  for (int i = 0; i < kOfEach; ++i) {
    silent.emplace_back(bridge_.address);
    slow.emplace_back(bridge_.address);
    slow.back().SendRaw(i % 2 == 0 ? half_head : half_body);
  }
  HttpConnection stream = Follow("/disconnect/t", "t");
  for (int n = 1; n <= 20; ++n) {
    EXPECT_EQ(Publish("t", 1), n);
    EXPECT_EQ(Data(stream.Event())["n"], n);
  }
  for (HttpConnection& each : slow) ExpectError(each.ReadAnswer(), 408);
  for (HttpConnection& each : silent) EXPECT_TRUE(each.AtEnd());
  EXPECT_EQ(Publish("t", 1), 21);
}

// A bridge with few descriptors.
class DescriptorsTest : public ::testing::Test {
 protected:
  static constexpr int kDescriptors = 120;

  DescriptorsTest()
      : process_({"/bin/sh", "-c",
                  "ulimit -n " + std::to_string(kDescriptors) +
                      " && exec \"$0\" \"$@\"",
                  BridgeProgram(), "--listen", "127.0.0.1:0", "--admin",
                  "127.0.0.1:0", "--upstream", backend_.address,
                  "--descriptor-set", SSE_BRIDGE_LOAD_SCHEMA, "--head-timeout",
                  "1h"}),
        address_(process_.WaitForLine("listening on ")),
        admin_(process_.WaitForLine("admin on ")) {}

  double CpuSeconds() const {
    std::ifstream stat("/proc/" + std::to_string(process_.pid()) + "/stat");
    std::string line;
    std::getline(stat, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

  LoadBackend backend_;
  Process process_;
  std::string address_;
  std::string admin_;
};

TEST_F(DescriptorsTest, SilentConnectionsKeepNobodyOut) {
  EXPECT_NE(process_.Stderr().find("120 descriptors"), std::string::npos);
  HttpConnection stream(address_);
  HttpRequest request;
  request.target = "/ticks?rate=50";
  stream.Send(request);
  EXPECT_EQ(stream.ReadHead().status, 200);
  int n = Data(stream.Event())["n"];

  // More than there are descriptors: the oldest give way.
  std::vector<HttpConnection> silent;
  for (int i = 0; i < 2 * kDescriptors; ++i) silent.emplace_back(address_);
  HttpRequest health;
  health.target = "/healthz";
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 10; ++k) silent.emplace_back(address_);
    EXPECT_EQ(Fetch(admin_, health).status, 200);
    request.target = "/counts/ticks";
    EXPECT_EQ(Fetch(address_, request).status, 200);
  }
  EXPECT_TRUE(silent.front().AtEnd());
  // Nor on the listener of the operator.
  std::vector<HttpConnection> silent_there;
  for (int i = 0; i < kDescriptors; ++i) silent_there.emplace_back(admin_);
  EXPECT_EQ(Fetch(admin_, health).status, 200);
  const double cpu = CpuSeconds();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_LT(CpuSeconds() - cpu, 0.5);

  // The stream goes on, and loses nothing.
  for (int i = 0; i < 40; ++i) ASSERT_EQ(Data(stream.Event())["n"], ++n);
}

}  // namespace
}  // namespace sse_bridge::testing
