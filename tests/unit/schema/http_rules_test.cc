#include "bridge/schema/http_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/api/annotations.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A unary method on line 3 with this google.api.http option.
std::string WithRule(const std::string& rule, const std::string& more = "") {
  return "service S {\n  rpc M(Request) returns (Response) { option "
         "(google.api.http) = {" +
         rule + "}; " + more +
         "}\n}\n"
         "message Request { string a = 1; Inner inner = 2; repeated string "
         "many = 3; map<string, string> pairs = 4; "
         "google.protobuf.Timestamp at = 5; string user = 6; }\n"
         "message Inner { string b = 1; Inner inner = 2; }\n"
         "message Response { string c = 1; Inner inner = 2; }\n";
}

void ExpectRefused(const std::string& rule, const std::string& reason) {
  EXPECT_THAT(LoadError(WithRule(rule)),
              AllOf(HasSubstr("test.proto:3: test.S.M: google.api.http: "),
                    HasSubstr(reason)))
      << rule;
}

TEST(HttpRulesTest, EveryPatternGivesItsVerb) {
  const auto schema = LoadTestProto(WithRule(
      "get: '/m' additional_bindings { put: '/m' body: '*' } "
      "additional_bindings { post: '/m' body: 'inner' } "
      "additional_bindings { delete: '/m' } "
      "additional_bindings { patch: '/m' response_body: 'inner' } "
      "additional_bindings { custom { kind: 'HEAD' path: '/m' } } "
      "additional_bindings { custom { kind: 'OPTIONS' path: '/m' } } "
      "additional_bindings { custom { kind: 'TRACE' path: '/m' } } "
      "additional_bindings { custom { kind: 'QUERY' path: '/m' } body: "
      "'*' } "
      "additional_bindings { custom { kind: 'M-SEARCH' path: '/m' } "
      "}"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  std::vector<std::string> verbs;
  for (const Route* route : (*schema)->routes()) verbs.push_back(route->verb);
  EXPECT_THAT(verbs,
              ElementsAre("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD",
                          "OPTIONS", "TRACE", "QUERY", "M-SEARCH"));
  EXPECT_TRUE((*schema)->KnowsVerb("QUERY"));
  EXPECT_TRUE((*schema)->KnowsVerb("PUT"));
  EXPECT_FALSE((*schema)->KnowsVerb("LOCK"));
  EXPECT_EQ((*schema)->routes()[1]->body, "*");
  EXPECT_EQ((*schema)->routes()[2]->body_field->full_name(),
            "test.Request.inner");
  EXPECT_EQ((*schema)->routes()[4]->response_body_field->full_name(),
            "test.Response.inner");
}

TEST(HttpRulesTest, VariablesResolveToFields) {
  const auto schema = LoadTestProto(
      WithRule("patch: '/{a}/{inner.inner.b=x/*}/{at}' body: 'inner'"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Route* route = (*schema)->routes()[0];
  EXPECT_THAT(route->path_fields, ElementsAre("a", "inner.inner.b", "at"));
  EXPECT_EQ(route->resolved_path_fields[1].size(), 3);
}

TEST(HttpRulesTest, VariablesThatSetTheSameFieldAreRefused) {
  ExpectRefused("get: '/{at}/{at.seconds}'", "together with another variable");
}

TEST(HttpRulesTest, EmptyRuleIsRefused) { ExpectRefused("", "no pattern"); }

TEST(HttpRulesTest, MalformedTemplateIsRefused) {
  ExpectRefused("get: '/{a'", "position");
  ExpectRefused("get: 'm'", "position");
}

TEST(HttpRulesTest, VerbsThatCannotBeServedAreRefused) {
  for (const char* kind :
       {"CONNECT", "PRI", "get", "A B", "LONGERTHANALLVERBS", ""}) {
    ExpectRefused("custom { kind: '" + std::string(kind) + "' path: '/m' }",
                  "the custom kind \"" + std::string(kind) + "\"");
  }
}

TEST(HttpRulesTest, StreamAsTheAnswerToHeadIsRefused) {
  EXPECT_THAT(
      LoadError("service S { rpc M(A) returns (stream A) { option "
                "(google.api.http) = { custom { kind: 'HEAD' path: '/m' } }; } "
                "}\nmessage A {}"),
      HasSubstr("a stream cannot be the response to HEAD"));
}

TEST(HttpRulesTest, NestedBindingsAreRefused) {
  ExpectRefused(
      "get: '/1' additional_bindings { get: '/2' additional_bindings { get: "
      "'/3' } }",
      "must not be nested");
}

TEST(HttpRulesTest, TooManyBindingsAreRefused) {
  std::string rule = "get: '/0'";
  for (int i = 1; i < 100; ++i) {
    rule += " additional_bindings { get: '/" + std::to_string(i) + "' }";
  }
  EXPECT_EQ(LoadError(WithRule(rule)), "");
  ExpectRefused(rule + " additional_bindings { get: '/100' }", "more than 100");
}

TEST(HttpRulesTest, VariableThatNamesNoFieldIsRefused) {
  ExpectRefused("get: '/{gone}'", "there is no field \"gone\" in test.Request");
  ExpectRefused("get: '/{inner.gone}'",
                "there is no field \"gone\" in test.Inner");
  ExpectRefused("get: '/{a.b}'", "leads through test.Request.a");
  ExpectRefused("get: '/{many.b}'", "leads through test.Request.many");
}

TEST(HttpRulesTest, VariableMayBeAListOfScalars) {
  EXPECT_EQ(LoadError(WithRule("get: '/{many}'")), "");
}

TEST(HttpRulesTest, VariableThatHasNoTextIsRefused) {
  ExpectRefused("get: '/{pairs}'", "map");
  ExpectRefused("get: '/{inner}'", "message test.Inner");
}

TEST(HttpRulesTest, BodyThatIsNoFieldIsRefused) {
  ExpectRefused("post: '/m' body: 'gone'",
                "there is no field \"gone\" in test.Request");
  ExpectRefused("post: '/m' body: 'many.b'", "leads through");
}

TEST(HttpRulesTest, BodyMayBeNested) {
  const auto schema = LoadTestProto(WithRule("post: '/m' body: 'inner.b'"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Route* route = (*schema)->routes()[0];
  EXPECT_EQ(route->body_path.size(), 2);
  EXPECT_EQ(route->body_field->full_name(), "test.Inner.b");
}

TEST(HttpRulesTest, BodyOfGetIsRefused) {
  ExpectRefused("get: '/m' body: '*'", "a GET request has no body");
}

TEST(HttpRulesTest, BodyMayBeAlsoInThePath) {
  EXPECT_EQ(LoadError(WithRule("post: '/{a}' body: 'a'")), "");
}

TEST(HttpRulesTest, ResponseBodyThatIsNoTopFieldIsRefused) {
  ExpectRefused("get: '/m' response_body: 'gone'",
                "response_body: there is no field \"gone\"");
  ExpectRefused("get: '/m' response_body: 'inner.b'", "response_body");
}

TEST(HttpRulesTest, SelectorOfAnotherMethodIsRefused) {
  EXPECT_EQ(LoadError(WithRule("selector: 'test.S.M' get: '/m'")), "");
  ExpectRefused("selector: 'test.S.N' get: '/m'", "another method, test.S.N");
}

TEST(HttpRulesTest, ClientCannotReachTheFieldOfTheSubject) {
  const std::string access = "option (sse.v1.access).subject_into = 'user';";
  EXPECT_EQ(LoadError(WithRule("post: '/m' body: '*'", access)), "");
  EXPECT_THAT(LoadError(WithRule("get: '/{user}'", access)),
              HasSubstr("subject_into"));
  EXPECT_THAT(LoadError(WithRule("post: '/m' body: 'user'", access)),
              HasSubstr("subject_into"));
}

TEST(HttpRulesTest, FieldOfANewerContractIsRefused) {
  auto set = CompileProtos({{"test.proto", TestProto(WithRule("get: '/m'"))}});
  for (auto& file : *set.mutable_file()) {
    if (file.name() != "test.proto") continue;
    auto* rule = file.mutable_service(0)
                     ->mutable_method(0)
                     ->mutable_options()
                     ->MutableExtension(google::api::http);
    rule->GetReflection()->MutableUnknownFields(rule)->AddVarint(99, 1);
  }
  const auto schema = Schema::Load({SourceOf(set)}, {.strict = true});
  EXPECT_THAT(std::string(schema.status().message()),
              AllOf(HasSubstr("test.proto:3: test.S.M: google.api.http"),
                    HasSubstr("field 99")));
}

}  // namespace
}  // namespace sse_bridge
