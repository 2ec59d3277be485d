// How the streams of an open connection to /events are changed.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/open_bundle.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/gateway/api_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestClient;
using testing::WireAnswer;

class ApiBundleChangeTest : public ApiFixture {
 protected:
  // Opens a connection with a stream "a", and waits for its first event.
  std::shared_ptr<TestClient> OpenA(HttpHeaders headers = {}) {
    auto client =
        Ask("GET", "/events?connection=new&stream=a:/watch%3Fname%3Da",
            std::move(headers));
    a_ = upstream_->WaitCall(0);
    a_->Send(Message("first", "1"));
    const std::string head = client->ReadUntil("\"first\"");
    const std::string mark = "Sse-Connection: ";
    const size_t at = head.find(mark);
    EXPECT_NE(at, std::string::npos) << head;
    id_ =
        head.substr(at + mark.size(), head.find("\r\n", at) - at - mark.size());
    return client;
  }

  std::shared_ptr<TestClient> Change(const std::string& form,
                                     HttpHeaders headers = {}) {
    return Ask("POST", "/events", std::move(headers),
               absl::StrCat("connection=", id_, form));
  }

  std::shared_ptr<FakeCall> a_;
  std::string id_;
};

TEST_F(ApiBundleChangeTest, AddedStreamsComeOnTheOpenConnection) {
  const auto client = OpenA();
  const auto change = Change("&stream=b:/watch%3Fname%3Db");
  const auto b = upstream_->WaitCall(1);
  b->Send(Message("of b", "7"));
  EXPECT_EQ(change->Answer().status, 200);
  EXPECT_THAT(client->ReadUntil("\"of b\""),
              AllOf(HasSubstr("event: b\n"), HasSubstr("id: a=1&b=7\n")));
  a_->Send(Message("of a", "2"));
  EXPECT_THAT(client->ReadUntil("\"of a\""), HasSubstr("id: a=2&b=7\n"));
  EXPECT_EQ(limits_.counts().total, 1) << "one connection";
}

TEST_F(ApiBundleChangeTest, RemovedStreamsEndTheirCallsAndTheOthersGoOn) {
  const auto client = OpenA();
  const auto change = Change("&stream=b:/watch%3Fname%3Db");
  const auto b = upstream_->WaitCall(1);
  b->Send(Message("of b", "7"));
  client->ReadUntil("\"of b\"");
  EXPECT_EQ(Change("&remove=b&remove=unknown")->Answer().status, 200);
  EXPECT_TRUE(b->WaitCancelled());
  a_->Send(Message("of a", "2"));
  EXPECT_THAT(client->ReadUntil("\"of a\""), HasSubstr("id: a=2\n"));
  // Its name is free again, also in the same form.
  Change("&remove=a&stream=a:/watch%3Fname%3Dc");
  const auto again = upstream_->WaitCall(2);
  again->Send(Message("again", "9"));
  EXPECT_THAT(client->ReadUntil("\"again\""), HasSubstr("id: a=9\n"));
  EXPECT_TRUE(a_->WaitCancelled());
}

TEST_F(ApiBundleChangeTest, StreamsCountForTheirUserUntilTheyAreRemoved) {
  const auto client = OpenA(As("ann"));
  EXPECT_EQ(limits_.subject_count("ann"), 1);
  const auto change = Change("&stream=b:/watch%3Fname%3Db", As("ann"));
  upstream_->WaitCall(1)->Send(Message("of b", "7"));
  client->ReadUntil("\"of b\"");
  EXPECT_EQ(limits_.subject_count("ann"), 2);
  EXPECT_EQ(limits_.counts().total, 1);
  EXPECT_EQ(Change("&remove=b", As("ann"))->Answer().status, 200);
  EXPECT_EQ(limits_.subject_count("ann"), 1);
  limits_.SetOptions({.per_subject = 1});
  EXPECT_EQ(Change("&stream=c:/watch", As("ann"))->Answer().status, 429);
  limits_.SetOptions({});
  // The refused stream has not kept its name.
  Change("&stream=c:/watch", As("ann"));
  upstream_->WaitCall(2)->Send(Message("of c", "8"));
  client->ReadUntil("\"of c\"");
  client->Close();
  EXPECT_TRUE(a_->WaitCancelled());
  Sync();
  EXPECT_EQ(limits_.counts().total, 0);
  EXPECT_EQ(limits_.subject_count("ann"), 0);
}

TEST_F(ApiBundleChangeTest, OnlyTheSameTokenMayChangeAConnection) {
  const HttpHeaders ann = As("ann");
  const auto client = OpenA(ann);
  for (const HttpHeaders& headers : {HttpHeaders(), As("bob")}) {
    const WireAnswer answer = Change("&stream=b:/watch", headers)->Answer();
    EXPECT_EQ(answer.status, 409) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("ABORTED"));
  }
  EXPECT_EQ(Change("&stream=b:/watch", {{"Authorization", "Bearer nonsense"}})
                ->Answer()
                .status,
            401);
  const std::string right = id_;
  id_ = "AAAAAAAAAAAAAAAAAAAAAA";
  EXPECT_EQ(Change("&stream=b:/watch", ann)->Answer().status, 409);
  id_ = right;
  EXPECT_EQ(Change("", ann)->Answer().status, 200);
}

TEST_F(ApiBundleChangeTest, AStreamThatFailsToOpenIsAnErrorOfTheChange) {
  const auto client = OpenA();
  const auto change = Change("&stream=b:/watch%3Fname%3Db");
  upstream_->WaitCall(1)->End(absl::PermissionDeniedError("not for you"));
  EXPECT_EQ(change->Answer().status, 403);
  const auto over = Change("&stream=b:/watch%3Fname%3Dc");
  upstream_->WaitCall(2)->End(absl::OkStatus());
  EXPECT_EQ(over->Answer().status, 204);
  a_->Send(Message("of a", "2"));
  EXPECT_THAT(client->ReadUntil("\"of a\""), Not(HasSubstr("event: b")));
}

TEST_F(ApiBundleChangeTest, ADrainingBridgeAddsNothing) {
  const auto client = OpenA();
  api_->StartDraining();
  EXPECT_EQ(Change("&stream=b:/watch")->Answer().status, 503);
}

TEST_F(ApiBundleChangeTest, WrongFormsAreRefused) {
  const auto client = OpenA();
  for (const char* form : {"&stream=a:/watch", "&stream=b:/nothing",
                           "&stream=b:/watch&stream=b:/watch", "&nonsense=1",
                           "&stream=b*c:/watch"}) {
    EXPECT_EQ(Change(form)->Answer().status / 100, 4) << form;
  }
  EXPECT_EQ(AnswerTo("POST", "/events", {}, "stream=/watch").status, 400);
  EXPECT_EQ(AnswerTo("GET", "/events?connection=old&stream=/watch").status,
            400);
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(ApiBundleChangeTest, AConnectionHasAtMost32Streams) {
  const auto client = OpenA();
  std::string form;
  for (size_t i = 1; i < OpenBundle::kMaxStreams; ++i) {
    absl::StrAppend(&form, "&stream=s", i, ":/watch%3Fname%3D", i);
  }
  const auto change = Change(form);
  upstream_->WaitCall(OpenBundle::kMaxStreams - 1);
  upstream_->WaitCall(1)->Send(Message("one", "1"));
  upstream_->Settle();
  // The others stay silent.
  Advance(absl::Seconds(1));
  client->ReadUntil("\"one\"");
  EXPECT_EQ(Change("&stream=b:/watch")->Answer().status, 409);
  EXPECT_EQ(Change("&remove=s1")->Answer().status, 200);
  Change("&stream=b:/watch");
  upstream_->WaitCall(OpenBundle::kMaxStreams)->Send(Message("two", "1"));
  client->ReadUntil("\"two\"");
}

TEST_F(ApiBundleChangeTest, AConnectionThatHasEndedCannotBeChanged) {
  const auto client = OpenA();
  client->Close();
  EXPECT_TRUE(a_->WaitCancelled());
  Sync();
  EXPECT_EQ(Change("&stream=b:/watch")->Answer().status, 409);
}

TEST_F(ApiBundleChangeTest, OnlyConnectionsThatAskHaveAnId) {
  const auto client = Ask("GET", "/events?stream=a:/watch");
  upstream_->WaitCall(0)->Send(Message("x", "1"));
  EXPECT_THAT(client->ReadUntil("\"x\""), Not(HasSubstr("Sse-Connection")));
}

TEST(OpenBundleTest, CallsOfAConnectionAreBounded) {
  const auto bundle = std::make_shared<OpenBundle>(
      std::nullopt, std::vector<MultiplexedFormat::Part>());
  int somewhere = 0;
  bundle->Opened(nullptr,
                 ConnectionRef(reinterpret_cast<Loop*>(&somewhere), {}),
                 ConnectionLimits::Lease());
  const std::vector<std::string> ids(OpenBundle::kMaxCalls);
  {
    const auto all = bundle->Reserve({{"a", ids, ids}});
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ((*all)->tag(), 0);
  }
  EXPECT_TRUE(absl::IsAborted(bundle->Reserve({{"a", {}, {""}}}).status()));
}

}  // namespace
}  // namespace sse_bridge
