// How the Api opens streams. Unary calls: api_test.cc.

#include <string>

#include "bridge/gateway/api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/gateway/api_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using testing::WireAnswer;

class ApiStreamTest : public ApiFixture {};

TEST_F(ApiStreamTest, StreamBeginsWithTheStatusLineAndThenItsEvents) {
  const auto client = Ask("GET", "/watch?name=a");
  const auto call = upstream_->WaitCall(0);
  EXPECT_EQ(call->path(), "/test.S/Watch");
  EXPECT_EQ(call->request(),
            "\x0a\x01"
            "a");
  call->Send(Message("x", "1"));
  EXPECT_THAT(client->ReadUntil(EventText("x", "1")),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                    HasSubstr("Content-Type: text/event-stream\r\n"),
                    HasSubstr("retry: 2000\n")));
  EXPECT_EQ(limits_.counts().total, 1);
  client->Close();
  EXPECT_TRUE(call->WaitCancelled());
}

TEST_F(ApiStreamTest, SilentStreamIsOpenedAfterTheGrace) {
  const auto client = Ask("GET", "/watch");
  upstream_->Settle();
  Sync();
  EXPECT_FALSE(client->answered());
  Advance(absl::Seconds(1));
  EXPECT_THAT(client->ReadUntil(": open\n"), HasSubstr("200 OK"));
}

TEST_F(ApiStreamTest, CallThatFailsToOpenIsAnHttpError) {
  const auto client = Ask("GET", "/watch");
  upstream_->WaitCall(0)->End(absl::PermissionDeniedError("not for you"));
  const WireAnswer answer = client->Answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("not for you"));
  EXPECT_EQ(limits_.counts().total, 0);
}

TEST_F(ApiStreamTest, StreamWithoutEventsIs204) {
  const auto client = Ask("GET", "/watch");
  upstream_->WaitCall(0)->End(absl::OkStatus());
  EXPECT_EQ(client->Answer().status, 204);
}

TEST_F(ApiStreamTest, HeadGetsTheHeadersWithoutACall) {
  const WireAnswer answer = AnswerTo("HEAD", "/watch");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.Header("Content-Type"), StartsWith("text/event-stream"));
  EXPECT_THAT(answer.Header("Content-Length"), IsEmpty());
  EXPECT_EQ(upstream_->calls(), 0u);
}

TEST_F(ApiStreamTest, SharedStreamsAreCompressedAndPrivateOnesOnlyIfAsked) {
  const std::string schema = R"(
service S {
  rpc Shared(Request) returns (stream Response) {
    option (google.api.http) = { get: '/shared' response_body: 'text' };
    option (sse.v1.stream) = { shared: true };
  }
  rpc Off(Request) returns (stream Response) {
    option (google.api.http) = { get: '/off' response_body: 'text' };
    option (sse.v1.stream) = { shared: true compress: false };
  }
  rpc Own(Request) returns (stream Response) {
    option (google.api.http) = { get: '/own' response_body: 'text' };
  }
  rpc Mine(Request) returns (stream Response) {
    option (google.api.http) = { get: '/mine' response_body: 'text' };
    option (sse.v1.stream) = { shared: true };
    option (sse.v1.access) = { subject_into: 'user' };
  }
}
message Request { string name = 1; string user = 2; }
message Response { string id = 1; string key = 2; string text = 3; }
)";
  size_t calls = 0;
  const auto head = [&](const std::string& path, HttpHeaders headers) {
    for (auto& header : As("eva")) headers.push_back(header);
    const auto client = Ask("GET", path, headers);
    upstream_->WaitCall(calls++)->Send(Message("x", "1"));
    return client->ReadUntil("\r\n\r\n");
  };
  const auto gzip = HasSubstr("Content-Encoding: gzip\r\n");
  const auto vary = HasSubstr("Vary: Accept-Encoding\r\n");
  const HttpHeaders accepts = {{"Accept-Encoding", "gzip, br"}};
  Create({}, schema);
  EXPECT_THAT(head("/shared?name=a", accepts), AllOf(gzip, vary));
  EXPECT_THAT(head("/shared?name=b", {}), AllOf(Not(gzip), vary));
  EXPECT_THAT(head("/shared?name=c", {{"Accept-Encoding", "gzip;q=0"}}),
              AllOf(Not(gzip), vary));
  EXPECT_THAT(head("/shared?name=d", {{"Accept-Encoding", "gzip"},
                                      {"Accept", "application/x-ndjson"}}),
              AllOf(Not(gzip), Not(vary)));
  EXPECT_THAT(head("/off", accepts), AllOf(Not(gzip), Not(vary)));
  EXPECT_THAT(head("/own", accepts), AllOf(Not(gzip), Not(vary)));
  EXPECT_THAT(head("/mine", accepts), AllOf(Not(gzip), Not(vary)));

  Api::Options options;
  options.compress_exclusive = true;
  Create(options, schema);
  EXPECT_THAT(head("/own", accepts), AllOf(gzip, vary));
  EXPECT_THAT(head("/mine?name=x", accepts), AllOf(gzip, vary));
  EXPECT_THAT(head("/off?name=x", accepts), Not(gzip));

  options.compress = false;
  Create(options, schema);
  EXPECT_THAT(head("/shared?name=x", accepts), AllOf(Not(gzip), Not(vary)));
}

TEST_F(ApiStreamTest, FormatThatDoesNotExistIs406) {
  EXPECT_EQ(AnswerTo("GET", "/watch", {{"Accept", "image/png"}}).status, 406);
  EXPECT_EQ(upstream_->calls(), 0u);
  const auto client =
      Ask("GET", "/watch", {{"Accept", "application/x-ndjson"}});
  upstream_->WaitCall(0)->Send(Message("x", "1"));
  EXPECT_THAT(client->ReadUntil("\"x\""),
              HasSubstr("Content-Type: application/x-ndjson"));
}

TEST_F(ApiStreamTest, StreamsBeyondTheLimitAreRefused) {
  ConnectionLimits::Options one;
  one.per_address = 1;
  limits_.SetOptions(one);
  const auto client = Ask("GET", "/watch");
  EXPECT_EQ(AnswerTo("GET", "/watch").status, 503);
  EXPECT_EQ(upstream_->calls(), 1u);
  upstream_->WaitCall(0)->End(absl::OkStatus());
  EXPECT_EQ(client->Answer().status, 204);
  Ask("GET", "/watch");
  EXPECT_NE(upstream_->WaitCall(1), nullptr);
}

TEST_F(ApiStreamTest, ClientThatLeavesBeforeTheStatusLineEndsItsCall) {
  Ask("GET", "/watch");
  const auto call = upstream_->WaitCall(0);
  exchange_->Abort();
  EXPECT_TRUE(call->WaitCancelled());
}

TEST_F(ApiStreamTest, DrainingRefusesStreamsButNotCalls) {
  api_->StartDraining();
  const WireAnswer answer = AnswerTo("GET", "/watch");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.Header("Retry-After"), "");
  Ask("GET", "/things/a");
  EXPECT_EQ(upstream_->unary_calls(), 1u);
}

TEST_F(ApiStreamTest, DeadlineThatIsShorterThanTheGraceRefuses) {
  const auto client = Ask("GET", "/watch", {{"Grpc-Timeout", "1m"}});
  upstream_->WaitCall(0);
  Advance(absl::Seconds(1));
  EXPECT_EQ(client->Answer().status, 504);
}

TEST_F(ApiStreamTest, EventsCarriesTheStreamsThatTheRequestNames) {
  const auto client = Ask(
      "GET", "/events?stream=a:/watch%3Fname%3D1&stream=b:/watch%3Fname%3D2");
  upstream_->WaitCall(0)->Send(Message("x", "1"));
  upstream_->WaitCall(1)->Send(Message("y", "2"));
  client->ReadUntil("\"x\"");
  EXPECT_THAT(client->ReadUntil("\"y\""),
              AllOf(HasSubstr("event: a\n"), HasSubstr("event: b\n")));
  EXPECT_EQ(limits_.counts().total, 1) << "one connection";
}

TEST_F(ApiStreamTest, EventsRefusesWhatIsNoStream) {
  for (const char* query : {"", "?stream=/nothing", "?stream=/things/a",
                            "?stream=a:/watch&stream=a:/watch"}) {
    const WireAnswer answer = AnswerTo("GET", absl::StrCat("/events", query));
    EXPECT_EQ(answer.status / 100, 4) << query << answer.head << answer.body;
  }
  EXPECT_EQ(upstream_->calls(), 0u);
}

}  // namespace
}  // namespace sse_bridge
