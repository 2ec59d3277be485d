// The pages as they come over HTTP: tests/browser has what a person sees.

#include <map>
#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

// No backend is asked for any of this.
constexpr char kNoBackend[] = "127.0.0.1:9";

class PagesTest : public ::testing::Test {
 protected:
  HttpAnswer Get(const std::string& target) const {
    return bridge_.Call("GET", target);
  }

  Bridge bridge_{kNoBackend};
};

TEST_F(PagesTest, HaveTheirContentTypesAndHeaders) {
  for (const auto& [path, type] : std::map<std::string, std::string>{
           {"/", "text/html; charset=utf-8"},
           {"/explorer", "text/html; charset=utf-8"},
           {"/explorer?query=ignored", "text/html; charset=utf-8"},
           {"/favicon.svg", "image/svg+xml"},
           {"/assets/style.css", "text/css; charset=utf-8"},
           {"/assets/explorer.js", "text/javascript; charset=utf-8"},
           {"/assets/uplot.js", "text/javascript; charset=utf-8"},
           {"/assets/uplot.LICENSE.txt", "text/plain; charset=utf-8"},
           {"/schema.json", "application/json"}}) {
    HttpAnswer answer = Get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.headers["content-type"], type) << path;
    EXPECT_EQ(answer.headers["cache-control"], "no-cache") << path;
    EXPECT_EQ(answer.headers["x-content-type-options"], "nosniff") << path;
    const std::string policy = answer.headers["content-security-policy"];
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << path;
    EXPECT_NE(policy.find("script-src 'self'"), std::string::npos) << path;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << path;
    EXPECT_FALSE(answer.body.empty()) << path;
  }
}

TEST_F(PagesTest, HoldNoInlineScriptOrStyle) {
  for (const char* path : {"/", "/explorer"}) {
    const std::string page = Get(path).body;
    for (const char* inlined : {"<script>", "<style", " style=", " onclick="}) {
      EXPECT_EQ(page.find(inlined), std::string::npos) << path << inlined;
    }
  }
}

TEST_F(PagesTest, AreNotSentAgainToABrowserThatHasThem) {
  HttpAnswer first = Get("/");
  const std::string etag = first.headers["etag"];
  ASSERT_FALSE(etag.empty());
  EXPECT_NE(etag, Get("/explorer").headers["etag"]);
  for (const std::string& tags :
       {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    HttpRequest request = bridge_.Request("GET", "/");
    request.headers.emplace_back("If-None-Match", tags);
    HttpAnswer answer = Fetch(bridge_.address, request);
    EXPECT_EQ(answer.status, 304) << tags;
    EXPECT_EQ(answer.headers["etag"], etag);
    EXPECT_EQ(answer.body, "");
  }
  HttpRequest request = bridge_.Request("GET", "/");
  request.headers.emplace_back("If-None-Match", "\"other\"");
  EXPECT_EQ(Fetch(bridge_.address, request).body, first.body);
}

TEST_F(PagesTest, AnswerHeadWithTheLengthAndNoBody) {
  HttpConnection connection(bridge_.address);
  connection.Send(bridge_.Request("HEAD", "/explorer"));
  HttpAnswer answer = connection.ReadAnswer(/*head_request=*/true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers["content-length"],
            std::to_string(Get("/explorer").body.size()));
}

TEST_F(PagesTest, RefuseOtherMethods) {
  HttpAnswer refused = bridge_.Call("POST", "/explorer", "", "{}");
  ExpectError(refused, 405);
  EXPECT_EQ(refused.headers["allow"], "GET, HEAD");
  EXPECT_EQ(bridge_.Call("OPTIONS", "/").headers["allow"],
            "GET, HEAD, OPTIONS");
}

TEST_F(PagesTest, LeadToNoFileOfTheMachine) {
  for (const char* path :
       {"/assets/", "/assets/../index.html", "/assets/%2e%2e/index.html",
        "/assets/..%2f..%2fetc/passwd", "/../../etc/passwd",
        "//assets/style.css", "/assets/style.css/", "/assets/STYLE.css",
        "/index.html", "/package.json"}) {
    ExpectError(Get(path), 404);
  }
  ExpectError(Get("/assets/style.css%00"), 400);
}

TEST_F(PagesTest, TellTheSchemaToTheExplorer) {
  const json schema = json::parse(Get("/schema.json").body);
  std::map<std::string, json> methods;
  for (const json& service : schema["services"]) {
    for (const json& method : service["methods"]) {
      methods[method["full_name"]] = method;
    }
  }
  const json prices = methods["realtime.v1.Prices.StreamPrices"];
  EXPECT_EQ(prices["streaming"], true);
  EXPECT_EQ(prices["summary"], "Stream price updates");
  EXPECT_EQ(prices["routes"], json::parse(R"([
    {"verb": "POST", "path": "/prices/stream", "body": "*"},
    {"verb": "GET", "path": "/prices/stream"}])"));
  EXPECT_EQ(prices["access"], json::parse(R"({"public": true})"));
  EXPECT_EQ(prices["client"], "prices.stream");
  EXPECT_FALSE(prices.contains("json_names"));
  EXPECT_EQ(schema["messages"][prices["request"]], json::parse(R"json([{
    "name": "symbols", "repeated": true, "type": "string",
    "comment": "The symbols to follow: one to ten.",
    "rules": {"repeated": {"min_items": "1", "max_items": "10", "unique": true,
      "items": {"string": {"min_len": "1", "max_len": "32"}}}},
    "texts": {
      "repeated.min_items": "must contain at least 1 item(s)",
      "repeated.max_items": "must contain no more than 10 item(s)",
      "repeated.unique": "must contain unique items",
      "repeated.items.string.min_len": "must be at least 1 characters",
      "repeated.items.string.max_len": "must be at most 32 characters"}}])json"));
  EXPECT_FALSE(schema.contains("message_rules"));

  const json notifications =
      methods["realtime.v1.Notifications.StreamNotifications"];
  EXPECT_EQ(notifications["access"], json::parse(R"({"authenticated": true,
    "scopes": [["notifications:read"]], "subject_into": "user_id"})"));
  EXPECT_EQ(notifications["stream"], json::parse(R"({"event_from": "event",
    "events": ["unread", "new"], "id_from": "cursor", "resume_into": "cursor",
    "bundle": "notification"})"));
  EXPECT_EQ(schema["version"], SSE_BRIDGE_VERSION);
  // Only what requests can hold.
  EXPECT_FALSE(schema["messages"].contains("realtime.v1.PriceUpdate"));
}

TEST(PagesSwitchTest, AreNotServedWithNoPages) {
  for (const char* off : {"--no-pages", "--pages=false"}) {
    Bridge bridge(kNoBackend, {off});
    for (const char* path :
         {"/", "/explorer", "/assets/style.css", "/favicon.svg", "/schema.json",
          "/openapi.json", "/openapi.yaml"}) {
      ExpectError(bridge.Call("GET", path), 404);
    }
  }
}

// Types that refer to themselves, all kinds of fields, and routes that have the
// paths of pages.
TEST(PagesSchemaTest, RoutesGoBeforePagesAndEveryKindOfFieldIsTold) {
  TemporaryDirectory directory;
  const std::string out = directory.path() + "/out";
  RunCommand("mkdir -p " + directory.path() + "/protos " + out);
  WriteFile(directory.path() + "/protos/own.proto", R"(
    syntax = "proto3";
    package own;
    import "buf/validate/validate.proto";
    import "google/api/annotations.proto";
    import "google/api/httpbody.proto";
    import "google/protobuf/wrappers.proto";
    service Own {
      rpc Explore(Node) returns (Node) {
        option (google.api.http) = { post: "/explorer" body: "*" };
      }
      rpc Schema(Node) returns (Node) {
        option (google.api.http) = { get: "/schema.json" };
      }
      rpc Unreached(Leaf) returns (Leaf);
      rpc Upload(google.api.HttpBody) returns (Leaf) {
        option (google.api.http) = { post: "/upload" body: "*" };
      }
    }
    enum Kind { NONE = 0; SOME = 1; }
    message Leaf { string name = 1; }
    message Node {
      // Below "this" \ one.
      map<string, Node> children = 1;
      optional int64 count = 2;
      oneof choice { Kind kind = 3; bytes raw_bytes = 4; }
      google.protobuf.BoolValue maybe = 5;
      option (buf.validate.message).oneof = { fields: ["low", "high"] };
      int32 low = 6 [(buf.validate.field).int32.gt = 3];
      int32 high = 7 [(buf.validate.field) = {
        ignore: IGNORE_ALWAYS int32 { gt: 3 }
      }];
      string even = 8 [(buf.validate.field).cel = {
        id: "even" message: "must be even" expression: "this.size() % 2 == 0"
      }];
    })");
  RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
             directory.path() + "/protos --out " + out);
  const std::string set = out + "/descriptors/schema.binpb";
  Bridge bridge(kNoBackend, {"--descriptor-set", set});

  // The page's path is the schema's now, and with it the verbs.
  ExpectError(bridge.Call("GET", "/explorer"), 405);
  ExpectError(bridge.Call("GET", "/schema.json"), 503);
  EXPECT_EQ(bridge.Call("GET", "/").status, 200);

  // The same, with nothing in the way of /schema.json.
  RunCommand("sed -i 's|/schema.json|/elsewhere|' " + directory.path() +
             "/protos/own.proto");
  RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
             directory.path() + "/protos --out " + out);
  bridge.process->Signal(SIGHUP);
  json schema;
  WaitFor("the schema to be read again", [&] {
    schema = json::parse(bridge.Call("GET", "/schema.json").body, nullptr,
                         /*allow_exceptions=*/false);
    return schema.contains("services");
  });
  EXPECT_EQ(schema["services"][0]["methods"].size(), 3u);
  EXPECT_EQ(schema["services"][0]["methods"][0]["client"], "own.explore");
  EXPECT_EQ(schema["services"][0]["methods"][0]["json_names"], true);
  EXPECT_EQ(schema["services"][0]["methods"][2]["routes"], json::parse(R"([
    {"verb": "POST", "path": "/upload", "body": "*", "raw_body": true}])"));
  EXPECT_EQ(schema["messages"].size(), 4u);  // with HttpBody and Any
  EXPECT_EQ(schema["messages"]["own.Node"], json::parse(R"json([
    {"name": "children", "map": "string", "type": "message",
     "type_name": "own.Node", "comment": "Below \"this\" \\ one."},
    {"name": "count", "type": "int64", "optional": true},
    {"name": "kind", "type": "enum", "type_name": "own.Kind",
     "oneof": "choice"},
    {"name": "raw_bytes", "json_name": "rawBytes", "type": "bytes",
     "oneof": "choice"},
    {"name": "maybe", "type": "message",
     "type_name": "google.protobuf.BoolValue"},
    {"name": "low", "type": "int32",
     "rules": {"ignore": "IGNORE_IF_ZERO_VALUE", "int32": {"gt": 3}},
     "texts": {"int32.gt": "must be greater than 3"}},
    {"name": "high", "type": "int32"},
    {"name": "even", "type": "string",
     "rules": {"cel": [{"id": "even", "message": "must be even",
                        "expression": "this.size() % 2 == 0"}]},
     "texts": {"cel[0]": "must be even"}}])json"));
  EXPECT_EQ(
      schema["message_rules"],
      json::parse(R"({"own.Node": ["at most one of low, high can be set"]})"));
  EXPECT_EQ(schema["enums"]["own.Kind"], json::parse(R"(["NONE", "SOME"])"));
}

}  // namespace
}  // namespace sse_bridge::testing
