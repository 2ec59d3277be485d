#include "bridge/codegen/ts_types.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

// The declarations for a request with one field `f`.
std::string Declared(const std::string& type, const std::string& rules,
                     const std::string& message_rules = "") {
  const auto schema = LoadTestProto(absl::StrCat(
      "enum Kind { A = 0; B = 1; } message Response {} "
      "service S { rpc M(Request) returns (Response) { option "
      "(google.api.http) = { post: \"/m\" body: \"*\" }; } } "
      "message Request { ",
      message_rules, type, " f = 1 [(buf.validate.field) = {", rules, "}]; }"));
  EXPECT_TRUE(schema.ok()) << schema.status();
  return schema.ok() ? TsTypes(**schema).Declarations() : "";
}

void ExpectDeclared(const std::string& type, const std::string& rules,
                    const std::string& want) {
  const std::string text = Declared(type, rules);
  EXPECT_TRUE(absl::StrContains(text, want)) << rules << "\n" << text;
}

TEST(TsTypesTest, ListsOfValuesAreUnions) {
  ExpectDeclared("string", "string { in: ['a', 'b'] }",
                 "{\n  f: \"a\" | \"b\";\n}");
  ExpectDeclared("Kind", "enum { in: [1, 7] }", "{\n  f: \"B\" | 7;\n}");
  ExpectDeclared("optional int32", "int32 { in: [1, 2] }",
                 "{\n  f?: 1 | 2;\n}");
}

TEST(TsTypesTest, ZeroIsAMemberOfTheUnionIfItIsIgnored) {
  ExpectDeclared("string",
                 "ignore: IGNORE_IF_ZERO_VALUE string { in: ['a', 'b'] }",
                 "f?: \"a\" | \"b\" | \"\";");
  ExpectDeclared("int64", "ignore: IGNORE_IF_ZERO_VALUE int64 { in: [3] }",
                 "f?: \"3\" | \"0\";");
  ExpectDeclared("bool", "ignore: IGNORE_IF_ZERO_VALUE bool { const: true }",
                 "f?: boolean;");
  ExpectDeclared("Kind", "ignore: IGNORE_IF_ZERO_VALUE enum { in: [1] }",
                 "f?: \"B\" | \"A\";");
}

TEST(TsTypesTest, IgnoredRulesChangeNothing) {
  ExpectDeclared("string", "ignore: IGNORE_ALWAYS string { in: ['a', 'b'] }",
                 "{\n  f?: string;\n}");
}

TEST(TsTypesTest, RulesThatTypesCannotExpressAreInTheComment) {
  ExpectDeclared("string", "string { min_len: 3 email: true }",
                 "  /**\n   * Rules:\n   * - must be at least 3 characters\n"
                 "   * - must be a valid email address\n   */\n");
  ExpectDeclared("map<string, double>",
                 "map { min_pairs: 2 keys { string { in: ['a'] } } "
                 "values { double { in: [1.5] } } }",
                 "   * - must have at least 2 entries\n"
                 "   * - each key: must be in list [a]\n"
                 "   * - each value: must be in list [1.5]\n");
  EXPECT_FALSE(absl::StrContains(
      Declared("string", "string { in: ['a', 'b'] }"), "Rules:"));
}

TEST(TsTypesTest, RulesOfTheMessageAreInItsComment) {
  const std::string text =
      Declared("optional string", "",
               "option (buf.validate.message).oneof = { fields: ['f', 'g'] "
               "required: true }; optional string g = 2; ");
  EXPECT_TRUE(absl::StrContains(
      text,
      "/**\n * Rules:\n * - exactly one of f, g must be set\n */\n"
      "export interface Request {"))
      << text;
}

TEST(TsTypesTest, ARequestThatAMessageRuleNeedsIsNotOptional) {
  const auto schema = LoadTestProto(
      "message Response {} service S { "
      "rpc M(Request) returns (Response) { option (google.api.http) = { "
      "post: \"/m\" body: \"*\" }; } "
      "rpc N(Other) returns (Response) { option (google.api.http) = { "
      "post: \"/n\" body: \"*\" }; } } "
      "message Request { oneof choice { "
      "option (buf.validate.oneof).required = true; string f = 1; } } "
      "message Other { string f = 1; }");
  ASSERT_TRUE(schema.ok()) << schema.status();
  const TsTypes types(**schema);
  EXPECT_FALSE(types.IsRequestOptional(*(*schema)->methods()[0]));
  EXPECT_TRUE(types.IsRequestOptional(*(*schema)->methods()[1]));
}

}  // namespace
}  // namespace sse_bridge
