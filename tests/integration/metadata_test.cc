// What backends are told of a request beside its message, and browsers of an
// answer.

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

class MetadataTest : public FaultsTest {
 protected:
  void Restart(std::vector<std::string> options) {
    bridge_ = BridgeTo(backend_->address(), std::move(options));
  }

  HttpAnswer Get(const std::string& target, const Headers& headers,
                 const std::string& token = "") {
    HttpRequest request = bridge_->Request("GET", target, token);
    request.headers.insert(request.headers.end(), headers.begin(),
                           headers.end());
    return Fetch(bridge_->address, request);
  }

  HttpConnection Open(const std::string& target, const Headers& headers,
                      HttpAnswer* head = nullptr) {
    HttpRequest request = bridge_->Request("GET", target);
    request.headers.insert(request.headers.end(), headers.begin(),
                           headers.end());
    HttpConnection stream(bridge_->address);
    stream.Send(request);
    const HttpAnswer answer = stream.ReadHead();
    EXPECT_EQ(answer.status, 200);
    if (head != nullptr) *head = answer;
    return stream;
  }

  // The values of `name` that the last call came with.
  std::vector<std::string> Seen(const std::string& name) {
    std::vector<std::string> values;
    for (const auto& [each, value] : backend_->seen().metadata) {
      if (each == name) values.push_back(value);
    }
    return values;
  }

  int calls() { return backend_->seen().started; }

  void AnswersAsk() {
    backend_->Set(Path("Ask"), Answer{.messages = {FaultEvent(1, "a")}});
  }
};

using Values = std::vector<std::string>;

std::string RetryInfo(int code, int64_t seconds, int nanos = 0) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  google::rpc::Status status;
  status.set_code(code);
  status.add_details()->PackFrom(info);
  return status.SerializeAsString();
}

TEST_F(MetadataTest, NamedHeadersReachTheBackend) {
  AnswersAsk();
  const Headers headers = {{"Authorization", "Bearer x.y.z"},
                           {"X-Tenant", "acme"},
                           {"Accept-Language", "cs"},
                           {"Cookie", "a=b; c=d"},
                           {"X-Other", "o"},
                           {"X-Data-Bin", "AP8="}};
  ASSERT_EQ(Get("/ask/x", headers).status, 200);
  EXPECT_EQ(Seen("authorization"), Values{}) << "nothing unless it is named";
  EXPECT_EQ(Seen("x-tenant"), Values{});

  Restart({"--forward-headers", "Authorization", "--forward-headers", "cookie",
           "--forward-headers", "x-t*", "--forward-headers", "accept-language",
           "--forward-headers", "x-data-bin"});
  ASSERT_EQ(Get("/ask/x", headers).status, 200);
  EXPECT_EQ(Seen("authorization"), Values{"Bearer x.y.z"});
  EXPECT_EQ(Seen("x-tenant"), Values{"acme"});
  EXPECT_EQ(Seen("accept-language"), Values{"cs"});
  EXPECT_EQ(Seen("cookie"), Values{"a=b; c=d"});
  EXPECT_EQ(Seen("x-data-bin"), Values{std::string("\0\xff", 2)});
  EXPECT_EQ(Seen("x-other"), Values{});

  const int before = calls();
  ExpectError(Get("/ask/x", {{"X-Tenant", "caf\xc3\xa9"}}), 400, "x-tenant");
  ExpectError(Get("/plain/x", {{"X-Data-Bin", "!"}}), 400, "x-data-bin");
  ExpectError(Get("/ask/x", {{"X-T", std::string(9000, 'x')}}), 400, "exceed");
  ExpectError(Get("/ask/x", {{"Cookie", "a=b"},
                             {"Origin", "https://evil.example"},
                             {"Sec-Fetch-Site", "cross-site"}}),
              403, "cookie");
  EXPECT_EQ(calls(), before);
}

TEST_F(MetadataTest, ClientAddressIsTheBridgesWord) {
  AnswersAsk();
  Restart({"--forward-client-address", "--forward-headers", "*"});
  ASSERT_EQ(Get("/ask/x", {{"X-Forwarded-For", "10.9.9.9"}}).status, 200);
  EXPECT_EQ(Seen("x-forwarded-for"), Values{"127.0.0.1"});
  Restart({"--forward-client-address", "--trusted-proxy", "127.0.0.1"});
  ASSERT_EQ(Get("/ask/x", {{"X-Forwarded-For", "192.0.2.8"}}).status, 200);
  EXPECT_EQ(Seen("x-forwarded-for"), Values{"192.0.2.8"});
}

TEST_F(MetadataTest, ClaimsReachTheBackendAndCannotBeForged) {
  AnswersAsk();
  Restart({"--forward-claims", "org.id", "--forward-claims", "name=x-name",
           "--forward-claims", "groups", "--forward-headers", "x-*"});
  const std::string token = bridge_->Sign({{"sub", "u"},
                                           {"exp", std::time(nullptr) + 600},
                                           {"org", {{"id", 7}}},
                                           {"name", "Zo\xc3\xab %"},
                                           {"groups", {"a", "\xc3\xa9"}}});
  const Headers forged = {{"X-Name", "root"},
                          {"X-Sse-Claim-Groups", "[]"},
                          {"X-Sse-Subject", "root"},
                          {"X-Sse-Claim-Org.Id", "1"}};
  ASSERT_EQ(Get("/ask/x", forged, token).status, 200);
  EXPECT_EQ(Seen("x-sse-claim-org.id"), Values{"7"});
  EXPECT_EQ(Seen("x-name"), Values{"Zo%C3%AB%20%25"});
  EXPECT_EQ(Seen("x-sse-claim-groups"), Values{"[\"a\",\"\\u00e9\"]"});
  EXPECT_EQ(Seen("x-sse-subject"), Values{"u"});
  ASSERT_EQ(Get("/ask/x", forged).status, 200);
  for (const char* name : {"x-name", "x-sse-claim-groups", "x-sse-subject",
                           "x-sse-claim-org.id"}) {
    EXPECT_EQ(Seen(name), Values{}) << name;
  }
  // A ticket speaks for the token that it was got with.
  const HttpAnswer ticket = bridge_->Call("POST", "/auth/ticket", token);
  ASSERT_EQ(ticket.status, 200);
  backend_->Set(Path("Plain"), Answer{.open_first = true, .stay = true});
  Open("/plain/x?ticket=" +
           json::parse(ticket.body)["ticket"].get<std::string>(),
       {});
  EXPECT_EQ(Seen("x-name"), Values{"Zo%C3%AB%20%25"});
}

TEST_F(MetadataTest, WrongNamesAreRefusedAtTheStart) {
  for (const auto& [flag, name, why] : std::vector<std::array<std::string, 3>>{
           {"--forward-headers", "grpc-timeout", "reserve"},
           {"--forward-headers", "x-forwarded-for", "forward_client_address"},
           {"--forward-headers", "te", "reserve"},
           {"--forward-headers", "a b", "not a valid metadata name"},
           {"--expose-metadata", "content-type", "reserve"},
           {"--expose-metadata", "grpc-status", "reserve"},
           {"--forward-claims", "https://example.com/role",
            "not a valid metadata name"},
           {"--forward-claims", "role=cookie",
            "a claim cannot be sent under this name"}}) {
    const CommandResult result =
        TryCommand(BridgeProgram() + " check --upstream 127.0.0.1:1 " + flag +
                   " '" + name + "' 2>&1");
    EXPECT_EQ(result.code, 2) << name;
    EXPECT_NE(result.output.find(flag), std::string::npos) << result.output;
    EXPECT_NE(result.output.find(why), std::string::npos) << result.output;
  }
}

TEST_F(MetadataTest, SharedStreamsOfDifferentUsersAreDifferentCalls) {
  Restart({"--forward-headers", "authorization"});
  const Headers ada = {{"Authorization", "Bearer " + bridge_->Token("ada")}};
  const Headers bob = {{"Authorization", "Bearer " + bridge_->Token("bob")}};
  const auto answers = [&](const std::string& text) {
    for (const char* method : {"Shared", "Buffered", "Live"}) {
      backend_->Set(Path(method),
                    Answer{.messages = {FaultEvent(1, text)}, .stay = true});
    }
  };
  for (const std::string target :
       {"/shared/x", "/buffered/x", "/live/x", "/events?stream=/shared/e"}) {
    SCOPED_TRACE(target);
    const int before = calls();
    answers("for ada");
    HttpConnection first = Open(target, ada);
    EXPECT_EQ(Data(first.Event())["text"], "for ada");
    EXPECT_EQ(Seen("authorization"), Values{ada[0].second});
    answers("for bob");
    HttpConnection second = Open(target, bob);
    EXPECT_EQ(Data(second.Event())["text"], "for bob");
    EXPECT_EQ(Seen("authorization"), Values{bob[0].second});
    EXPECT_EQ(calls(), before + 2);
    // The same user again shares the call.
    HttpConnection again = Open(target, ada);
    EXPECT_EQ(calls(), before + 2);
  }
  answers("for nobody");
  HttpConnection nobody = Open("/shared/x", {});
  EXPECT_EQ(Data(nobody.Event())["text"], "for nobody");
  EXPECT_EQ(Seen("authorization"), Values{});
}

TEST_F(MetadataTest, NobodyIsReplayedAnothersEvents) {
  Restart({"--forward-headers", "authorization"});
  const Headers ada = {{"Authorization", "Bearer " + bridge_->Token("ada")}};
  const Headers bob = {{"Authorization", "Bearer " + bridge_->Token("bob")}};
  const auto returning = [](Headers headers) {
    headers.emplace_back("Last-Event-ID", "1");
    return headers;
  };
  backend_->Set(Path("Buffered"),
                Answer{.messages = {FaultEvent(1, "a1"), FaultEvent(2, "a2")},
                       .stay = true});
  HttpConnection first = Open("/buffered/x", ada);
  EXPECT_EQ(Data(first.Event())["text"], "a1");
  EXPECT_EQ(Data(first.Event())["text"], "a2");
  EXPECT_EQ(Data(Open("/buffered/x", returning(ada)).Event())["text"], "a2");
  // Another user's id is unknown: he is told so, and gets his own.
  backend_->Set(Path("Buffered"),
                Answer{.messages = {FaultEvent(7, "b7")}, .stay = true});
  HttpConnection other = Open("/buffered/x", returning(bob));
  EXPECT_EQ(other.Event().event, "reset");
  EXPECT_EQ(Data(other.Event())["text"], "b7");

  // What resumes at the backend does so in the user's own name.
  const auto answer = [](const std::string& request) {
    return AsksAfter(request, 1)
               ? Answer{.messages = {FaultEvent(2, "resumed")}, .stay = true}
               : Answer{.messages = {FaultEvent(1, "anew")}, .stay = true};
  };
  for (const char* method : {"Own", "Shared"}) {
    SCOPED_TRACE(method);
    backend_->Set(Path(method), answer);
    const std::string target =
        std::string(method) == "Own" ? "/own/x" : "/shared/x";
    for (const Headers& user : {ada, bob}) {
      HttpConnection stream = Open(target, returning(user));
      EXPECT_EQ(Data(stream.Event())["text"], "resumed");
      EXPECT_EQ(Seen("authorization"), Values{user[0].second});
    }
  }
}

TEST_F(MetadataTest, CallsThatAreMadeAnewAreTheUsersToo) {
  Restart({"--forward-headers", "x-tenant", "--forward-client-address"});
  const auto live = Answer{.messages = {FaultEvent(1, "one")}, .stay = true};
  backend_->Set(Path("Shared"), live);
  HttpConnection stream = Open("/shared/x", {{"X-Tenant", "acme"}});
  EXPECT_EQ(Data(stream.Event())["text"], "one");
  RestartBackend();
  backend_->Set(Path("Shared"),
                Answer{.messages = {FaultEvent(2, "two")}, .stay = true});
  // The restarted backend may have been asked before it knew the answer.
  for (SseEvent event = stream.Event();; event = stream.Event()) {
    if (event.event == "upstream") continue;
    EXPECT_EQ(Data(event)["text"], "two");
    break;
  }
  EXPECT_EQ(Seen("x-tenant"), Values{"acme"});
  EXPECT_EQ(Seen("x-forwarded-for"), Values{"127.0.0.1"});
}

TEST_F(MetadataTest, NamedMetadataBecomesHeaders) {
  Restart({"--expose-metadata", "x-cost", "--expose-metadata", "x-rate-*",
           "--expose-metadata", "set-cookie", "--expose-metadata", "x-b-bin",
           "--cors-origin", "https://app.example"});
  Answer answer{.messages = {FaultEvent(1, "a")}};
  answer.initial = {{"x-cost", "3"},
                    {"set-cookie", "a=b"},
                    {"x-secret", "s"},
                    {"x-b-bin", std::string("\0\xff", 2)}};
  answer.trailing = {{"x-rate-left", "9"}, {"access-control-max-age", "1"}};
  const Headers page = {{"Origin", "https://app.example"}};
  const auto expect = [](HttpAnswer got, bool trailing, bool cookie) {
    EXPECT_EQ(got.headers["x-cost"], "3");
    EXPECT_EQ(got.headers["x-b-bin"], "AP8");
    EXPECT_EQ(got.headers["x-rate-left"], trailing ? "9" : "");
    EXPECT_EQ(got.headers["set-cookie"], cookie ? "a=b" : "");
    EXPECT_EQ(got.headers.count("x-secret"), 0u);
    EXPECT_EQ(got.headers.count("access-control-max-age"), 0u);
    const std::string readable = got.headers["access-control-expose-headers"];
    EXPECT_NE(readable.find("X-Request-Id"), std::string::npos) << readable;
    EXPECT_NE(readable.find("x-cost"), std::string::npos) << readable;
    EXPECT_EQ(readable.find("x-rate-left") != std::string::npos, trailing);
  };
  backend_->Set(Path("Ask"), answer);
  const HttpAnswer asked = Get("/ask/x", page);
  EXPECT_EQ(asked.status, 200);
  expect(asked, true, true);

  answer.messages = {};
  answer.code = 9;
  for (const char* method : {"Ask", "Plain", "Shared"}) {
    backend_->Set(Path(method), answer);
  }
  expect(Get("/ask/x", page), true, true);
  expect(Get("/plain/x", page), true, true);
  expect(Get("/shared/x", page), true, false);

  answer.code = 0;
  answer.open_first = true;
  answer.stay = true;
  for (const char* method : {"Plain", "Shared"}) {
    backend_->Set(Path(method), answer);
  }
  HttpAnswer head;
  Open("/plain/y", page, &head);
  expect(head, false, true);
  // Who joins a stream that runs gets the same, but nobody's cookie.
  HttpConnection first = Open("/shared/y", page, &head);
  expect(head, false, false);
  Open("/shared/y", page, &head);
  expect(head, false, false);
  Headers with_token = page;
  with_token.emplace_back("Authorization", "Bearer " + bridge_->Token("u"));
  Open("/events?stream=/shared/y", with_token, &head);
  expect(head, false, false);
}

TEST_F(MetadataTest, PreflightsAllowHeadersThatAreForwarded) {
  Restart({"--forward-headers", "x-tenant", "--cors-origin",
           "https://app.example"});
  HttpRequest preflight = bridge_->Request("OPTIONS", "/ask/x");
  preflight.headers = {{"Host", "h"},
                       {"Origin", "https://app.example"},
                       {"Access-Control-Request-Method", "GET"},
                       {"Access-Control-Request-Headers", "x-tenant"}};
  HttpAnswer answer = Fetch(bridge_->address, preflight);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers["access-control-allow-headers"], "x-tenant");
}

TEST_F(MetadataTest, RetryAfterFollowsTheBackendsRetryInfo) {
  const auto set = [&](const std::string& details, int code,
                       std::vector<std::string> messages = {}) {
    for (const char* method : {"Ask", "Plain", "Shared"}) {
      backend_->Set(Path(method), Answer{.messages = messages,
                                         .code = code,
                                         .message = "later",
                                         .details = details});
    }
  };
  for (const auto& [details, code, expected] :
       std::vector<std::tuple<std::string, int, std::string>>{
           {RetryInfo(14, 30), 14, "30"},
           {RetryInfo(8, 0, 1), 8, "1"},
           {RetryInfo(10, 3), 10, "3"},
           {RetryInfo(14, -5), 14, "2"},
           {"", 14, "2"},
           {"\xff garbage", 14, "2"}}) {
    set(details, code);
    for (const char* target : {"/ask/x", "/plain/x", "/shared/x"}) {
      HttpAnswer answer = Get(target, {});
      EXPECT_EQ(answer.headers["retry-after"], expected) << target;
    }
  }
  // At the end of a stream the event says so, and EventSource is told.
  set(RetryInfo(14, 30), 14, {FaultEvent(1, "a")});
  HttpConnection stream = Open("/plain/x", {});
  stream.Event();
  const SseEvent end = stream.Event();
  EXPECT_EQ(end.event, "grpc-status");
  EXPECT_EQ(Data(end)["details"][0]["@type"],
            "type.googleapis.com/google.rpc.RetryInfo");
  const auto told = stream.NextBlock();
  ASSERT_TRUE(told.has_value());
  EXPECT_GE(std::stoi(told->retry), 30'000);
  EXPECT_LE(std::stoi(told->retry), 45'000);
}

TEST_F(MetadataTest, NobodyReadsWhereBackendsAre) {
  const std::string port =
      backend_->address().substr(backend_->address().find(':') + 1);
  backend_->Set(Path("Plain"),
                Answer{.messages = {FaultEvent(1, "a")}, .stay = true});
  HttpConnection open = Open("/plain/x", {});
  open.Event();
  backend_->Stop();
  std::vector<std::string> texts = {open.Event().data};
  for (const char* target : {"/ask/x", "/plain/x", "/shared/x", "/live/x",
                             "/events?stream=/shared/x"}) {
    HttpAnswer answer = Get(target, {}, bridge_->Token("u"));
    EXPECT_EQ(answer.status, 503) << target;
    texts.push_back(answer.body);
  }
  for (const std::string& text : texts) {
    for (const std::string& secret :
         {port, std::string("127.0.0.1"), std::string("ipv4"),
          std::string("onnection refused"), std::string("ocket")}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace sse_bridge::testing
