#include "bridge/schema/service_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string ErrorOf(const std::string& text) {
  const auto config = ServiceConfig::Parse("s.yaml", text);
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(ServiceConfigTest, RulesAreReadWithTheirLines) {
  const auto config = ServiceConfig::Parse("s.yaml", R"(
type: google.api.Service
config_version: 3
name: weather.example.com
http:
  fully_decode_reserved_expansion: false
  rules:
    - selector: acme.v1.Weather.Watch
      get: /weather/{name}/stream
      additional_bindings:
        - post: /weather:watch
          body: "*"
        - custom: {kind: QUERY, path: /weather}
          body: '*'
sse:
  rules:
    - selector: acme.v1.Weather.*, acme.v2.Weather
      access:
        scopes:
          - anyOf: [read, write]
    - selector: acme.v1.Weather.Watch
      stream:
        shared: true
        keep_alive: 30s
        retry: 0.5s
        slow: {policy: CONFLATE, key: name}
        bundle: {event: 5}
    - selector: "*"
      json: {preserveProtoFieldNames: true}
)");
  ASSERT_TRUE(config.ok()) << config.status();
  const std::vector<ServiceConfig::Rule>& rules = (*config)->rules();
  ASSERT_THAT(rules, SizeIs(4));
  EXPECT_THAT((*config)->warnings(), IsEmpty());

  EXPECT_EQ(rules[0].where, "s.yaml:8");
  EXPECT_EQ(rules[0].path, "http.rules[acme.v1.Weather.Watch]");
  EXPECT_THAT(rules[0].patterns, ElementsAre("acme.v1.Weather.Watch"));
  ASSERT_TRUE(rules[0].http.has_value());
  EXPECT_EQ(rules[0].http->selector(), "");
  EXPECT_EQ(rules[0].http->get(), "/weather/{name}/stream");
  ASSERT_EQ(rules[0].http->additional_bindings_size(), 2);
  EXPECT_EQ(rules[0].http->additional_bindings(0).body(), "*");
  EXPECT_EQ(rules[0].http->additional_bindings(1).custom().kind(), "QUERY");

  EXPECT_EQ(rules[1].where, "s.yaml:17");
  EXPECT_EQ(rules[1].path, "sse.rules[acme.v1.Weather.*, acme.v2.Weather]");
  EXPECT_EQ(rules[1].selector, "acme.v1.Weather.*, acme.v2.Weather");
  EXPECT_THAT(rules[1].patterns,
              ElementsAre("acme.v1.Weather.*", "acme.v2.Weather"));
  ASSERT_TRUE(rules[1].access.has_value());
  EXPECT_EQ(rules[1].access->scopes(0).any_of(1), "write");

  ASSERT_TRUE(rules[2].stream.has_value());
  EXPECT_TRUE(rules[2].stream->shared());
  EXPECT_EQ(rules[2].stream->keep_alive().seconds(), 30);
  EXPECT_EQ(rules[2].stream->retry().nanos(), 500'000'000);
  EXPECT_EQ(rules[2].stream->slow().policy(), sse::v1::SlowConsumer::CONFLATE);
  EXPECT_EQ(rules[2].stream->bundle().event(), "5");

  ASSERT_TRUE(rules[3].json.has_value());
  EXPECT_TRUE(rules[3].json->preserve_proto_field_names());
}

TEST(ServiceConfigTest, JsonIsYamlToo) {
  const auto config = ServiceConfig::Parse(
      "s.json",
      R"({"http": {"rules": [{"selector": "a.B.C", "responseBody": "x",
          "put": "/c"}]}})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ((*config)->rules()[0].http->response_body(), "x");
}

TEST(ServiceConfigTest, RulesOfHttpComeFirstWhereverTheyStand) {
  const auto config = ServiceConfig::Parse(
      "s.yaml",
      "sse: {rules: [{selector: a.B, access: {public: true}}]}\n"
      "http: {rules: [{selector: a.B.C, get: /c}]}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE((*config)->rules()[0].http.has_value());
  EXPECT_EQ((*config)->rules()[1].where, "s.yaml:1");
}

TEST(ServiceConfigTest, WhatWouldProtectIsNamed) {
  const auto config = ServiceConfig::Parse("s.yaml", R"(
apis: [{name: acme.v1.Weather}]
authentication: {rules: [{selector: "*", oauth: {}}]}
quota: {}
http: {fully_decode_reserved_expansion: true}
)");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(
      (*config)->warnings(),
      ElementsAre(AllOf(StartsWith("s.yaml:3: "), HasSubstr("authentication")),
                  AllOf(StartsWith("s.yaml:4: "), HasSubstr("quota")),
                  AllOf(StartsWith("s.yaml:5: "),
                        HasSubstr("fully_decode_reserved_expansion"))));
}

TEST(ServiceConfigTest, ErrorsNameTheirPlace) {
  const auto rule = [](const std::string& text) {
    return "http:\n  rules:\n  - selector: a.B.C\n    " + text;
  };
  const auto sse = [](const std::string& text) {
    return "sse:\n  rules:\n  - selector: a.B.C\n    " + text;
  };
  for (const auto& [text, place, reason] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"- a", "s.yaml:1:1: ", "must be a mapping, not a list"},
           {"https: {}", "s.yaml:1:1: https: ", "not part of google.api"},
           {"http: {}\nhttp: {}", "s.yaml:2:1: http: ", "set twice"},
           {"type: google.api.Method",
            "s.yaml:1:1: type: ", "must be google.api.Service"},
           {"http: []", "s.yaml:1:7: http: ", "must be a mapping"},
           {"http: {rule: []}", "s.yaml:1:8: http.rule: ", "is unknown"},
           {"http: {rules: {}}", "s.yaml:1:15: http.rules: ", "must be a list"},
           {"http: {rules: [a]}",
            "s.yaml:1:16: http.rules[0]: ", "must be a mapping"},
           {"http: {rules: [{get: /a}]}",
            "s.yaml:1:16: http.rules[0]: ", "no selector"},
           {"http: {rules: [{selector: a.B.C}]}",
            "s.yaml:1:16: http.rules[a.B.C]: ", "no pattern"},
           {rule("get: /a\n    put: /a"), "s.yaml:5:5: http.rules[a.B.C].put: ",
            "only one field of \"pattern\""},
           {rule("get: /a\n    get: /b"),
            "s.yaml:5:5: http.rules[a.B.C].get: ", "set twice"},
           {rule("gets: /a"), "s.yaml:4:5: http.rules[a.B.C]: ",
            "there is no field \"gets\"; there are: selector, get, put"},
           {rule("get: [/a]"),
            "s.yaml:4:10: http.rules[a.B.C].get: ", "must be a single value"},
           {rule("get:"),
            "s.yaml:4:5: http.rules[a.B.C].get: ", "has no value"},
           {rule("additional_bindings: {get: /a}"),
            "s.yaml:4:26: http.rules[a.B.C].additional_bindings: ",
            "must be a list"},
           {rule("additional_bindings:\n    - got: /a"),
            "s.yaml:5:7: http.rules[a.B.C].additional_bindings: ",
            "no field \"got\""},
           {sse("streams: {}"),
            "s.yaml:4:5: sse.rules[a.B.C].streams: ", "is unknown"},
           {sse("stream:"),
            "s.yaml:4:5: sse.rules[a.B.C].stream: ", "has no value"},
           {sse("stream: {shared: yes}"),
            "s.yaml:4:22: sse.rules[a.B.C].stream.shared: ",
            "must be true or false"},
           {sse("stream: {keep_alive: 5m}"),
            "s.yaml:4:26: sse.rules[a.B.C].stream.keep_alive: ",
            "\"5m\" is not a time in seconds"},
           {sse("stream: {slow: {policy: LOSE}}"),
            "s.yaml:4:29: sse.rules[a.B.C].stream.slow.policy: ",
            "must be one of DISCONNECT"},
           {sse("access: {}"),
            "s.yaml:4:5: sse.rules[a.B.C].access: ", "sets no condition"},
           {sse("access: {authenticated: false}"),
            "s.yaml:4:5: sse.rules[a.B.C].access: ", "sets no condition"},
           {"sse: {rules: [{selector: a.B.C}]}",
            "s.yaml:1:15: sse.rules[a.B.C]: ", "sets nothing"},
           {"sse: {rules: [{access: {public: true}}]}",
            "s.yaml:1:15: sse.rules[0]: ", "no selector"},
           {"http: {rules: [", "s.yaml:", ""},
           {"http: {}\n---\nhttp: {}", "s.yaml:3:1: ", "only one YAML"},
       }) {
    EXPECT_THAT(ErrorOf(text), AllOf(StartsWith(place), HasSubstr(reason)))
        << text;
  }
}

TEST(ServiceConfigTest, SelectorsHaveWildcardsOnlyAtTheEnd) {
  for (const auto& [selector, reason] :
       std::vector<std::pair<std::string, std::string>>{
           {"*.B", "whole last component"},
           {"a.B*", "whole last component"},
           {"a.*.C", "whole last component"},
           {"a.B, ,c.D", "a name is empty"},
           {"a..B", "is not the full name"},
           {"/a.B/C", "is not the full name"}}) {
    EXPECT_THAT(
        ErrorOf("sse: {rules: [{selector: \"" + selector +
                "\", access: {public: true}}]}"),
        AllOf(StartsWith("s.yaml:1:15: sse.rules[" + selector + "].selector: "),
              HasSubstr(reason)))
        << selector;
  }
}

TEST(ServiceConfigTest, ErrorsNameARuleByItsSelectorWhereverThatStands) {
  EXPECT_THAT(ErrorOf("sse: {rules: [{selector: a.B, access: {public: true}},\n"
                      "{stream: {retry: soon}, selector: 'a.C, b.*'}]}"),
              StartsWith("s.yaml:2:18: sse.rules[a.C, b.*].stream.retry: "));
  EXPECT_THAT(ErrorOf("http: {rules: [{selector: a.B.C, get: /a},\n"
                      "{selector: [a], get: /b}]}"),
              StartsWith("s.yaml:2:12: http.rules[1].selector: "));
}

TEST(ServiceConfigTest, ErrorsQuoteOnlyTheBeginningOfALongText) {
  const std::string many(1000, 'x');
  const std::string shown(200, 'x');
  EXPECT_EQ(ErrorOf("http: {rules: [{selector: " + many + "}]}"),
            "s.yaml:1:16: http.rules[" + shown +
                "...]: the rule has no pattern (get, post, ...)");
  // A cut within one of the three bytes of a character would be no UTF-8.
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\u20ac";
  const std::string cut = euros.substr(0, 78);
  EXPECT_THAT(ErrorOf(euros + ": {}"),
              StartsWith("s.yaml:1:1: " + cut + ": is not part of"));
  EXPECT_THAT(ErrorOf(euros + ": {}\n" + euros + ": {}"),
              StartsWith("s.yaml:1:1: " + cut + ": "));
  EXPECT_THAT(ErrorOf("sse: {" + euros + ": {}}"),
              StartsWith("s.yaml:1:7: sse." + cut + ": is unknown"));
  EXPECT_THAT(ErrorOf("sse: {rules: [{" + euros + ": {}}]}"),
              StartsWith("s.yaml:1:16: sse.rules[0]." + cut + ": is unknown"));
  EXPECT_THAT(ErrorOf("http: {rules: [{" + euros + ": {}}]}"),
              StartsWith("s.yaml:1:17: http.rules[0]: there is no field \"" +
                         cut + "\";"));
  EXPECT_THAT(ErrorOf("sse: {rules: [{stream: {retry: " + euros + "}}]}"),
              HasSubstr(".retry: \"" + cut + "\" is not a time"));
}

TEST(ServiceConfigTest, SizeAndAliasesAreBounded) {
  EXPECT_THAT(ErrorOf(std::string(kMaxServiceConfigBytes + 1, ' ')),
              HasSubstr("is larger than 16777216 bytes"));
  // Ten lists, each of ten times the list before.
  std::string text = "http:\n  rules:\n  - selector: a.B.C\n    get: /a\n";
  text += "    additional_bindings:\n";
  text += "    - &a0 {get: /a}\n";
  for (int i = 1; i < 10; ++i) {
    absl::StrAppend(&text, "    - &a", i, " {get: /a, additional_bindings: [");
    for (int k = 0; k < 10; ++k) absl::StrAppend(&text, "*a", i - 1, ", ");
    text += "]}\n";
  }
  EXPECT_THAT(ErrorOf(text), HasSubstr("more than 10000 values"));
  // One that contains itself.
  EXPECT_THAT(ErrorOf("http:\n  rules:\n  - &self\n    selector: a.B.C\n"
                      "    get: /a\n    additional_bindings: [*self]\n"),
              StartsWith("s.yaml:"));
}

}  // namespace
}  // namespace sse_bridge
