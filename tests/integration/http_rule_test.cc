// What google.api.http means, and unary calls, against a backend in Node that
// answers with what it was asked.

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

class HttpRuleTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    generated_ = new TemporaryDirectory;
    const std::string folder = RepositoryRoot() + "/tests/foreign/echo";
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " + folder +
               " --out " + generated_->path());
    backend_ = new Process(
        {"node", folder + "/backend.js", RepositoryRoot() + "/proto"});
    bridge_ = new Bridge(
        backend_->WaitForLine("listening on "),
        {"--descriptor-set", generated_->path() + "/descriptors/schema.binpb"});
  }
  static void TearDownTestSuite() {
    delete bridge_;
    delete backend_;
    delete generated_;
  }

  // What the backend says it got.
  static void ExpectCall(const std::string& verb, const std::string& target,
                         const std::string& body, const std::string& want) {
    const HttpAnswer answer = bridge_->Call(verb, target, "", body);
    EXPECT_EQ(answer.status, 200) << verb << " " << target << answer.body;
    EXPECT_EQ(json::parse(answer.body, nullptr, false), json::parse(want))
        << verb << " " << target << "\n"
        << answer.body;
  }

  static HttpAnswer WithTimeout(const std::string& timeout) {
    HttpRequest request = bridge_->Request("GET", "/slow");
    request.headers.emplace_back("Grpc-Timeout", timeout);
    return Fetch(bridge_->address, request);
  }

  static TemporaryDirectory* generated_;
  static Process* backend_;
  static Bridge* bridge_;
};

TemporaryDirectory* HttpRuleTest::generated_ = nullptr;
Process* HttpRuleTest::backend_ = nullptr;
Bridge* HttpRuleTest::bridge_ = nullptr;

TEST_F(HttpRuleTest, PathsBind) {
  const std::pair<const char*, const char*> kCases[] = {
      // One segment is decoded whole, several keep their encoded slashes.
      {"/one/a%2Fb%20c", R"({"x": "a/b c"})"},
      {"/one/a+b", R"({"x": "a+b"})"},
      {"/one/a:go", R"({"x": "a:go"})"},
      {"/one/a/", R"({"x": "a"})"},
      {"/multi/a/b%2Fc%20d/%21", R"({"x": "a/b%2Fc d/!"})"},
      {"/multi/a/b/", R"({"x": "a/b"})"},
      {"/multi", R"({})"},
      {"/two/shelves/a%2f/books/b%20", R"({"x": "shelves/a%2f/books/b "})"},
      {"/verb/q:go", R"({"x": "q"})"},
      {"/verb/q:r:go", R"({"x": "q:r"})"},
      {"/verbs/a/b:go", R"({"x": "a/b"})"},
      {"/tail/a/b/end", R"({"x": "a/b"})"},
      {"/tail/end", R"({})"},
      {"/nested/n/c", R"({"sub": {"name": "n", "child": {"name": "c"}}})"},
      {"/typed/RED/5/2024-01-02T03:04:05Z",
       R"({"color": "RED", "count": 5, "at": "2024-01-02T03:04:05Z"})"},
      {"/typed/2/-1/2024-01-02T03:04:05.5%2B01:00",
       R"({"color": "BLUE", "count": -1, "at": "2024-01-02T02:04:05.500Z"})"},
  };
  for (const auto& [target, want] : kCases) {
    json call = json::parse(want);
    call["method"] = "Path";
    ExpectCall("GET", target, "", call.dump());
  }
}

TEST_F(HttpRuleTest, LiteralBeatsVariableBeatsWildcard) {
  ExpectCall("GET", "/over/literal", "", R"({"method": "Literal"})");
  ExpectCall("GET", "/over/lit%65ral", "", R"({"method": "Literal"})");
  ExpectCall("GET", "/over/other", "", R"({"method":"Variable","x":"other"})");
  ExpectCall("GET", "/over/other/more", "", R"({"method": "Wildcard"})");
  ExpectCall("GET", "/over", "", R"({"method": "Wildcard"})");
}

TEST_F(HttpRuleTest, WhatMatchesNothingIsNotFound) {
  for (const char* target :
       {"/one", "/one/", "/one/a/b", "//one/a", "/two/shelves/a/books",
        "/two/shelves//books/b", "/verb/q", "/verb/q:stop", "/tail/a",
        "/acme.echo.v1.Echo/Unrouted"}) {
    ExpectError(bridge_->Call("GET", target), 404, "no route");
  }
}

TEST_F(HttpRuleTest, QueriesBind) {
  const std::pair<const char*, const char*> kCases[] = {
      {"x=1&sub.name=n&sub.child.child.name=deep&sub.numbers=1&sub.numbers=2",
       R"({"x": "1", "sub": {"name": "n", "child": {"child": {"name": "deep"}},
           "numbers": [1, 2]}})"},
      {"tags=a&tags=b,c&color=RED&colors=1&colors=BLUE",
       R"({"tags": ["a", "b,c"], "color": "RED", "colors": ["RED", "BLUE"]})"},
      {"big=9007199254740993&flag=true&real=1e300&raw=-_8&natural=4294967295",
       R"({"big": "9007199254740993", "flag": true, "real": 1e300,
           "raw": "+/8=", "natural": 4294967295})"},
      {"at=2024-01-01T00:00:00Z&wait=-1.5s&mask=aB,c.dE&waits=1s&waits=2s",
       R"({"at": "2024-01-01T00:00:00Z", "wait": "-1.500s", "mask": "aB,c.dE",
           "waits": ["1s", "2s"]})"},
      {"count=0&note=&maybe=0", R"({"count": 0, "note": "", "maybe": 0})"},
      {"camelCaseName=a", R"({"camelCaseName": "a"})"},
      {"camel_case_name=%E2%82%AC+b", R"({"camelCaseName": "€ b"})"},
      {"&x=a&&", R"({"x": "a"})"},
  };
  for (const auto& [query, want] : kCases) {
    json call = json::parse(want);
    call["method"] = "Literal";
    ExpectCall("GET", std::string("/over/literal?") + query, "", call.dump());
  }
}

TEST_F(HttpRuleTest, QueriesThatNameOrFitNoFieldAreRefused) {
  for (const auto& [query, field] :
       std::vector<std::pair<std::string, std::string>>{
           {"nope=1", "nope"},
           {"sub.nope=1", "sub.nope"},
           {"sub=1", "sub"},
           {"subs.name=1", "subs.name"},
           {"map=1", "map"},
           {"map.a=1", "map.a"},
           {"struct=1", "struct"},
           {"one=a&two=1", "two"},
           {"x=1&x=2", "x"},
           {"flag=1", "flag"},
           {"big=1.5", "big"},
           {"natural=-1", "natural"},
           {"color=GREEN", "color"},
           {"at=now", "at"},
           {"x=%ff", "x"},
           {"x=%zz", "x"}}) {
    ExpectFieldError(bridge_->Call("GET", "/over/literal?" + query), field);
  }
  ExpectFieldError(bridge_->Call("GET", "/one/a?x=b"), "x");
  ExpectFieldError(bridge_->Call("GET", "/typed/GREEN/1/2024-01-01T00:00:00Z"),
                   "color");
  ExpectFieldError(bridge_->Call("GET", "/nothing?x=1"), "x");
}

// Not taken for what they nearly are, whatever the route.
TEST_F(HttpRuleTest, PathsWithMalformedEscapesAreRefusedAndNamed) {
  for (const char* path : {"/one/%zz", "/one/a%", "/one/%4", "/one/a%00b",
                           "/one/%ff", "/one/%C3%28", "/over/literal%",
                           "/nowhere/%zz", "/%zz", "/events%zz"}) {
    const HttpAnswer answer = bridge_->Call("GET", path);
    ExpectError(answer, 400);
    EXPECT_NE(answer.body.find(std::string(path)), std::string::npos)
        << answer.body;
  }
  // Also where a path is a parameter.
  const HttpAnswer bundle =
      bridge_->Call("GET", "/events?stream=/one/%25zz", bridge_->Token("ann"));
  ExpectError(bundle, 400);
  EXPECT_NE(bundle.body.find("/one/%zz"), std::string::npos) << bundle.body;
  EXPECT_EQ(bridge_->Call("GET", "/one/%41%2525").status, 200);
}

TEST_F(HttpRuleTest, BodiesBind) {
  const struct {
    const char* verb;
    const char* target;
    const char* body;
    const char* want;
  } kCases[] = {
      {"POST", "/body", R"({"sub": {"name": "n"}, "colors": [1, "BLUE"],
        "camel_case_name": "c", "map": {"k": 1}, "struct": {"a": [null]}})",
       R"({"sub": {"name": "n"}, "colors": ["RED", "BLUE"],
        "camelCaseName": "c", "map": {"k": 1}, "struct": {"a": [null]}})"},
      {"POST", "/body", "", "{}"},
      {"POST", "/body/p", R"({"sub": {"numbers": [1]}})",
       R"({"sub": {"name": "p", "numbers": [1]}})"},
      {"POST", "/body-field/p?tags=t", R"({"name": "s"})",
       R"({"x": "p", "tags": ["t"], "sub": {"name": "s"}})"},
      {"PATCH", "/body-list/p?big=1", R"(["a", "b"])",
       R"({"x": "p", "big": "1", "tags": ["a", "b"]})"},
      {"PUT", "/body-time/p", R"("2024-01-01T00:00:00Z")",
       R"({"x": "p", "at": "2024-01-01T00:00:00Z"})"},
      {"DELETE", "/no-body/p?flag=true", "", R"({"x": "p", "flag": true})"},
      {"OPTIONS", "/custom?x=a", "", R"({"x": "a"})"},
      {"PUT", "/any/p", R"({"big": 1})", R"({"x": "p", "big": "1"})"},
      {"GET", "/any/p", "", R"({"x": "p"})"},
  };
  for (const auto& c : kCases) {
    json call = json::parse(c.want);
    call["method"] = "Body";
    ExpectCall(c.verb, c.target, c.body, call.dump());
  }
}

TEST_F(HttpRuleTest, BodiesThatDoNotFitAreRefused) {
  ExpectFieldError(bridge_->Call("POST", "/body?x=1", "", "{}"), "x");
  ExpectFieldError(bridge_->Call("POST", "/body", "", R"({"nope": 1})"),
                   "nope");
  ExpectFieldError(bridge_->Call("POST", "/body", "", R"({"x": 1})"), "x");
  ExpectFieldError(
      bridge_->Call("POST", "/body/p", "", R"({"sub": {"name": "q"}})"),
      "sub.name");
  ExpectFieldError(
      bridge_->Call("POST", "/body-field/p?sub.name=a", "", R"({"name":"b"})"),
      "sub.name");
  ExpectError(bridge_->Call("DELETE", "/no-body/p", "", R"({"big": 1})"), 400,
              "body");
  ExpectError(bridge_->Call("POST", "/body", "", "{"), 400, "line 1");
}

TEST_F(HttpRuleTest, ResponseBodyIsOneField) {
  ExpectCall("GET", "/response?x=a", "", R"({"x": "a"})");
  ExpectCall("GET", "/response/list", "", R"(["a", "b"])");
  ExpectCall("GET", "/response/text", "", R"("\"<")");
  ExpectCall("GET", "/response/time", "", R"("1970-01-01T00:00:05Z")");
}

TEST_F(HttpRuleTest, VerbsBehaveAsHttp) {
  HttpAnswer answer = bridge_->Call("OPTIONS", "/body");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("allow"), "POST, OPTIONS");
  answer = bridge_->Call("PUT", "/over/literal");
  ExpectError(answer, 405);
  EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD");
  ExpectError(bridge_->Call("OPTIONS", "/nowhere"), 404);
}

TEST_F(HttpRuleTest, CustomVerbIsServed) {
  ExpectCall("QUERY", "/query", R"({"x":"q"})", R"({"method":"Body","x":"q"})");
  HttpAnswer answer = bridge_->Call("GET", "/query");
  ExpectError(answer, 405);
  EXPECT_EQ(answer.headers.at("allow"), "QUERY");
  ExpectError(bridge_->Call("QUERY", "/over/literal"), 405);
  ExpectError(bridge_->Call("LOCK", "/over/literal"), 501, "request method");
}

TEST_F(HttpRuleTest, PathsAfterAnyAndOfListsBind) {
  ExpectCall("GET", "/after/a/b/of/c", "",
             R"({"method":"Path","x":"a/b","note":"c"})");
  ExpectCall("GET", "/list/a,b", "", R"({"method":"Path","tags":["a","b"]})");
}

TEST_F(HttpRuleTest, NestedBodyAndMapsInTheQueryBind) {
  ExpectCall("POST", "/nested-body/y?sub.name=n&map[k]=7", R"({"name":"c"})",
             R"({"method":"Body","x":"y","sub":{"name":"n",)"
             R"("child":{"name":"c"}},"map":{"k":7}})");
}

TEST_F(HttpRuleTest, FormsBind) {
  HttpRequest request = bridge_->Request("POST", "/body");
  request.headers.emplace_back("Content-Type",
                               "application/x-www-form-urlencoded");
  request.body = "x=a+b&tags=1&tags=2&sub.name=n";
  const HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(json::parse(answer.body, nullptr, false),
            json::parse(R"({"method":"Body","x":"a b","tags":["1","2"],)"
                        R"("sub":{"name":"n"}})"))
      << answer.body;
}

TEST_F(HttpRuleTest, PatchNamesTheFieldsOfItsBody) {
  ExpectCall("PATCH", "/change", R"({"x":"1","sub":{"name":"n"}})",
             R"({"updateMask":"x,sub.name"})");
  ExpectCall("PATCH", "/change?updateMask=tags", R"({"x":"1"})",
             R"({"updateMask":"tags"})");
}

TEST_F(HttpRuleTest, HttpBodyOfARequestIsRawBytes) {
  HttpRequest request = bridge_->Request("POST", "/upload");
  request.headers.emplace_back("Content-Type", "image/png");
  request.body = std::string("\0\xff{\n", 4);
  const HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "image/png");
  EXPECT_EQ(answer.body, request.body);
}

TEST_F(HttpRuleTest, HttpBodyIsRawBytes) {
  const HttpAnswer answer =
      bridge_->Call("GET", "/raw?x=image/png&raw=AP8KPA%3D%3D");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "image/png");
  EXPECT_EQ(answer.body, std::string("\0\xff\n<", 4));
}

TEST_F(HttpRuleTest, DeadlineIsTheCallers) {
  ExpectError(WithTimeout("50m"), 504);
  ExpectError(WithTimeout("0S"), 504);
  const HttpAnswer enough = WithTimeout("20S");
  EXPECT_EQ(enough.status, 200) << enough.body;
  EXPECT_EQ(WithTimeout("15000000u").status, 200);
  for (const char* malformed : {"1", "S", "-1S", "1s", "123456789m"}) {
    ExpectError(WithTimeout(malformed), 400, "Grpc-Timeout");
  }
}

TEST_F(HttpRuleTest, CodesHaveTheirHttpStatus) {
  const int kStatus[] = {500, 499, 500, 400, 504, 404, 409, 403, 429,
                         400, 409, 400, 501, 500, 503, 500, 401, 500};
  for (int code = 0; code < 18; ++code) {
    ExpectError(bridge_->Call("GET", "/fail/" + std::to_string(code)),
                kStatus[code]);
  }
}

// A google.rpc.Status with a Sub, an unknown type, and a Duration:
// {code: 3, message: "as told", details: [...]}.
constexpr char kDetails[] =
    "CAMSB2FzIHRvbGQaLAokdHlwZS5nb29nbGVhcGlzLmNvbS9hY21lLmVjaG8udjEuU3ViEgQK"
    "Am5tGiYKIHR5cGUuZ29vZ2xlYXBpcy5jb20vbm8uc3VjaC5UeXBlEgIBAhoyCix0eXBlLmdv"
    "b2dsZWFwaXMuY29tL2dvb2dsZS5wcm90b2J1Zi5EdXJhdGlvbhICCAU%3D";

TEST_F(HttpRuleTest, DetailsOfErrorsAreResolvedAndUnknownOnesNamed) {
  const HttpAnswer answer =
      bridge_->Call("GET", std::string("/fail/3?raw=") + kDetails);
  ExpectError(answer, 400, "as told");
  EXPECT_EQ(json::parse(answer.body)["error"]["details"], json::parse(R"([
    {"@type": "type.googleapis.com/acme.echo.v1.Sub", "name": "nm"},
    {"@type": "type.googleapis.com/no.such.Type"},
    {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "5s"}
  ])"));
}

}  // namespace
}  // namespace sse_bridge::testing
