#ifndef SSE_BRIDGE_TESTS_UNIT_GATEWAY_API_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_GATEWAY_API_TESTING_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/gateway/api.h"
#include "gtest/gtest.h"
#include "tests/unit/access/test_keys.h"
#include "tests/unit/feed/feed_testing.h"
#include "tests/unit/http/exchange_testing.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {

// An Api over a fake backend. Requests have no connection.
class ApiFixture : public FeedFixture {
 protected:
  // Response is what Message() encodes, and the events of /watch are
  // EventText().
  static constexpr char kSchema[] = R"(
import "google/api/httpbody.proto";
service S {
  rpc Get(Request) returns (Response) {
    option (google.api.http) = { get: '/things/{name}'
      additional_bindings { post: '/things' body: '*' } };
  }
  rpc Mine(Request) returns (Response) {
    option (google.api.http) = { get: '/mine' };
    option (sse.v1.access) = { subject_into: 'user' };
  }
  rpc Image(Request) returns (google.api.HttpBody) {
    option (google.api.http) = { get: '/image' };
  }
  rpc Watch(Request) returns (stream Response) {
    option (google.api.http) = { get: '/watch' response_body: 'text' };
    option (sse.v1.stream) = { id_from: 'id' };
  }
}
message Request {
  string name = 1 [(buf.validate.field).string.max_len = 5];
  string user = 2;
  int32 number = 3;
}
message Response { string id = 1; string key = 2; string text = 3; }
)";

  void SetUp() override {
    FeedFixture::SetUp();
    auto keys = KeySet::Parse(key_.secret(), "keys");
    ASSERT_TRUE(keys.ok()) << keys.status();
    auto verifier = TokenVerifier::CreateWithKeys({}, *std::move(keys));
    ASSERT_TRUE(verifier.ok()) << verifier.status();
    verifier_ = *std::move(verifier);
    auto tickets = TicketBox::Create("", {});
    ASSERT_TRUE(tickets.ok()) << tickets.status();
    tickets_ = *std::move(tickets);
    // The fixture owns the upstream.
    ASSERT_TRUE(
        router_
            .Add("test.S", std::shared_ptr<Upstream>(std::shared_ptr<void>(),
                                                     upstream_.get()))
            .ok());
    open_streams_ = std::make_unique<OpenStreams>(&denied_, delivery_.get());
    admissions_ =
        std::make_unique<Admissions>(delivery_.get(), LeaveQueue::Limits());
    admitter_ = std::make_unique<Admitter>(&router_, admissions_.get(),
                                           Admitter::Options());
    Authenticator::Parts parts;
    parts.verifier = verifier_.get();
    parts.tickets = tickets_.get();
    authenticator_ = std::make_unique<Authenticator>(
        parts, absl::ZeroDuration(), TokenSourceOptions());
    Create();
  }
  void TearDown() override {
    FeedFixture::TearDown();
    admitter_ = nullptr;  // waits for calls that use the Api
    api_ = nullptr;
  }

  void Create(Api::Options options = {}) { Create(options, kSchema); }
  void Create(Api::Options options, const std::string& schema) {
    Api::Parts parts;
    parts.delivery = delivery_.get();
    parts.upstreams = &router_;
    parts.limits = &limits_;
    parts.call_limits = &call_limits_;
    parts.authenticator = authenticator_.get();
    parts.opener = &opener_;
    parts.admitter = admitter_.get();
    parts.errors = &errors_;
    parts.open_streams = open_streams_.get();
    api_ = std::make_unique<Api>(parts, options, Served(schema));
  }

  static std::shared_ptr<const ServedSchema> Served(const std::string& body) {
    auto schema = LoadTestProto(body);
    EXPECT_TRUE(schema.ok()) << schema.status();
    auto served = ServedSchema::Create(*std::move(schema), {});
    EXPECT_TRUE(served.ok()) << served.status();
    return *std::move(served);
  }

  // Passes a request to the Api, and returns its client.
  std::shared_ptr<testing::TestClient> Ask(const std::string& verb,
                                           const std::string& target,
                                           HttpHeaders headers = {},
                                           const std::string& body = "") {
    auto client = std::make_shared<testing::TestClient>();
    exchange_ =
        testing::MakeExchange(verb, target, std::move(headers), client, body);
    api_->Handle(exchange_);
    return client;
  }
  // The answer to a request that needs no backend.
  testing::WireAnswer AnswerTo(const std::string& verb,
                               const std::string& target,
                               HttpHeaders headers = {},
                               const std::string& body = "") {
    return Ask(verb, target, std::move(headers), body)->Answer();
  }

  // The headers of a request of this user.
  HttpHeaders As(const std::string& subject) const {
    const std::string token = MakeToken(
        key_, "HS256",
        nlohmann::json{{"sub", subject},
                       {"exp", absl::ToUnixSeconds(absl::Now()) + 3600}});
    return {{"Authorization", absl::StrCat("Bearer ", token)}};
  }

  const TestKey key_ = TestKey::Secret(std::string(64, 's'));
  std::unique_ptr<TokenVerifier> verifier_;
  std::unique_ptr<TicketBox> tickets_;
  DenyList denied_;
  UpstreamRouter router_;
  LabelledCounter errors_;
  ConnectionLimits limits_{{}};
  ConnectionLimits call_limits_{{}, nullptr, ConnectionLimits::Kind::kCalls};
  FeedRegistry registry_{&context_};
  StreamOpener opener_{&context_, &router_, &registry_, {}};
  // Created when there is a delivery.
  std::unique_ptr<Admissions> admissions_;
  std::unique_ptr<Admitter> admitter_;
  std::unique_ptr<OpenStreams> open_streams_;
  std::unique_ptr<Authenticator> authenticator_;
  std::shared_ptr<HttpExchange> exchange_;  // of the last request
  std::unique_ptr<Api> api_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_GATEWAY_API_TESTING_H_
