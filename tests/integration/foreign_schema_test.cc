// A schema and a backend that this project's C++ has never seen.

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

class ForeignSchemaTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    generated_ = new TemporaryDirectory;
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
               RepositoryRoot() + "/tests/foreign/proto --out " +
               generated_->path());
    backend_ = new ForeignBackend;
    bridge_ = new Bridge(
        backend_->address,
        {"--descriptor-set", generated_->path() + "/descriptors/schema.binpb"});
  }
  static void TearDownTestSuite() {
    delete bridge_;
    delete backend_;
    delete generated_;
  }

  static TemporaryDirectory* generated_;
  static ForeignBackend* backend_;
  static Bridge* bridge_;
};

TemporaryDirectory* ForeignSchemaTest::generated_ = nullptr;
ForeignBackend* ForeignSchemaTest::backend_ = nullptr;
Bridge* ForeignSchemaTest::bridge_ = nullptr;

TEST_F(ForeignSchemaTest, StreamHasNamesIdsAndAnEnd) {
  HttpConnection stream = bridge_->Stream("/v2/count/2");
  const auto opening = stream.NextBlock();
  EXPECT_EQ(opening->retry, "2000");
  const auto first = stream.NextEvent();
  EXPECT_EQ(first->event, "tick");
  EXPECT_EQ(first->id, "1");
  EXPECT_EQ(json::parse(first->data),
            json({{"count", "1"}, {"rawBytes", "AQ=="}}));
  EXPECT_EQ(stream.NextEvent()->id, "2");
  const auto end = stream.NextEvent();
  EXPECT_EQ(end->event, "grpc-status");
  EXPECT_EQ(json::parse(end->data)["code"], 0);
  EXPECT_FALSE(stream.NextBlock().has_value());
}

TEST_F(ForeignSchemaTest, LastEventIdResumesAfterIt) {
  HttpConnection stream = bridge_->Stream("/v2/count/3", "", "2");
  EXPECT_EQ(stream.NextEvent()->id, "3");
  EXPECT_EQ(stream.NextEvent()->event, "grpc-status");
}

TEST_F(ForeignSchemaTest, StreamWithNothingLeftAnswers204) {
  HttpRequest request = bridge_->Request("GET", "/v2/count/3");
  request.headers.emplace_back("Last-Event-ID", "3");
  EXPECT_EQ(Fetch(bridge_->address, request).status, 204);
  EXPECT_EQ(bridge_->Call("GET", "/v2/count/3?last_event_id=3").status, 204);
}

TEST_F(ForeignSchemaTest, IdenticalRequestsShareOneCallForEachElement) {
  const std::string target =
      "/v2/sites/a/telescopes/b:watch?bands=radio&bands=visible";
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(bridge_->Stream(target));
  for (HttpConnection& stream : streams) {
    for (int i = 0; i < 4; ++i) {
      const json data = json::parse(stream.NextEvent()->data);
      EXPECT_LE(data["counts"]["watches"], 2);
    }
  }
}

TEST_F(ForeignSchemaTest, JoinerOfASharedStreamGetsTheSnapshotAtOnce) {
  const std::string target = "/v2/sites/a/telescopes/c:watch?bands=radio";
  HttpConnection first = bridge_->Stream(target);
  first.NextEvent();
  const auto event = first.NextEvent();
  HttpConnection joiner = bridge_->Stream(target);
  const json last = json::parse(event->data);
  const json snapshot = json::parse(joiner.NextEvent()->data);
  EXPECT_GE(snapshot["counts"]["n"], last["counts"]["n"]);
  const int n = snapshot["counts"]["n"];
  EXPECT_EQ(json::parse(joiner.NextEvent()->data)["counts"]["n"], n + 1);
}

TEST_F(ForeignSchemaTest, JsonIsCanonical) {
  HttpConnection stream =
      bridge_->Stream("/v2/sites/a/telescopes/d:watch?bands=visible");
  const auto event = stream.NextEvent();
  EXPECT_EQ(event->event, "NOVA");
  const json data = json::parse(event->data);
  EXPECT_EQ(data["star"]["distanceKm"], "9007199254740993");
  EXPECT_EQ(data["seenAt"], "2023-11-14T22:13:20.500Z");
  EXPECT_EQ(data["exposure"], "1s");
}

TEST_F(ForeignSchemaTest, RefusalBeforeTheFirstMessageIsAnHttpError) {
  const int expected[][2] = {{1, 499},  {2, 500},  {3, 400},  {4, 504},
                             {5, 404},  {6, 409},  {7, 403},  {8, 429},
                             {9, 400},  {10, 409}, {11, 400}, {12, 501},
                             {13, 500}, {14, 503}, {15, 500}, {16, 401}};
  for (const auto& [code, status] : expected) {
    const HttpAnswer answer = bridge_->Call(
        "GET", "/v2/fail/" + std::to_string(code) + "?message=no");
    EXPECT_EQ(answer.status, status) << code;
    const json error = json::parse(answer.body)["error"];
    EXPECT_EQ(error["code"], status);
    EXPECT_EQ(error["message"], "no");
  }
  EXPECT_EQ(bridge_->Call("GET", "/v2/fail/0").status, 204);
}

TEST_F(ForeignSchemaTest, FailureAfterTheFirstMessageIsAnEvent) {
  HttpConnection stream =
      bridge_->Stream("/v2/fail/9?after_first=true&message=a%0Adata:%20b");
  EXPECT_EQ(json::parse(stream.NextEvent()->data)["number"], "1");
  const auto end = stream.NextEvent();
  EXPECT_EQ(end->event, "grpc-status");
  EXPECT_EQ(json::parse(end->data)["code"], 9);
  EXPECT_EQ(json::parse(end->data)["message"], "a\ndata: b");
  EXPECT_FALSE(stream.NextBlock().has_value());
}

TEST_F(ForeignSchemaTest, UnaryCallIsJson) {
  const HttpAnswer answer = bridge_->Call("GET", "/v2/sites/a/telescopes/b");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["name"], "sites/a/telescopes/b");
  EXPECT_EQ(bridge_->Call("GET", "/v2/sites/a/telescopes/lost").status, 404);
}

TEST_F(ForeignSchemaTest, WrongRequestsNameTheField) {
  for (const auto& [target, field] :
       std::vector<std::pair<std::string, std::string>>{
           {"/v2/sites/a/telescopes/b:watch", "bands"},
           {"/v2/sites/a/telescopes/b:watch?bands=infrared", "bands[0]"},
           {"/v2/count/many", "to"},
           {"/v2/count/-1", "to"},
           {"/v2/count/1?colour=red", "colour"}}) {
    const HttpAnswer answer = bridge_->Call("GET", target);
    EXPECT_EQ(answer.status, 400) << target;
    const json details = json::parse(answer.body)["error"]["details"];
    ASSERT_EQ(details.size(), 1u) << answer.body;
    EXPECT_EQ(details[0]["fieldViolations"][0]["field"], field);
  }
}

TEST_F(ForeignSchemaTest, CallerIsVerifiedAndCannotBeForged) {
  EXPECT_EQ(bridge_->Call("GET", "/v2/whoami").status, 401);
  const std::string novice = bridge_->Token("ann");
  EXPECT_EQ(bridge_->Call("GET", "/v2/whoami", novice).status, 403);
  const std::string token = bridge_->Token("ann", "--role astronomer");
  HttpRequest request = bridge_->Request("GET", "/v2/whoami", token);
  request.headers.emplace_back("x-sse-subject", "eve");
  const json who = json::parse(Fetch(bridge_->address, request).body);
  EXPECT_EQ(who["fromRequest"], "ann");
  EXPECT_EQ(who["fromMetadata"], "ann");
  EXPECT_EQ(bridge_->Call("GET", "/v2/whoami?caller.name=eve", token).status,
            400);
}

TEST_F(ForeignSchemaTest, HttpBehavesAsHttp) {
  EXPECT_EQ(bridge_->Call("GET", "/v3/nothing").status, 404);
  const HttpAnswer wrong_verb = bridge_->Call("DELETE", "/v2/count/1");
  EXPECT_EQ(wrong_verb.status, 405);
  EXPECT_EQ(wrong_verb.headers.at("allow"), "GET, HEAD");
  const HttpAnswer options = bridge_->Call("OPTIONS", "/v2/count/1");
  EXPECT_EQ(options.status, 204);
  const HttpAnswer head = bridge_->Call("HEAD", "/v2/sites/a/telescopes/b");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(
      bridge_->Call("GET", "/acme.observatory.v2.Telescopes/Hidden").status,
      404);
}

TEST_F(ForeignSchemaTest, AcceptChoosesTheForm) {
  HttpRequest request = bridge_->Request("GET", "/v2/count/2");
  request.headers = {{"Accept", "application/json"}};
  const HttpAnswer array = Fetch(bridge_->address, request);
  EXPECT_EQ(json::parse(array.body).size(), 2u);
  request.headers = {{"Accept", "application/x-ndjson"}};
  const HttpAnswer lines = Fetch(bridge_->address, request);
  EXPECT_EQ(std::count(lines.body.begin(), lines.body.end(), '\n'), 2);
  request.headers = {{"Accept", "image/png"}};
  EXPECT_EQ(Fetch(bridge_->address, request).status, 406);
}

TEST_F(ForeignSchemaTest, Http10StreamEndsWithItsConnection) {
  HttpRequest request = bridge_->Request("GET", "/v2/count/1");
  request.version = "HTTP/1.0";
  const HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(answer.headers.count("transfer-encoding"), 0u);
  EXPECT_NE(answer.body.find("event: grpc-status"), std::string::npos);
}

TEST_F(ForeignSchemaTest, QuietStreamIsKeptAlive) {
  Bridge bridge(backend_->address,
                {"--keep-alive", "200ms", "--descriptor-set",
                 generated_->path() + "/descriptors/schema.binpb"});
  HttpConnection stream =
      bridge.Stream("/v2/sites/a/telescopes/e:watch?bands=radio");
  backend_->process->Signal(SIGSTOP);
  bool pinged = false;
  for (int i = 0; i < 200 && !pinged; ++i) {
    pinged = stream.NextBlock()->comment == "ping";
  }
  backend_->process->Signal(SIGCONT);
  EXPECT_TRUE(pinged);
}

TEST_F(ForeignSchemaTest, ReflectionNeedsNoFile) {
  Bridge bridge(backend_->address, {"--reflect"});
  const std::string service = "/acme.observatory.v2.Telescopes/";
  EXPECT_EQ(
      bridge.Call("POST", service + "Describe", "", R"({"name":"q"})").status,
      200);
  EXPECT_EQ(bridge.Call("GET", service + "Hidden").status, 200);
  HttpConnection stream = bridge.Stream(service + "Count?to=2");
  EXPECT_EQ(json::parse(stream.NextEvent()->data)["number"], "1");
}

}  // namespace
}  // namespace sse_bridge::testing
