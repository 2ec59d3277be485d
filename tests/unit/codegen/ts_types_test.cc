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

// The declarations for a service with these types, whose method takes and
// returns a `Message`.
std::string DeclaredWith(const std::string& types) {
  const auto schema = LoadTestProto(
      absl::StrCat("service S { rpc M(Message) returns (Message) { option "
                   "(google.api.http) = { post: \"/m\" body: \"*\" }; } }\n\n",
                   types));
  EXPECT_TRUE(schema.ok()) << schema.status();
  return schema.ok() ? TsTypes(**schema).Declarations() : "";
}

void ExpectContains(const std::string& text, const std::string& want) {
  EXPECT_TRUE(absl::StrContains(text, want)) << want << "\n" << text;
}

TEST(TsTypesTest, AOneofIsAUnionInResponsesAndRequests) {
  const std::string text = DeclaredWith(
      "message Message { string name = 1; oneof choice { string a = 2; "
      "int32 b = 3; } oneof other { bool c = 4; bool d = 5; } }");
  for (const char* name : {"Message", "MessageInput"}) {
    ExpectContains(text,
                   absl::StrCat("export type ", name,
                                " = {\n  name?: string;\n} & $v.AtMostOneOf<{\n"
                                "  /** At most one of `choice` is set. */\n"
                                "  a: string;\n"
                                "  /** At most one of `choice` is set. */\n"
                                "  b: number;\n}> & $v.AtMostOneOf<{\n"
                                "  /** At most one of `other` is set. */\n"
                                "  c: boolean;\n"
                                "  /** At most one of `other` is set. */\n"
                                "  d: boolean;\n}>;\n"));
  }
}

TEST(TsTypesTest, ARequiredOneofIsSetInRequests) {
  const std::string text = DeclaredWith(
      "message Message { oneof choice { option "
      "(buf.validate.oneof).required = true; string a = 1; int32 b = 2; } }");
  ExpectContains(text, "export type Message = $v.AtMostOneOf<{");
  ExpectContains(text, "export type MessageInput = $v.OneOf<{");
}

TEST(TsTypesTest, MoreOneofsThanTypeScriptCanMultiplyAreFields) {
  std::string oneofs;
  int number = 0;
  for (const char* name : {"a", "b", "c", "d"}) {
    absl::StrAppend(&oneofs, "oneof ", name, " { ");
    for (int i = 0; i < 20; ++i) {
      absl::StrAppend(&oneofs, "string ", name, i, " = ", ++number, "; ");
    }
    oneofs += "} ";
  }
  // 21 * 21 combinations are within the bound, the two others beyond it.
  const std::string text =
      DeclaredWith(absl::StrCat("message Message { ", oneofs, "}"));
  ExpectContains(text, "  a0: string;\n");
  ExpectContains(text, "  b19: string;\n");
  ExpectContains(text, "  c0?: string;\n");
  ExpectContains(text, "  d19?: string;\n");
}

TEST(TsTypesTest, TheCommentOfAOneofIsAtItsUnion) {
  const std::string text = DeclaredWith(
      "message Message { string a = 1;\n\n// How it is paid.\n"
      "oneof choice { string b = 2; int32 c = 3; } }");
  ExpectContains(text, "} &\n/** How it is paid. */\n$v.AtMostOneOf<{\n");
}

TEST(TsTypesTest, AChoiceOfOneIsAField) {
  const std::string text = DeclaredWith(
      "message Message { oneof choice { string a = 1; } optional string b = 2; "
      "}");
  ExpectContains(text,
                 "export interface Message {\n"
                 "  /** At most one of `choice` is set. */\n"
                 "  a?: string;\n  b?: string;\n}\n");
}

TEST(TsTypesTest, AMemberOfAOneofThatThePathNeedsIsSet) {
  const auto schema = LoadTestProto(
      "message Response {} service S { rpc M(Request) returns (Response) { "
      "option (google.api.http) = { get: \"/m/{a}\" }; } } "
      "message Request { oneof choice { string a = 1; string b = 2; } }");
  ASSERT_TRUE(schema.ok()) << schema.status();
  ExpectContains(TsTypes(**schema).Declarations(), "  a: string;\n");
}

TEST(TsTypesTest, EnumsHaveTheirValuesWithCommentsAndNumbers) {
  const std::string text = DeclaredWith(
      "message Message { Kind kind = 1; } enum Kind { "
      "option allow_alias = true;\nNONE = 0;\n// The first.\nONE = 1;\n"
      "ALSO = 1;\nOLD = 2 [deprecated = true]; }");
  ExpectContains(text,
                 "export type Kind =\n  | \"NONE\"\n  /** The first. */\n"
                 "  | \"ONE\"\n  /** @deprecated */\n  | \"OLD\";\n");
  ExpectContains(text,
                 "export declare const Kind: {\n"
                 "  readonly NONE: \"NONE\";\n"
                 "  /** The first. */\n  readonly ONE: \"ONE\";\n"
                 "  readonly ALSO: \"ONE\";\n"
                 "  /** @deprecated */\n  readonly OLD: \"OLD\";\n};\n");
  ExpectContains(text, "export declare const KindNumber: {\n");
  ExpectContains(text, "  readonly ALSO: 1;\n");
}

TEST(TsTypesTest, WhatIsDeprecatedSaysSo) {
  const std::string text = DeclaredWith(
      "// A message.\nmessage Message { option deprecated = true;\n"
      "// Not used.\nstring a = 1 [deprecated = true, "
      "(buf.validate.field).string.min_len = 1];\n"
      "// @deprecated Use `a`.\nstring b = 2 [deprecated = true]; }");
  ExpectContains(text, "/**\n * A message.\n *\n * @deprecated\n */\n");
  ExpectContains(text,
                 "  /**\n   * Not used.\n   *\n   * @deprecated\n   */\n");
  // The tag's text ends with the comment, so it follows the rules.
  ExpectContains(text,
                 "   * Rules:\n   * - must be at least 1 characters\n   *\n"
                 "   * @deprecated\n");
  ExpectContains(text, "  /** @deprecated Use `a`. */\n");
}

TEST(TsTypesTest, WhatObjectsInheritIsPartOfTheTypeOfAnUnsetField) {
  const std::string text = DeclaredWith(
      "message Message { string constructor = 1; string then = 2; }");
  ExpectContains(text,
                 "  constructor?: string | $v.Inherited<\"constructor\">;\n"
                 "  then?: string;\n");
}

TEST(TsTypesTest, DescriptorsNameWhatIsConverted) {
  const std::string text = DeclaredWith(
      "message Message { int64 a = 1; repeated Message b = 2; "
      "map<string, uint64> c_d = 3; string e = 4; "
      "oneof choice { string f = 5; string g_h = 6; } }");
  ExpectContains(text,
                 "/** Describes `test.Message`. */\n"
                 "export declare const Message: $v.MessageType<Message, "
                 "{ a: \"int64\"; b: [typeof Message]; cD: { map: \"int64\" } "
                 "}, { choice: \"f\" | \"gH\" }>;\n");
}

}  // namespace
}  // namespace sse_bridge
