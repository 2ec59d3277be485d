// Whatever texts come from backends and clients, they stay what they are: no
// line of an event stream, of a head or of the log begins within them.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

// CR, LF, both, NUL, and what they would bring in, percent-encoded.
const std::vector<std::string>& Breaks() {
  static const auto* breaks = new std::vector<std::string>{
      "%0D", "%0A", "%0D%0A", "%0A%0A", "%00", "%0D%0D", "%E2%80%A8", "%C2%85"};
  return *breaks;
}

class InjectionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    generated_ = new TemporaryDirectory;
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
               RepositoryRoot() + "/tests/foreign/proto --out " +
               generated_->path());
    backend_ = new ForeignBackend;
    bridge_ = new Bridge(
        backend_->address,
        {"--descriptor-set", generated_->path() + "/descriptors/schema.binpb",
         "--log-level", "trace", "--cors-origin", "https://*.example.com",
         "--auth-query"});
  }
  static void TearDownTestSuite() {
    delete bridge_;
    delete backend_;
    delete generated_;
  }

  // All bytes of the answer, to the end of the connection.
  static std::string Raw(const HttpRequest& request) {
    HttpConnection connection(bridge_->address);
    HttpRequest once = request;
    once.headers.emplace_back("Connection", "close");
    connection.Send(once);
    return connection.ReadRaw();
  }
  static std::string Raw(const std::string& target) {
    return Raw(bridge_->Request("GET", target));
  }

  static TemporaryDirectory* generated_;
  static ForeignBackend* backend_;
  static Bridge* bridge_;
};

TemporaryDirectory* InjectionTest::generated_ = nullptr;
ForeignBackend* InjectionTest::backend_ = nullptr;
Bridge* InjectionTest::bridge_ = nullptr;

TEST_F(InjectionTest, DataStartsNoLineOfAnEvent) {
  for (const std::string& broken : Breaks()) {
    SCOPED_TRACE(broken);
    const std::string evil = "a" + broken + "id:%20evil" + broken +
                             "data:%20evil" + broken + broken + "event:%20evil";
    HttpConnection stream = bridge_->Stream("/v2/say?name=" + evil +
                                            "&id=" + evil + "&text=" + evil);
    const SseEvent event = stream.Event();
    EXPECT_EQ(event.event.substr(0, 1), "a");
    EXPECT_NE(event.event, "a");
    EXPECT_NE(event.id, "evil");
    EXPECT_EQ(event.id.find_first_of(std::string("\r\n\0", 3)),
              std::string::npos);
    // As JSON the text is whole.
    const nlohmann::json data = Data(event);
    ASSERT_TRUE(data.is_object());
    EXPECT_EQ(data["text"].get<std::string>().substr(0, 1), "a");
    EXPECT_NE(data["text"].get<std::string>().find("event: evil"),
              std::string::npos);
    ExpectStatusEvent(stream.Event(), 0);
    EXPECT_FALSE(stream.NextBlock().has_value());
  }
}

TEST_F(InjectionTest, BackendErrorTextsBreakNeitherFramesNorHeads) {
  for (const std::string& broken : Breaks()) {
    if (broken == "%00") continue;  // not of gRPC's own messages
    SCOPED_TRACE(broken);
    const std::string evil = "a" + broken + "event:%20evil" + broken + broken +
                             "data:%20evil" + broken + "Set-Cookie:%20a=b";
    HttpConnection stream =
        bridge_->Stream("/v2/fail/9?after_first=true&message=" + evil);
    stream.Event();
    const SseEvent end = stream.Event();
    EXPECT_EQ(end.event, "grpc-status");
    EXPECT_EQ(Data(end)["code"], 9);
    // And then no more than when to come back.
    while (const auto last = stream.NextBlock()) {
      EXPECT_NE(last->retry, "");
      EXPECT_EQ(last->event + last->data + last->id, "");
    }
    const HttpAnswer answer =
        bridge_->Call("GET", "/v2/fail/9?message=" + evil);
    ExpectError(answer, 400, "Set-Cookie");
    EXPECT_EQ(answer.headers.count("set-cookie"), 0u);
  }
}

TEST_F(InjectionTest, AnswersAreNotSplit) {
  for (const std::string& broken : Breaks()) {
    SCOPED_TRACE(broken);
    const std::string evil = "text/html" + broken + "Set-Cookie:%20a=b" +
                             broken + broken + "<script>";
    for (const std::string& target :
         {"/v2/picture?type=" + evil, "/v2/nowhere/" + evil,
          "/v2/say?unknown=" + evil, "/v2/count/" + evil,
          "/v2/say?ticket=" + evil, "/v2/whoami?access_token=" + evil,
          "/events?stream=" + evil, "/v2/say?name=a&last_event_id=" + evil}) {
      const std::string raw = Raw(target);
      EXPECT_EQ(raw.substr(0, 9), "HTTP/1.1 ") << target;
      const std::string head = raw.substr(0, raw.find("\r\n\r\n"));
      EXPECT_EQ(head.find("\r\nSet-Cookie"), std::string::npos) << raw;
      EXPECT_EQ(head.find('\0'), std::string::npos);
      EXPECT_EQ(raw.find("\nSet-Cookie"), std::string::npos) << raw;
    }
  }
  // What is echoed into headers is checked first.
  for (const std::string& evil : {std::string("https://a.example.com\rX: y"),
                                  std::string("https://a.example.com\nX: y")}) {
    HttpRequest request = bridge_->Request("GET", "/v2/say?name=a");
    request.headers.emplace_back("Origin", evil);
    const std::string raw = Raw(request);
    EXPECT_EQ(raw.substr(0, 12), "HTTP/1.1 400");
    EXPECT_EQ(raw.find("\nX: y"), std::string::npos);
  }
}

TEST_F(InjectionTest, RawBodiesArePagesOfNobody) {
  const HttpAnswer answer = bridge_->Call(
      "GET", "/v2/picture?type=text/html&data=%3Cscript%3E1%3C/script%3E");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/html");
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  EXPECT_NE(answer.headers.at("content-security-policy").find("sandbox"),
            std::string::npos);
  const HttpAnswer odd =
      bridge_->Call("GET", "/v2/picture?type=text/html%0D%0AX:%20y&data=x");
  EXPECT_EQ(odd.headers.at("content-type"), "application/octet-stream");
}

TEST_F(InjectionTest, EveryAnswerSaysThatItIsWhatItSays) {
  for (const char* target : {"/", "/nowhere", "/v2/sites/a/telescopes/b",
                             "/v2/say?name=a", "/schema.json"}) {
    HttpConnection connection(bridge_->address);
    connection.Send(bridge_->Request("GET", target));
    EXPECT_EQ(connection.ReadHead().headers["x-content-type-options"],
              "nosniff")
        << target;
  }
}

TEST_F(InjectionTest, PathsLeadOnlyToWhatIsServed) {
  for (const char* target :
       {"/../../etc/passwd", "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd", "/pages/../../etc/passwd", "//etc/passwd",
        "/index.html%00.png", "/....//....//etc/passwd", "/..\\..\\etc\\passwd",
        "/./../etc/passwd"}) {
    const HttpAnswer answer = bridge_->Call("GET", target);
    EXPECT_GE(answer.status, 400) << target;
    EXPECT_EQ(answer.body.find("root:"), std::string::npos) << target;
  }
}

TEST_F(InjectionTest, LogLinesAreTheBridgesOwn) {
  // Texts of clients and backends, each with a line of its own in it.
  const std::string evil =
      "x%0D%0A%5B2026-01-01%2000:00:00.000%5D%20forged%1B%5B2K";
  bridge_->Call("GET", "/v2/fail/14?message=" + evil);
  bridge_->Call("GET", "/v2/" + evil);
  bridge_->Call("GET", "/v2/say?name=a&access_token=" + evil);
  const std::string log = bridge_->process->Stderr();
  EXPECT_EQ(log.find("\n[2026-01-01"), std::string::npos) << log;
  for (const char c : log) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << int{c};
  }
}

}  // namespace
}  // namespace sse_bridge::testing
