// Routing, access, binding and unary calls. Streams: api_stream_test.cc.

#include "bridge/gateway/api.h"

#include <nlohmann/json.hpp>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/gateway/api_testing.h"

namespace sse_bridge {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Pair;
using testing::WireAnswer;

class ApiTest : public ApiFixture {};

TEST_F(ApiTest, UnaryCallIsAnsweredWithItsResponse) {
  const auto client = Ask("GET", "/things/a?number=7");
  const auto call = upstream_->WaitUnary(0);
  EXPECT_EQ(call->path(), "/test.S/Get");
  EXPECT_EQ(call->request(),
            "\x0a\x01"
            "a"
            "\x18\x07");
  EXPECT_THAT(call->metadata(), Contains(Key("traceparent")));
  EXPECT_FALSE(client->answered());
  call->Finish(absl::OkStatus(), Message("hello", "1"));
  const WireAnswer answer = client->Answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Type"), "application/json");
  EXPECT_EQ(answer.Header("Cache-Control"), "no-store");
  EXPECT_EQ(json::parse(answer.body), json({{"id", "1"}, {"text", "hello"}}));
}

TEST_F(ApiTest, BodyIsBound) {
  const auto client = Ask("POST", "/things", {}, R"({"name":"b","number":2})");
  EXPECT_EQ(upstream_->WaitUnary(0)->request(),
            "\x0a\x01"
            "b"
            "\x18\x02");
}

TEST_F(ApiTest, ErrorOfTheBackendBecomesAnHttpError) {
  const auto client = Ask("GET", "/things/a");
  upstream_->WaitUnary(0)->Finish(absl::NotFoundError("no such thing"), "");
  const WireAnswer answer = client->Answer();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(json::parse(answer.body)["error"]["message"], "no such thing");
}

TEST_F(ApiTest, HttpBodyIsSentAsItIs) {
  const auto client = Ask("GET", "/image");
  upstream_->WaitUnary(0)->Finish(absl::OkStatus(),
                                  "\x0a\x09"
                                  "image/png"
                                  "\x12\x02"
                                  "xy");
  const WireAnswer answer = client->Answer();
  EXPECT_EQ(answer.Header("Content-Type"), "image/png");
  EXPECT_EQ(answer.body, "xy");
}

TEST_F(ApiTest, UnknownPathIs404AndAnotherVerbIs405) {
  EXPECT_EQ(AnswerTo("GET", "/nothing").status, 404);
  const WireAnswer refused = AnswerTo("DELETE", "/things");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.Header("Allow"), "POST");
  const WireAnswer options = AnswerTo("OPTIONS", "/things");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.Header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(AnswerTo("PUT", "/events").Header("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(upstream_->unary_calls(), 0u);
}

TEST_F(ApiTest, MalformedRequestIsRefusedBeforeTheCall) {
  const std::pair<const char*, const char*> kTargets[] = {
      {"/things/%zz", "%zz"},
      {"/things/a?number=x", "number"},
      {"/things/a?nobody=x", "nobody"},
      {"/things/a?number=1&number=2", "number"},
      {"/things/toolong", "name"},  // a validation rule
  };
  for (const auto& [target, named] : kTargets) {
    const WireAnswer answer = AnswerTo("GET", target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_THAT(answer.body, HasSubstr(named)) << target;
  }
  EXPECT_EQ(AnswerTo("POST", "/things", {}, "{").status, 400);
  EXPECT_EQ(upstream_->unary_calls(), 0u);
  EXPECT_THAT(errors_.Snapshot(),
              Contains(Pair(Pair("INVALID_ARGUMENT", ""), 6)));
}

TEST_F(ApiTest, MethodForAUserIsRefusedWithoutAToken) {
  const WireAnswer answer = AnswerTo("GET", "/mine");
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.Header("WWW-Authenticate"), HasSubstr("Bearer"));
  EXPECT_EQ(upstream_->unary_calls(), 0u);
}

TEST_F(ApiTest, SubjectComesFromTheTokenAlone) {
  const auto client = Ask("GET", "/mine", As("ada"));
  const auto call = upstream_->WaitUnary(0);
  EXPECT_EQ(call->request(),
            "\x12\x03"
            "ada");
  EXPECT_THAT(call->metadata(), Contains(Pair("x-sse-subject", "ada")));
  const WireAnswer answer = AnswerTo("GET", "/mine?user=bob", As("ada"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("user"));
  EXPECT_EQ(upstream_->unary_calls(), 1u);
}

TEST_F(ApiTest, CallsInProgressAreLimited) {
  ConnectionLimits::Options one;
  one.per_address = 1;
  call_limits_.SetOptions(one);
  const auto client = Ask("GET", "/things/a");
  EXPECT_EQ(AnswerTo("GET", "/things/a").status, 429);
  upstream_->WaitUnary(0)->Finish(absl::OkStatus(), "");
  EXPECT_EQ(client->Answer().status, 200);
  // A refused request does not keep its slot either.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(AnswerTo("GET", "/things/a?number=x").status, 400);
  }
  Ask("GET", "/things/a");
  EXPECT_EQ(upstream_->unary_calls(), 2u);
}

TEST_F(ApiTest, CallOfAClientThatHasLeftIsCancelled) {
  Ask("GET", "/things/a");
  exchange_->Abort();
  EXPECT_TRUE(upstream_->WaitUnary(0)->WaitCancelled());
}

TEST_F(ApiTest, ClientMayShortenTheDeadlineButNotProlongIt) {
  Api::Options options;
  options.request_timeout = absl::Minutes(10);
  Create(options);
  const absl::Time now = clock_.WallTime();
  Ask("GET", "/things/a", {{"Grpc-Timeout", "1M"}});
  Ask("GET", "/things/a", {{"Grpc-Timeout", "99H"}});
  EXPECT_EQ(upstream_->WaitUnary(0)->deadline(), now + absl::Minutes(1));
  EXPECT_EQ(upstream_->WaitUnary(1)->deadline(), now + absl::Minutes(10));
  EXPECT_EQ(AnswerTo("GET", "/things/a", {{"Grpc-Timeout", "soon"}}).status,
            400);
}

TEST_F(ApiTest, MethodWithoutABackendIsUnavailable) {
  router_ = UpstreamRouter();
  const WireAnswer answer = AnswerTo("GET", "/things/a");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("/test.S/Get"));
}

TEST_F(ApiTest, TicketIsIssuedForATokenAlone) {
  EXPECT_EQ(AnswerTo("POST", "/auth/ticket").status, 401);
  EXPECT_EQ(AnswerTo("GET", "/auth/ticket", As("ada")).Header("Allow"), "POST");
  const WireAnswer answer = AnswerTo("POST", "/auth/ticket", As("ada"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Cache-Control"), "no-store");
  const std::string ticket = json::parse(answer.body)["ticket"];
  // It stands for the token once, but not to get another ticket.
  EXPECT_EQ(AnswerTo("POST", "/auth/ticket?ticket=" + ticket).status, 401);
  Ask("GET", "/mine?ticket=" + ticket);
  EXPECT_EQ(upstream_->WaitUnary(0)->request(),
            "\x12\x03"
            "ada");
  EXPECT_EQ(AnswerTo("GET", "/mine?ticket=" + ticket).status, 401);
}

TEST_F(ApiTest, DocumentsAreForThoseWhomTheOptionNames) {
  for (const char* path : {"/schema.json", "/openapi.json"}) {
    EXPECT_EQ(AnswerTo("GET", path).status, 200) << path;
    EXPECT_EQ(AnswerTo("POST", path).Header("Allow"), "GET, HEAD") << path;
  }
  Api::Options options;
  options.documents = Api::Documents::kAuthenticated;
  Create(options);
  EXPECT_EQ(AnswerTo("GET", "/schema.json").status, 401);
  EXPECT_EQ(AnswerTo("GET", "/schema.json", As("ada")).status, 200);
  options.documents = Api::Documents::kOff;
  Create(options);
  EXPECT_EQ(AnswerTo("GET", "/schema.json", As("ada")).status, 404);
}

TEST_F(ApiTest, RequestKeepsTheSchemaThatItBeganWith) {
  const auto client = Ask("GET", "/things/a");
  api_->Replace(
      Served("service S { rpc New(Request) returns (Request) {"
             " option (google.api.http) = { get: '/new' }; } }\n"
             "message Request { string name = 1; }"));
  EXPECT_EQ(AnswerTo("GET", "/things/a").status, 404);
  Ask("GET", "/new");
  EXPECT_EQ(upstream_->WaitUnary(1)->path(), "/test.S/New");
  upstream_->WaitUnary(0)->Finish(absl::OkStatus(), Message("x"));
  EXPECT_EQ(json::parse(client->Answer().body), json({{"text", "x"}}));
}

}  // namespace
}  // namespace sse_bridge
