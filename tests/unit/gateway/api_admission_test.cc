// Streams with an admission: `enter` before the status line, the greeting, and
// the end of the session.

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/feed/reconnect.h"
#include "bridge/gateway/api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/gateway/api_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using testing::TestClient;
using testing::WireAnswer;

// Response is what Message() encodes. The 4th field of it has the subjects that
// may see the event.
constexpr char kRooms[] = R"(
import "google/protobuf/duration.proto";
service S {
  rpc Watch(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/rooms/{room}' response_body: 'text' };
    option (sse.v1.access) = { subject_into: 'user' };
    option (sse.v1.stream) = {
      shared: true id_from: 'id' resume_into: 'after' only_to: 'only_to'
      admission {
        enter: 'test.S.Enter' leave: 'test.S.Leave' renew { seconds: 20 }
        greeting: 'hello' session_into: 'session' lease_into: 'lease'
      }
    };
  }
  rpc Open(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/open' response_body: 'text' };
    option (sse.v1.stream) = { shared: true };
  }
  rpc Enter(EnterRequest) returns (EnterResponse) {
    option (sse.v1.access) = { subject_into: 'user' };
  }
  rpc Leave(LeaveRequest) returns (LeaveResponse);
}
message WatchRequest { string room = 1; string user = 2; string after = 3; }
message EnterRequest {
  string room = 1; string user = 2; string after = 3; string session = 4;
  google.protobuf.Duration lease = 5;
}
message EnterResponse { Response hello = 1; }
message LeaveRequest { string room = 1; string session = 4; }
message LeaveResponse {}
message Response {
  string id = 1; string key = 2; string text = 3; repeated string only_to = 4;
}
)";

std::string WireString(int number, const std::string& value) {
  return absl::StrCat(std::string(1, static_cast<char>(number << 3 | 2)),
                      std::string(1, static_cast<char>(value.size())), value);
}

// The texts follow each other, possibly with the framing of chunks in between.
auto HasInOrder(const std::vector<std::string>& texts) {
  return ::testing::Truly([texts](const std::string& received) {
    size_t begin = 0;
    for (const std::string& text : texts) {
      const size_t found = received.find(text, begin);
      if (found == std::string::npos) return false;
      begin = found + text.size();
    }
    return true;
  });
}

class ApiAdmissionTest : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    Create({}, kRooms);
  }

  static std::string Greeting(const std::string& text, const std::string& id) {
    return WireString(1, Message(text, id));
  }

  // Asks for a room's stream; `enter` is the next unary call.
  std::shared_ptr<TestClient> AskFor(const std::string& room,
                                     const std::string& user,
                                     const std::string& last_id = "") {
    HttpHeaders headers = As(user);
    if (!last_id.empty()) headers.emplace_back("Last-Event-ID", last_id);
    return Ask("GET", "/rooms/" + room, headers);
  }
  std::shared_ptr<FakeUnaryCall> NextUnary(const std::string& path) {
    auto call = upstream_->WaitUnary(next_++);
    EXPECT_NE(call, nullptr);
    EXPECT_EQ(call->path(), path);
    return call;
  }
  // `enter` fails because the backend is away. Perhaps the backend has executed
  // it.
  void FailEnter(const absl::Status& status) {
    NextUnary("/test.S/Enter")->Finish(status, "");
    NextUnary("/test.S/Leave")->Finish(absl::OkStatus(), "");
  }
  // A client that has been admitted, greeted with this id.
  std::shared_ptr<TestClient> Admitted(const std::string& room,
                                       const std::string& user,
                                       const std::string& id) {
    auto client = AskFor(room, user);
    NextUnary("/test.S/Enter")
        ->Finish(absl::OkStatus(), Greeting("hi " + user, id));
    return client;
  }

  size_t next_ = 0;
};

TEST_F(ApiAdmissionTest, ErrorOfEnterIsTheHttpError) {
  const auto client = AskFor("a", "ann");
  NextUnary("/test.S/Enter")
      ->Finish(absl::PermissionDeniedError("cannot join channel"), "");
  const WireAnswer answer = client->Answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("cannot join channel"));
  EXPECT_EQ(upstream_->calls(), 0u);
  EXPECT_EQ(limits_.counts().total, 0);
}

TEST_F(ApiAdmissionTest, EnterHasTheRequestTheSubjectASessionAndTheLease) {
  const auto client = AskFor("a", "ann");
  const auto call = NextUnary("/test.S/Enter");
  EXPECT_THAT(call->request(),
              AllOf(StartsWith(WireString(1, "a") + WireString(2, "ann")),
                    HasSubstr(WireString(5, absl::HexStringToBytes("083c")))));
  EXPECT_THAT(call->metadata(), Contains(Pair(kSubjectMetadata, "ann")));
  call->Finish(absl::OkStatus(), "");
}

TEST_F(ApiAdmissionTest, TabsOfOneUserAreSessionsAndOneCall) {
  const auto one = AskFor("a", "ann"), two = AskFor("a", "ann");
  const auto first = NextUnary("/test.S/Enter");
  const auto second = NextUnary("/test.S/Enter");
  EXPECT_NE(first->request(), second->request());
  first->Finish(absl::OkStatus(), Greeting("one", "5"));
  second->Finish(absl::OkStatus(), Greeting("two", "5"));
  const auto call = upstream_->WaitCall(0);
  call->Open();
  call->Send(Message("six", "6"));
  one->ReadUntil(EventText("six", "6"));
  two->ReadUntil(EventText("six", "6"));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(ApiAdmissionTest, UsersShareACallThatNamesNone) {
  const auto ann = Admitted("a", "ann", "5"), ben = Admitted("a", "ben", "5");
  const auto call = upstream_->WaitCall(0);
  EXPECT_EQ(call->request(), WireString(1, "a") + WireString(3, "5"));
  EXPECT_THAT(call->metadata(), Not(Contains(Pair(kSubjectMetadata, "ann"))));
  call->Send(Message("six", "6"));
  EXPECT_THAT(ann->ReadUntil(EventText("six", "6")),
              AllOf(HasSubstr("200 OK"), HasSubstr(EventText("hi ann", "5")),
                    Not(HasSubstr("hi ben"))));
  EXPECT_THAT(ben->ReadUntil(EventText("six", "6")),
              HasSubstr(EventText("hi ben", "5")));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(ApiAdmissionTest, EventsBetweenGreetingAndSubscriptionAreNotMissed) {
  const auto ann = Admitted("a", "ann", "5");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("six", "6"));
  call->Send(Message("seven", "7"));
  ASSERT_TRUE(call->WaitDelivered(2));
  const auto ben = Admitted("a", "ben", "6");
  const std::string stream = ben->ReadUntil(EventText("seven", "7"));
  EXPECT_THAT(stream,
              HasInOrder({EventText("hi ben", "6"), EventText("seven", "7")}));
  EXPECT_THAT(stream, Not(HasSubstr("six")));
}

TEST_F(ApiAdmissionTest, EventThatTheFeedDoesNotHaveYetIsWaitedFor) {
  const auto ann = Admitted("a", "ann", "5");
  const auto call = upstream_->WaitCall(0);
  call->Open();
  const auto ben = Admitted("a", "ben", "6");
  call->Send(Message("six", "6"));
  call->Send(Message("seven", "7"));
  ASSERT_TRUE(call->WaitDelivered(2));
  Advance(absl::Milliseconds(200));
  const std::string stream = ben->ReadUntil(EventText("seven", "7"));
  EXPECT_THAT(stream, Not(HasSubstr("data: \"six\"")));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(ApiAdmissionTest, ResumingClientIsGreetedWithTheIdItResumesFrom) {
  const auto ann = Admitted("a", "ann", "5");
  const auto call = upstream_->WaitCall(0);
  for (const char* id : {"6", "7"}) call->Send(Message(id, id));
  ASSERT_TRUE(call->WaitDelivered(2));
  const auto back = AskFor("a", "ann", "6");
  const auto enter = NextUnary("/test.S/Enter");
  EXPECT_THAT(enter->request(), HasSubstr(WireString(3, "6")));
  enter->Finish(absl::OkStatus(), Greeting("again", "7"));
  EXPECT_THAT(back->ReadUntil(EventText("7", "7")),
              HasInOrder({EventText("again", "6"), EventText("7", "7")}));
}

// As after a bridge has been replaced.
TEST_F(ApiAdmissionTest, ClientsThatReturnWithDifferentIdsShareACall) {
  const auto ann = AskFor("a", "ann", "5");
  NextUnary("/test.S/Enter")->Finish(absl::OkStatus(), Greeting("hi ann", "7"));
  const auto call = upstream_->WaitCall(0);
  call->Open();
  const auto ben = AskFor("a", "ben", "6");
  NextUnary("/test.S/Enter")->Finish(absl::OkStatus(), Greeting("hi ben", "7"));
  for (const char* id : {"6", "7"}) call->Send(Message(id, id));
  ASSERT_TRUE(call->WaitDelivered(2));
  Advance(absl::Milliseconds(200));
  EXPECT_THAT(ben->ReadUntil(EventText("7", "7")),
              HasInOrder({EventText("hi ben", "6"), EventText("7", "7")}));
  EXPECT_THAT(ann->ReadUntil(EventText("7", "7")),
              HasInOrder({EventText("hi ann", "5"), EventText("6", "6"),
                          EventText("7", "7")}));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(ApiAdmissionTest, EventsAreSeenOnlyByThoseTheyAreFor) {
  const auto ann = Admitted("a", "ann", "5"), ben = Admitted("a", "ben", "5");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("secret", "6") + WireString(4, "ann"));
  call->Send(Message("open", "7"));
  EXPECT_THAT(ann->ReadUntil(EventText("open", "7")),
              HasSubstr(EventText("secret", "6")));
  EXPECT_THAT(ben->ReadUntil(EventText("open", "7")), Not(HasSubstr("secret")));
  // Also when it is replayed.
  const auto back = AskFor("a", "ben", "5");
  NextUnary("/test.S/Enter")->Finish(absl::OkStatus(), Greeting("again", "7"));
  EXPECT_THAT(back->ReadUntil(EventText("open", "7")),
              Not(HasSubstr("secret")));
}

TEST_F(ApiAdmissionTest, SessionLeavesWhenTheClientHasGone) {
  const auto ann = Admitted("a", "ann", "5");
  upstream_->WaitCall(0)->Open();
  upstream_->WaitCall(0)->Send(Message("six", "6"));
  ann->ReadUntil(EventText("six", "6"));
  ann->Close();
  const auto leave = NextUnary("/test.S/Leave");
  EXPECT_THAT(leave->request(), StartsWith(WireString(1, "a")));
  leave->Finish(absl::OkStatus(), "");
}

TEST_F(ApiAdmissionTest, RefusedRenewalEndsOnlyThatClientsStream) {
  const auto ann = Admitted("a", "ann", "5"), ben = Admitted("a", "ben", "5");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("six", "6"));
  ann->ReadUntil(EventText("six", "6"));
  ben->ReadUntil(EventText("six", "6"));
  Advance(absl::Seconds(20));
  for (int i = 0; i < 2; ++i) {
    const auto renewal = NextUnary("/test.S/Enter");
    const bool anns = absl::StrContains(renewal->request(), "ann");
    renewal->Finish(
        anns ? absl::PermissionDeniedError("removed") : absl::OkStatus(), "");
  }
  EXPECT_THAT(ann->ReadUntil("removed"), HasSubstr("event: grpc-status\n"));
  NextUnary("/test.S/Leave")->Finish(absl::OkStatus(), "");
  call->Send(Message("seven", "7"));
  ben->ReadUntil(EventText("seven", "7"));
}

TEST_F(ApiAdmissionTest, StreamThatFailsToOpenLeaves) {
  const auto ann = Admitted("a", "ann", "5");
  upstream_->WaitCall(0)->End(absl::InternalError("broken"));
  EXPECT_EQ(ann->Answer().status, 500);
  NextUnary("/test.S/Leave")->Finish(absl::OkStatus(), "");
}

TEST_F(ApiAdmissionTest, PartOfABundleThatIsRefusedEndsAlone) {
  const auto client =
      Ask("GET", "/events?stream=a:/rooms/a&stream=b:/open", As("ann"));
  NextUnary("/test.S/Enter")
      ->Finish(absl::PermissionDeniedError("not here"), "");
  const auto call = upstream_->WaitCall(0);
  EXPECT_EQ(call->path(), "/test.S/Open");
  call->Send(Message("x"));
  const std::string stream = client->ReadUntil("data: \"x\"");
  EXPECT_THAT(stream, AllOf(HasSubstr("200 OK"), HasSubstr("grpc-status"),
                            HasSubstr("not here")));
}

TEST_F(ApiAdmissionTest, PartOfABundleIsAdmittedWhenItsBackendIsBack) {
  const auto client =
      Ask("GET", "/events?stream=a:/rooms/a&stream=b:/open", As("ann"));
  FailEnter(absl::UnavailableError("away"));
  upstream_->WaitCall(0)->Send(Message("x"));
  EXPECT_THAT(client->ReadUntil("data: \"x\""),
              AllOf(HasSubstr("200 OK"), HasSubstr("\"state\":\"away\"}"),
                    Not(HasSubstr("grpc-status"))));
  Advance(Backoff::kLongest);
  FailEnter(absl::DeadlineExceededError("slow"));
  Advance(Backoff::kLongest);
  NextUnary("/test.S/Enter")->Finish(absl::OkStatus(), Greeting("hi ann", "1"));
  const auto call = upstream_->WaitCall(1);
  EXPECT_EQ(call->path(), "/test.S/Watch");
  call->Send(Message("first", "2"));
  EXPECT_THAT(client->ReadUntil("data: \"first\""),
              HasInOrder({"\"state\":\"back\"}", "data: \"hi ann\"",
                          "data: \"first\""}));
}

TEST_F(ApiAdmissionTest, RefusalOfALateAdmissionEndsItsPart) {
  const auto client =
      Ask("GET", "/events?stream=a:/rooms/a&stream=b:/open", As("ann"));
  FailEnter(absl::UnavailableError("away"));
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("x"));
  client->ReadUntil("data: \"x\"");
  Advance(Backoff::kLongest);
  NextUnary("/test.S/Enter")
      ->Finish(absl::PermissionDeniedError("not here"), "");
  EXPECT_THAT(client->ReadUntil("not here"), HasSubstr("grpc-status"));
  call->Send(Message("y"));
  client->ReadUntil("data: \"y\"");
}

TEST_F(ApiAdmissionTest, LateAdmissionIsGivenUp) {
  const auto client =
      Ask("GET", "/events?stream=a:/rooms/a&stream=b:/open", As("ann"));
  FailEnter(absl::UnavailableError("away"));
  upstream_->WaitCall(0)->Send(Message("x"));
  client->ReadUntil("data: \"x\"");
  Advance(Admitter::Options().give_up_after);
  FailEnter(absl::UnavailableError("away"));
  EXPECT_THAT(client->ReadUntil("\"code\":14"), HasSubstr("grpc-status"));
}

TEST_F(ApiAdmissionTest, ClientsThatReturnWaitForTheBackendOfEnter) {
  const auto client = AskFor("a", "ann", "5");
  FailEnter(absl::UnavailableError("away"));
  client->ReadUntil("data: {\"state\":\"away\"}");
  Advance(Backoff::kLongest);
  const auto enter = NextUnary("/test.S/Enter");
  EXPECT_THAT(enter->request(), HasSubstr(WireString(3, "5")));
  enter->Finish(absl::OkStatus(), "");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("missed", "6"));
  client->ReadUntil("data: \"missed\"");
}

TEST_F(ApiAdmissionTest, NobodyIsAdmittedLateWhoHasLeft) {
  const auto client =
      Ask("GET", "/events?stream=a:/rooms/a&stream=b:/open", As("ann"));
  FailEnter(absl::UnavailableError("away"));
  upstream_->WaitCall(0)->Send(Message("x"));
  client->ReadUntil("data: \"x\"");
  Advance(Backoff::kLongest);
  const auto enter = NextUnary("/test.S/Enter");
  client->Close();
  while (open_streams_->size() > 0) absl::SleepFor(absl::Milliseconds(1));
  enter->Finish(absl::OkStatus(), Greeting("hi ann", "1"));
  NextUnary("/test.S/Leave")->Finish(absl::OkStatus(), "");
}

TEST_F(ApiAdmissionTest, AStreamThatWaitsForItsBackendCanBeRemoved) {
  const auto client =
      Ask("GET", "/events?connection=new&stream=a:/rooms/a&stream=b:/open",
          As("ann"));
  FailEnter(absl::UnavailableError("away"));
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("x"));
  const std::string head = client->ReadUntil("data: \"x\"");
  const std::string mark = "Sse-Connection: ";
  const size_t begin = head.find(mark) + mark.size();
  const std::string id = head.substr(begin, head.find("\r\n", begin) - begin);
  EXPECT_EQ(Ask("POST", "/events", As("ann"),
                absl::StrCat("connection=", id, "&remove=a"))
                ->Answer()
                .status,
            200);
  Sync();
  Advance(Backoff::kLongest);
  Sync();
  EXPECT_EQ(upstream_->unary_calls(), next_) << "enter is not called again";
  call->Send(Message("y"));
  EXPECT_THAT(client->ReadUntil("data: \"y\""), Not(HasSubstr("event: a\n")));
}

TEST_F(ApiAdmissionTest, UnreachableBackendOfEnterIsAnErrorOnAFirstVisit) {
  const auto client = AskFor("a", "ann");
  NextUnary("/test.S/Enter")->Finish(absl::UnavailableError("away"), "");
  EXPECT_EQ(client->Answer().status, 503);
}

TEST_F(ApiAdmissionTest, BundleIsRefusedIfAllItsPartsAre) {
  const auto client =
      Ask("GET", "/events?stream=a:/rooms/a&stream=b:/rooms/b", As("ann"));
  for (int i = 0; i < 2; ++i) {
    NextUnary("/test.S/Enter")
        ->Finish(absl::PermissionDeniedError("not here"), "");
  }
  EXPECT_EQ(client->Answer().status, 403);
}

TEST_F(ApiAdmissionTest, HeadIsAnsweredWithoutEntering) {
  EXPECT_EQ(AnswerTo("HEAD", "/rooms/a", As("ann")).status, 200);
  EXPECT_EQ(upstream_->unary_calls(), 0u);
}

}  // namespace
}  // namespace sse_bridge
