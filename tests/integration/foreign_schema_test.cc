// A schema and a backend that this project's C++ has never seen.

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"
#include "tests/support/eventually.h"
#include "tests/support/reserved_port.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

constexpr char kService[] = "/acme.observatory.v2.Telescopes/";

class ForeignSchemaTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    generated_ = new TemporaryDirectory;
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
               RepositoryRoot() + "/tests/foreign/proto --out " +
               generated_->path());
    backend_ = new ForeignBackend;
    bridge_ = new Bridge(backend_->address, WithSchema());
  }
  static void TearDownTestSuite() {
    delete bridge_;
    delete backend_;
    delete generated_;
  }

  static std::vector<std::string> WithSchema(
      std::vector<std::string> options = {}) {
    options.insert(
        options.end(),
        {"--descriptor-set", generated_->path() + "/descriptors/schema.binpb"});
    return options;
  }

  // How many upstream calls the backend has been asked for, with this one.
  static int Watches() {
    static int telescope = 0;
    return Data(bridge_
                    ->Stream("/v2/sites/counting/telescopes/" +
                             std::to_string(++telescope) + ":watch?bands=radio")
                    .Event())["counts"]["watches"];
  }

  static HttpAnswer Accepting(const std::string& target,
                              const std::string& accept) {
    HttpRequest request = bridge_->Request("GET", target);
    request.headers.emplace_back("Accept", accept);
    return Fetch(bridge_->address, request);
  }

  static TemporaryDirectory* generated_;
  static ForeignBackend* backend_;
  static Bridge* bridge_;
};

TemporaryDirectory* ForeignSchemaTest::generated_ = nullptr;
ForeignBackend* ForeignSchemaTest::backend_ = nullptr;
Bridge* ForeignSchemaTest::bridge_ = nullptr;

TEST_F(ForeignSchemaTest, StreamHasItsHeadNamesIdsAndAnEnd) {
  HttpConnection stream(bridge_->address);
  stream.Send(bridge_->Request("GET", "/v2/count/2"));
  const HttpAnswer head = stream.ReadHead();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("cache-control"), "no-store, no-transform");
  EXPECT_EQ(head.headers.at("incremental"), "?1");
  EXPECT_EQ(head.headers.at("x-accel-buffering"), "no");
  EXPECT_EQ(head.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(head.headers.count("content-length"), 0u);
  const auto opening = stream.NextBlock();
  ASSERT_TRUE(opening.has_value());
  EXPECT_EQ(opening->retry, "2000");
  EXPECT_EQ(opening->data, "");
  const SseEvent first = stream.Event();
  EXPECT_EQ(first.event, "tick");
  EXPECT_EQ(first.id, "1");
  EXPECT_EQ(Data(first), json({{"count", "1"}, {"rawBytes", "AQ=="}}));
  EXPECT_EQ(stream.Event().id, "2");
  ExpectStatusEvent(stream.Event(), 0);
  // The harness fails the test where the last chunk is missing.
  EXPECT_FALSE(stream.NextBlock().has_value());
  EXPECT_TRUE(stream.AtEnd());
}

TEST_F(ForeignSchemaTest, RetryIsTheMethodsOwn) {
  HttpConnection stream =
      bridge_->Stream("/v2/sites/a/telescopes/retry:watch?bands=radio");
  EXPECT_EQ(stream.NextBlock()->retry, "7000");
}

TEST_F(ForeignSchemaTest, LastEventIdResumesAfterIt) {
  HttpConnection stream = bridge_->Stream("/v2/count/3", "", "2");
  EXPECT_EQ(stream.Event().id, "3");
  ExpectStatusEvent(stream.Event(), 0);
  HttpConnection by_query = bridge_->Stream("/v2/count/3?last_event_id=1");
  EXPECT_EQ(by_query.Event().id, "2");
}

TEST_F(ForeignSchemaTest, LastEventIdThatFitsNoFieldStartsAnewAndSaysSo) {
  HttpConnection stream = bridge_->Stream("/v2/count/2", "", "two");
  const SseEvent reset = stream.Event();
  EXPECT_EQ(reset.event, "reset");
  EXPECT_EQ(Data(reset)["requested"], "two");
  EXPECT_EQ(stream.Event().id, "1");
}

TEST_F(ForeignSchemaTest, StreamWithNothingLeftAnswers204) {
  HttpRequest request = bridge_->Request("GET", "/v2/count/3");
  request.headers.emplace_back("Last-Event-ID", "3");
  const HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(bridge_->Call("GET", "/v2/count/3?last_event_id=3").status, 204);
  EXPECT_EQ(bridge_->Call("GET", "/v2/count/0").status, 204);
  EXPECT_EQ(bridge_->Call("GET", "/v2/fail/0").status, 204);
}

TEST_F(ForeignSchemaTest, EachElementIsOneCallHoweverManyBrowsers) {
  const int before = Watches();
  const std::string target =
      "/v2/sites/a/telescopes/shared:watch?bands=radio&bands=visible";
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(bridge_->Stream(target));
  streams.push_back(
      bridge_->Stream("/v2/sites/a/telescopes/shared:watch?bands=visible"));
  for (HttpConnection& stream : streams) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_LE(Data(stream.Event())["counts"]["watches"], before + 2);
    }
  }
  EXPECT_EQ(Watches(), before + 3);
}

TEST_F(ForeignSchemaTest, EachElementsEventsReachWhoAskedForSeveral) {
  HttpConnection stream = bridge_->Stream(
      "/v2/sites/a/telescopes/both:watch?bands=radio&bands=visible");
  std::set<std::string> seen;
  while (seen.size() < 2) {
    const SseEvent event = stream.Event();
    ASSERT_NE(event.data, "null");
    seen.insert(Data(event)["band"]);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"radio", "visible"}));
}

TEST_F(ForeignSchemaTest, JoinerOfASharedStreamGetsTheSnapshotAtOnce) {
  const std::string target = "/v2/sites/a/telescopes/c:watch?bands=radio";
  HttpConnection first = bridge_->Stream(target);
  first.Event();
  const int last = Data(first.Event())["counts"]["n"];
  HttpConnection joiner = bridge_->Stream(target);
  const int n = Data(joiner.Event())["counts"]["n"];
  EXPECT_GE(n, last);
  EXPECT_EQ(Data(joiner.Event())["counts"]["n"], n + 1);
}

TEST_F(ForeignSchemaTest, EventNameComesFromTheMessage) {
  HttpConnection stream =
      bridge_->Stream("/v2/sites/a/telescopes/names:watch?bands=radio");
  EXPECT_EQ(stream.Event().event, "NOVA");
  EXPECT_EQ(stream.Event().event, "PULSAR");
}

TEST_F(ForeignSchemaTest, JsonIsCanonical) {
  HttpConnection stream =
      bridge_->Stream("/v2/sites/a/telescopes/d:watch?bands=visible");
  json data = Data(stream.Event());
  EXPECT_EQ(data["kind"], "NOVA");
  EXPECT_EQ(data["star"], json({{"name", "star-visible"},
                                {"magnitude", 0.5},
                                {"distanceKm", "9007199254740993"}}));
  EXPECT_EQ(data["seenAt"], "2023-11-14T22:13:20.500Z");
  EXPECT_EQ(data["exposure"], "1s");
  EXPECT_TRUE(data["counts"]["n"].is_number_integer());
}

TEST_F(ForeignSchemaTest, BodyBindsWithJsonNamesAndProtoNames) {
  for (const std::string body :
       {R"({"telescope":"sites/a/telescopes/p","bands":["radio"]})",
        R"({"bands":["visible","radio"],"telescope":"anything"})"}) {
    HttpConnection stream(bridge_->address);
    stream.Send(bridge_->Request("POST", "/v2/watch", "", body));
    EXPECT_EQ(stream.ReadHead().status, 200);
    EXPECT_EQ(stream.Event().event, "NOVA");
  }
  for (const std::string name : {"after_first", "afterFirst"}) {
    HttpConnection stream = bridge_->Stream("/v2/fail/0?" + name + "=true");
    EXPECT_EQ(Data(stream.Event())["number"], "1") << name;
  }
}

TEST_F(ForeignSchemaTest, RefusalBeforeTheFirstMessageIsAnHttpError) {
  const int expected[][2] = {{1, 499},  {2, 500},  {3, 400},  {4, 504},
                             {5, 404},  {6, 409},  {7, 403},  {8, 429},
                             {9, 400},  {10, 409}, {11, 400}, {12, 501},
                             {13, 500}, {14, 503}, {15, 500}, {16, 401}};
  for (const auto& [code, status] : expected) {
    SCOPED_TRACE(code);
    const HttpAnswer answer = bridge_->Call(
        "GET", "/v2/fail/" + std::to_string(code) + "?message=no%20way");
    ExpectError(answer, status, "no way");
    EXPECT_EQ(answer.headers.count("www-authenticate"), status == 401);
  }
}

TEST_F(ForeignSchemaTest, FailureAfterTheFirstMessageIsAnEvent) {
  for (const int code : {0, 1, 5, 9, 13, 16}) {
    HttpConnection stream =
        bridge_->Stream("/v2/fail/" + std::to_string(code) +
                        "?after_first=true&message=a%0Adata:%20b");
    EXPECT_EQ(Data(stream.Event())["number"], "1");
    ExpectStatusEvent(stream.Event(), code, code == 0 ? "" : "a\ndata: b");
    // Those who come back after a failure do so spread over a time.
    if (code != 0) {
      const auto retry = stream.NextBlock();
      ASSERT_TRUE(retry.has_value());
      EXPECT_NE(retry->retry, "");
    }
    EXPECT_FALSE(stream.NextBlock().has_value());
  }
}

TEST_F(ForeignSchemaTest, UnaryCallIsJson) {
  const HttpAnswer answer = bridge_->Call("GET", "/v2/sites/a/telescopes/b");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(json::parse(answer.body), json({{"name", "sites/a/telescopes/b"},
                                            {"aperture", 2.4},
                                            {"kinds", {"NOVA", "PULSAR"}}}));
  ExpectError(bridge_->Call("GET", "/v2/sites/a/telescopes/lost"), 404,
              "no telescope sites/a/telescopes/lost");
}

TEST_F(ForeignSchemaTest, PathTemplateMatchesWholeSegments) {
  EXPECT_EQ(bridge_->Call("GET", "/v2/sites/a%20b/telescopes/%C3%A9").status,
            200);
  for (const std::string target :
       {"/v2/sites/a/telescopes", "/v2/sites/a/telescopes/b/c",
        "/v2/sites//telescopes/b", "/v2/sites/a/telescopes/",
        "/v2/places/a/telescopes/b", "/V2/sites/a/telescopes/b"}) {
    ExpectError(bridge_->Call("GET", target), 404, "no route");
  }
}

TEST_F(ForeignSchemaTest, WrongRequestsNameTheField) {
  for (const auto& [target, field] :
       std::vector<std::pair<std::string, std::string>>{
           {"/v2/sites/a/telescopes/b:watch", "bands"},
           {"/v2/sites/a/telescopes/b:watch?bands=infrared", "bands[0]"},
           {"/v2/sites/a/telescopes/b:watch?bands=radio&bands=x", "bands[1]"},
           {"/v2/count/many", "to"},
           {"/v2/count/-1", "to"},
           {"/v2/count/100001", "to"},
           {"/v2/count/1?colour=red", "colour"},
           {"/v2/count/1?after=x", "after"}}) {
    SCOPED_TRACE(target);
    ExpectFieldError(bridge_->Call("GET", target), field);
  }
  ExpectFieldError(
      bridge_->Call("POST", "/v2/watch", "", R"({"bands":["radio",1]})"),
      "bands[1]");
}

TEST_F(ForeignSchemaTest, CallerIsVerifiedAndCannotBeForged) {
  ExpectError(bridge_->Call("GET", "/v2/whoami"), 401);
  ExpectError(bridge_->Call("GET", "/v2/whoami", bridge_->Token("ann")), 403,
              "astronomer");
  const std::string token = bridge_->Token("ann", "--role astronomer");
  HttpRequest request = bridge_->Request("GET", "/v2/whoami", token);
  request.headers.emplace_back("x-sse-subject", "eve");
  request.headers.emplace_back("Grpc-Metadata-x-sse-subject", "eve");
  json who = json::parse(Fetch(bridge_->address, request).body);
  EXPECT_EQ(who, json({{"fromRequest", "ann"}, {"fromMetadata", "ann"}}));
  ExpectFieldError(bridge_->Call("GET", "/v2/whoami?caller.name=eve", token),
                   "caller.name");
  ExpectFieldError(bridge_->Call("GET", "/v2/whoami?caller.name=ann", token),
                   "caller.name");
}

TEST_F(ForeignSchemaTest, AnyRoleOfAGroupIsEnough) {
  for (const std::string role : {"astronomer", "admin"}) {
    const std::string token =
        bridge_->Token("ann", "--role guest --role " + role);
    EXPECT_EQ(bridge_->Call("GET", "/v2/whoami", token).status, 200) << role;
  }
}

TEST_F(ForeignSchemaTest, SubjectOutsideAsciiIsEscapedInMetadataOnly) {
  json who =
      json::parse(bridge_
                      ->Call("GET", "/v2/whoami",
                             bridge_->Token("'J\xc3\xb8rn %'", "--role admin"))
                      .body);
  EXPECT_EQ(who["fromRequest"], "J\xc3\xb8rn %");
  EXPECT_EQ(who["fromMetadata"], "J%C3%B8rn%20%25");
}

TEST_F(ForeignSchemaTest, MethodWithoutRouteIsHiddenUnlessAskedFor) {
  const std::string hidden = std::string(kService) + "Hidden";
  ExpectError(bridge_->Call("GET", hidden), 404, "no route");
  ExpectError(bridge_->Call("POST", hidden, "", "{}"), 404, "no route");
  Bridge open(backend_->address, WithSchema({"--default-routes"}));
  HttpRequest request = open.Request("POST", hidden, "", "{}");
  request.headers.emplace_back("x-sse-subject", "eve");
  const HttpAnswer answer = Fetch(open.address, request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body).value("fromMetadata", ""), "");
  // What has a route keeps it.
  EXPECT_EQ(open.Call("GET", "/v2/count/0").status, 204);
}

TEST_F(ForeignSchemaTest, HttpBehavesAsHttp) {
  ExpectError(bridge_->Call("GET", "/v3/nothing"), 404, "/v3/nothing");
  const HttpAnswer wrong_verb = bridge_->Call("DELETE", "/v2/count/1");
  ExpectError(wrong_verb, 405, "DELETE");
  EXPECT_EQ(wrong_verb.headers.at("allow"), "GET, HEAD");
  const HttpAnswer wrong_stream_verb = bridge_->Call("GET", "/v2/watch");
  ExpectError(wrong_stream_verb, 405);
  EXPECT_EQ(wrong_stream_verb.headers.at("allow"), "POST");
  const HttpAnswer options = bridge_->Call("OPTIONS", "/v2/count/1");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(ForeignSchemaTest, HeadIsGetWithoutABody) {
  for (const auto& [target, type] :
       std::vector<std::pair<std::string, std::string>>{
           {"/v2/sites/a/telescopes/b", "application/json"},
           {"/v2/count/2", "text/event-stream"}}) {
    HttpConnection connection(bridge_->address);
    HttpRequest request = bridge_->Request("HEAD", target);
    request.headers.emplace_back("Connection", "close");
    connection.Send(request);
    const HttpAnswer head = connection.ReadHead();
    EXPECT_EQ(head.status, 200) << target;
    EXPECT_EQ(head.headers.at("content-type"), type);
    // Of what it would be, or none where that is not known.
    const HttpAnswer get = bridge_->Call("GET", target);
    EXPECT_EQ(head.headers.count("content-length"),
              get.headers.count("content-length"));
    if (get.headers.count("content-length") > 0) {
      EXPECT_EQ(head.headers.at("content-length"),
                get.headers.at("content-length"));
    }
    EXPECT_NE(get.headers.at("date").find(" GMT"), std::string::npos);
    EXPECT_TRUE(connection.AtEnd()) << target;
  }
}

TEST_F(ForeignSchemaTest, AcceptChoosesTheForm) {
  const HttpAnswer array = Accepting("/v2/count/2", "application/json");
  EXPECT_EQ(array.headers.at("content-type"), "application/json");
  EXPECT_EQ(json::parse(array.body),
            json({{{"count", "1"}, {"rawBytes", "AQ=="}},
                  {{"count", "2"}, {"rawBytes", "Ag=="}}}));
  const HttpAnswer lines = Accepting("/v2/count/2", "application/x-ndjson");
  EXPECT_EQ(lines.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(lines.body,
            "{\"count\":\"1\",\"rawBytes\":\"AQ==\"}\n"
            "{\"count\":\"2\",\"rawBytes\":\"Ag==\"}\n");
  EXPECT_EQ(
      Accepting("/v2/count/2", "text/event-stream;q=0.1, application/x-ndjson")
          .body,
      lines.body);
  for (const std::string any : {"*/*", "text/*", "text/event-stream"}) {
    EXPECT_EQ(Accepting("/v2/count/1", any).headers.at("content-type"),
              "text/event-stream")
        << any;
  }
  ExpectError(Accepting("/v2/count/2", "image/png"), 406, "text/event-stream");
}

TEST_F(ForeignSchemaTest, FailureEndsLinesAndArraysToo) {
  const std::string target = "/v2/fail/9?after_first=true&message=no";
  const HttpAnswer lines = Accepting(target, "application/x-ndjson");
  const size_t eol = lines.body.find('\n');
  EXPECT_EQ(json::parse(lines.body.substr(0, eol))["number"], "1");
  EXPECT_EQ(json::parse(lines.body.substr(eol + 1))["error"]["code"], 9);
  json array = json::parse(Accepting(target, "application/json").body);
  ASSERT_EQ(array.size(), 2u);
  EXPECT_EQ(array[1]["error"]["message"], "no");
}

TEST_F(ForeignSchemaTest, Http10StreamEndsWithItsConnection) {
  HttpRequest request = bridge_->Request("GET", "/v2/count/1");
  request.version = "HTTP/1.0";
  const HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.count("transfer-encoding"), 0u);
  EXPECT_EQ(answer.headers.count("content-length"), 0u);
  EXPECT_NE(answer.body.find("event: grpc-status\nid: sse-bridge:end.0."),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find("\ndata: {\"code\":0"), std::string::npos);
  EXPECT_EQ(answer.body.substr(answer.body.size() - 2), "\n\n");
}

TEST_F(ForeignSchemaTest, QuietStreamIsKeptAlive) {
  Bridge bridge(backend_->address, WithSchema({"--keep-alive", "200ms"}));
  HttpConnection stream =
      bridge.Stream("/v2/sites/a/telescopes/quiet:watch?bands=radio");
  backend_->process->Signal(SIGSTOP);
  bool pinged = false;
  for (int i = 0; i < 1000 && !pinged; ++i) {
    const auto block = stream.NextBlock();
    ASSERT_TRUE(block.has_value());
    pinged = block->comment == "ping";
  }
  backend_->process->Signal(SIGCONT);
  EXPECT_TRUE(pinged);
  EXPECT_NE(stream.Event().event, "");
}

TEST_F(ForeignSchemaTest, SilentBackendStillOpensTheStreamAfterAGrace) {
  Bridge bridge(backend_->address, WithSchema({"--open-grace", "100ms"}));
  // The connection to the backend exists before it falls silent. An answer that
  // takes longer than the grace is 200.
  EXPECT_TRUE(Eventually(
      [&] { return bridge.Call("GET", "/v2/count/0").status == 204; }));
  backend_->process->Signal(SIGSTOP);
  HttpConnection stream =
      bridge.Stream("/v2/sites/a/telescopes/silent:watch?bands=radio");
  const auto opening = stream.NextBlock();
  backend_->process->Signal(SIGCONT);
  EXPECT_TRUE(opening.has_value());
  EXPECT_EQ(stream.Event().event, "NOVA");
}

TEST_F(ForeignSchemaTest, AbsentBackendIsUnavailable) {
  const ReservedPort gone;
  Bridge bridge(gone.address(), WithSchema());
  const HttpAnswer stream = bridge.Call("GET", "/v2/count/1");
  ExpectError(stream, 503);
  EXPECT_EQ(stream.headers.count("retry-after"), 1u);
  ExpectError(bridge.Call("GET", "/v2/sites/a/telescopes/b"), 503);
}

TEST_F(ForeignSchemaTest, ReflectionNeedsNoFile) {
  Bridge bridge(backend_->address, {"--reflect"});
  EXPECT_EQ(
      json::parse(bridge.Call("GET", "/v2/sites/a/telescopes/b").body)["name"],
      "sites/a/telescopes/b");
  ExpectError(bridge.Call("GET", "/v2/whoami"), 401);
  const std::string service = kService;
  EXPECT_EQ(bridge.Call("GET", service + "Hidden").status, 200);
  HttpConnection stream = bridge.Stream("/v2/count/2");
  EXPECT_EQ(Data(stream.Event())["count"], "1");
}

}  // namespace
}  // namespace sse_bridge::testing
