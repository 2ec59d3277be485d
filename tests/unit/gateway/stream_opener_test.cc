#include "bridge/gateway/stream_opener.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/feed/reset_event.h"
#include "bridge/transcode/query_params.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using Answer = Browser::Answer;

// Response is what Message() encodes, and its events are EventText().
constexpr char kSchema[] = R"(
import "google/api/httpbody.proto";
service S {
  rpc Shared(Request) returns (stream Response) {
    option (google.api.http) = { get: '/shared' response_body: 'text' };
    option (sse.v1.stream) = { shared: true id_from: 'id' };
  }
  rpc Parts(Request) returns (stream Response) {
    option (google.api.http) = { get: '/parts' response_body: 'text' };
    option (sse.v1.stream) = { share_by: 'names' };
  }
  rpc Own(Request) returns (stream Response) {
    option (google.api.http) = { get: '/own' response_body: 'text' };
    option (sse.v1.stream) = { id_from: 'id' resume_into: 'after' };
  }
  rpc Bytes(Request) returns (stream google.api.HttpBody) {
    option (google.api.http) = { get: '/bytes' };
  }
}
message Request { repeated string names = 1; string after = 2; }
message Response { string id = 1; string key = 2; string text = 3; }
)";

constexpr char kAddress[] = "192.0.2.1";

std::string NamesOnWire(const std::string& name) {
  return absl::StrCat("\x0a", std::string(1, static_cast<char>(name.size())),
                      name);
}

// What differs among requests.
struct Opening {
  std::optional<Identity> identity;
  std::string address = kAddress;
  Metadata forwarded;
  std::vector<ResumePoint> resume;  // empty: a first visit
  bool raw = false;
  MembershipOptions::Mode mode = MembershipOptions::Mode::kStream;
};

// A point of a browser that comes back.
ResumePoint After(const std::string& id) {
  ResumePoint point;
  point.after = id;
  point.returning = true;
  return point;
}

class StreamOpenerTest : public FeedFixture {
 protected:
  void SetUp() override {
    FeedFixture::SetUp();
    auto schema = LoadTestProto(kSchema);
    ASSERT_TRUE(schema.ok()) << schema.status();
    auto served = ServedSchema::Create(*std::move(schema), {});
    ASSERT_TRUE(served.ok()) << served.status();
    served_ = *std::move(served);
    Create("");
  }
  void TearDown() override {
    FeedFixture::TearDown();
    opener_ = nullptr;
    registry_ = nullptr;
  }

  // An opener whose one backend serves `service`; empty: any service.
  void Create(const std::string& service, size_t feeds_per_address = 0) {
    router_ = UpstreamRouter();
    // The fixture owns the upstream.
    ASSERT_TRUE(router_
                    .Add(service, std::shared_ptr<Upstream>(
                                      std::shared_ptr<void>(), upstream_.get()))
                    .ok());
    registry_ = std::make_unique<FeedRegistry>(&context_, feeds_per_address);
    opener_ = std::make_unique<StreamOpener>(
        &context_, &router_, registry_.get(), StreamOpener::Options());
  }

  // Opens a stream as the Api does; its browser is answered if this succeeds.
  absl::Status Open(const std::string& path, const std::string& query,
                    const Opening& opening = {},
                    std::shared_ptr<Browser> browser = nullptr) {
    if (browser == nullptr) browser = NewBrowser();
    const RouteMatch match = served_->schema().Match("GET", path);
    if (match.route == nullptr) return absl::NotFoundError(path);
    const ServedRoute& route = served_->Find(match.route);
    std::unique_ptr<google::protobuf::Message> request(
        route.request_prototype->New());
    const auto params = ParseQuery(query);
    EXPECT_TRUE(params.ok()) << params.status();
    const absl::Status bound =
        route.binder->Bind({}, *params, std::nullopt, request.get());
    EXPECT_TRUE(bound.ok()) << bound;
    Subscription::Options options;
    options.raw = opening.raw;
    browser->subscription = std::make_shared<Subscription>(
        delivery_.get(), options,
        std::make_unique<BrowserResponder>(delivery_.get(), browser));
    const std::vector<ResumePoint> resume =
        opening.resume.empty()
            ? FindResumePoints(route.method(), *request, opening.identity,
                               std::nullopt, false)
                  .points
            : opening.resume;
    const absl::Status opened = opener_->Open(
        served_, route, *request, opening.identity, opening.address,
        opening.forwarded, resume, opening.mode, /*tag=*/0, "00-trace",
        browser->subscription, opening.raw);
    if (opened.ok()) {
      browser->subscription->Start();
    } else {
      browser->subscription->Abandon();
    }
    return opened;
  }

  std::shared_ptr<Browser> NewBrowser() {
    browsers_.push_back(std::make_shared<Browser>());
    return browsers_.back();
  }

  std::shared_ptr<const ServedSchema> served_;
  UpstreamRouter router_;
  std::unique_ptr<FeedRegistry> registry_;
  std::unique_ptr<StreamOpener> opener_;
  std::vector<std::shared_ptr<Browser>> browsers_;
};

Identity User(const std::string& subject) {
  Identity identity;
  identity.subject = subject;
  return identity;
}

TEST_F(StreamOpenerTest, IdenticalRequestsForASharedStreamAreOneCall) {
  ASSERT_TRUE(Open("/shared", "names=a").ok());
  ASSERT_TRUE(Open("/shared", "names=a").ok());
  EXPECT_EQ(upstream_->calls(), 1u);
  ASSERT_TRUE(Open("/shared", "names=b").ok());
  EXPECT_EQ(upstream_->calls(), 2u);
  const auto call = upstream_->WaitCall(0);
  EXPECT_EQ(call->path(), "/test.S/Shared");
  EXPECT_EQ(call->request(), NamesOnWire("a"));
  call->Send(Message("x", "1"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(browsers_[i]->WaitAnswer(), Answer::kStream);
    EXPECT_TRUE(browsers_[i]->stream.ReadUntil(EventText("x", "1")));
  }
}

TEST_F(StreamOpenerTest, StreamThatIsNotSharedIsACallPerRequest) {
  ASSERT_TRUE(Open("/own", "names=a").ok());
  ASSERT_TRUE(Open("/own", "names=a").ok());
  EXPECT_EQ(upstream_->calls(), 2u);
  EXPECT_EQ(registry_->size(), 0u);
}

// The backend's response may depend on it.
TEST_F(StreamOpenerTest, OnlyRequestsWithEqualMetadataShareACall) {
  Opening german, french;
  german.forwarded = {{"accept-language", "de"}};
  french.forwarded = {{"accept-language", "fr"}};
  ASSERT_TRUE(Open("/shared", "", german).ok());
  ASSERT_TRUE(Open("/shared", "", french).ok());
  ASSERT_TRUE(Open("/shared", "", german).ok());
  EXPECT_EQ(upstream_->calls(), 2u);
  EXPECT_THAT(upstream_->WaitCall(1)->metadata(),
              AllOf(Contains(Pair("accept-language", "fr")),
                    Contains(Pair("traceparent", "00-trace"))));
}

// Otherwise the first user's name would be on a call that serves others.
TEST_F(StreamOpenerTest, SubjectIsSentOnlyWithACallForOneUser) {
  Opening opening;
  opening.identity = User("ada");
  ASSERT_TRUE(Open("/shared", "", opening).ok());
  ASSERT_TRUE(Open("/own", "", opening).ok());
  EXPECT_THAT(upstream_->WaitCall(0)->metadata(),
              Not(Contains(Key("x-sse-subject"))));
  EXPECT_THAT(upstream_->WaitCall(1)->metadata(),
              Contains(Pair("x-sse-subject", "ada")));
  EXPECT_TRUE(IdentityMetadata(std::nullopt).empty());
}

TEST_F(StreamOpenerTest, EachElementOfShareByIsAFeedOfItsOwn) {
  ASSERT_TRUE(Open("/parts", "names=a&names=b&names=a").ok());
  ASSERT_EQ(upstream_->calls(), 2u);
  EXPECT_EQ(upstream_->WaitCall(0)->request(), NamesOnWire("a"));
  EXPECT_EQ(upstream_->WaitCall(1)->request(), NamesOnWire("b"));
  ASSERT_TRUE(Open("/parts", "names=b").ok());
  EXPECT_EQ(upstream_->calls(), 2u);
  for (int i = 0; i < 2; ++i) upstream_->WaitCall(i)->Send(Message("first"));
  for (const auto& browser : browsers_) {
    EXPECT_EQ(browser->WaitAnswer(), Answer::kStream);
  }
  upstream_->WaitCall(1)->Send(Message("x"));
  for (const auto& browser : browsers_) {
    EXPECT_TRUE(browser->stream.ReadUntil(EventText("x")));
  }
}

TEST_F(StreamOpenerTest, MethodWithoutABackendIsUnavailable) {
  Create("other.Service");
  const absl::Status refused = Open("/shared", "");
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("/test.S/Shared"));
  EXPECT_EQ(upstream_->calls(), 0u);
}

TEST_F(StreamOpenerTest, RequestBeyondTheAddressesQuotaStartsNoCall) {
  Create("", /*feeds_per_address=*/2);
  EXPECT_TRUE(
      absl::IsResourceExhausted(Open("/parts", "names=a&names=b&names=c")));
  EXPECT_EQ(upstream_->calls(), 0u);
  EXPECT_TRUE(Open("/parts", "names=a&names=b").ok());
  EXPECT_EQ(upstream_->calls(), 2u);
  EXPECT_TRUE(absl::IsResourceExhausted(Open("/parts", "names=c")));
  EXPECT_TRUE(Open("/parts", "names=b").ok()) << "it runs already";
  Opening elsewhere;
  elsewhere.address = "192.0.2.2";
  EXPECT_TRUE(Open("/parts", "names=c", elsewhere).ok());
}

TEST_F(StreamOpenerTest, ExclusiveStreamsCountForAddressesOfAnonymousUsers) {
  Create("", /*feeds_per_address=*/1);
  EXPECT_TRUE(Open("/own", "").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Open("/own", "")));
  Opening opening;
  opening.identity = User("ada");
  EXPECT_TRUE(Open("/own", "", opening).ok()) << "counts for the user";
}

TEST_F(StreamOpenerTest, CallResumesAfterTheIdThatTheBrowserHas) {
  Opening opening;
  opening.resume = {After("7")};
  ASSERT_TRUE(Open("/own", "names=a", opening).ok());
  EXPECT_EQ(upstream_->WaitCall(0)->request(), NamesOnWire("a") +
                                                   "\x12\x01"
                                                   "7");
}

TEST_F(StreamOpenerTest, StreamThatCannotResumeBeginsWithAReset) {
  // One id is the bridge's own, and the other one belongs to nothing.
  Opening own, unknown;
  own.resume = {After("sse-bridge:lost")};
  unknown.resume = {After("")};
  unknown.resume[0].unknown = "x";
  for (const auto& [opening, id] :
       {std::pair(own, "sse-bridge:lost"), std::pair(unknown, "x")}) {
    const auto browser = NewBrowser();
    const size_t number = upstream_->calls();
    ASSERT_TRUE(Open("/own", "names=a", opening, browser).ok());
    const auto call = upstream_->WaitCall(number);
    EXPECT_EQ(call->request(), NamesOnWire("a")) << "from the beginning";
    call->Send(Message("first", "1"));
    EXPECT_TRUE(browser->stream.ReadUntil(EventText("first", "1")));
    EXPECT_EQ(
        browser->stream.received,
        absl::StrCat(ResetFrame(id, "")->payload(), EventText("first", "1")));
  }
}

TEST_F(StreamOpenerTest, EarlyLossEndsAStreamButNotOneOfABundle) {
  const auto alone = NewBrowser();
  ASSERT_TRUE(Open("/own", "", {}, alone).ok());
  Opening bundled;
  bundled.mode = MembershipOptions::Mode::kBundle;
  const auto bundle = NewBrowser();
  ASSERT_TRUE(Open("/own", "", bundled, bundle).ok());
  upstream_->WaitCall(1);
  // The backends are silent: the status line does not wait for them.
  Advance(absl::Seconds(1));
  EXPECT_EQ(alone->WaitAnswer(), Answer::kStream);
  EXPECT_EQ(bundle->WaitAnswer(), Answer::kStream);
  for (const size_t call : {0, 1}) {
    upstream_->WaitCall(call)->End(absl::UnavailableError("lost"));
  }
  EXPECT_TRUE(
      alone->stream.ReadUntil(StatusEventText(absl::UnavailableError("lost"))));
  upstream_->Settle();
  Advance(absl::Seconds(5));
  upstream_->WaitCall(2)->Send(Message("late", "1"));
  EXPECT_TRUE(bundle->stream.ReadUntil(EventText("late", "1")));
}

TEST_F(StreamOpenerTest, PartThatIsOverIsNotCalledAgain) {
  Opening opening;
  opening.resume = {After(""), After("")};
  opening.resume[0].over = true;
  ASSERT_TRUE(Open("/parts", "names=a&names=b", opening).ok());
  ASSERT_EQ(upstream_->calls(), 1u);
  EXPECT_EQ(upstream_->WaitCall(0)->request(), NamesOnWire("b"));
}

TEST_F(StreamOpenerTest, RawBytesArePassedOnAsTheyAre) {
  Opening opening;
  opening.raw = true;
  ASSERT_TRUE(Open("/bytes", "", opening).ok());
  const auto call = upstream_->WaitCall(0);
  call->Send(
      "\x0a\x03"
      "a/b"
      "\x12\x02"
      "xy");
  EXPECT_EQ(browsers_[0]->WaitAnswer(), Answer::kStream);
  EXPECT_TRUE(browsers_[0]->stream.ReadUntil("xy"));
  EXPECT_EQ(browsers_[0]->stream.received, "xy");
}

}  // namespace
}  // namespace sse_bridge
