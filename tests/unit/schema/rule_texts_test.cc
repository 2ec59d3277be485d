#include "bridge/schema/rule_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/validator.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The messages of a schema, which begins with `Request`.
class Messages {
 public:
  explicit Messages(const std::string& messages)
      : merged_(*MergeDescriptors(
            {SourceOf(CompileProtos({{"test.proto", TestProto(messages)}}))})) {
  }

  const google::protobuf::Descriptor* request() const {
    return merged_.pool->FindMessageTypeByName("test.Request");
  }
  const google::protobuf::FieldDescriptor* field(
      const std::string& name) const {
    return request()->FindFieldByName(name);
  }

 private:
  const MergedPool merged_;
};

std::vector<std::string> Words(const std::vector<RuleText>& texts) {
  std::vector<std::string> words;
  for (const RuleText& each : texts) words.push_back(each.text);
  return words;
}

// A request with one field `f`.
Messages Field(const std::string& type, const std::string& rules) {
  return Messages("message Request { " + type +
                  " f = 1 [(buf.validate.field) = {" + rules +
                  "}]; }\nenum Kind { A = 0; B = 1; }\n"
                  "message Inner { string s = 1; }");
}

FieldRuleTexts TextsOfField(const std::string& type, const std::string& rules) {
  const Messages messages = Field(type, rules);
  return RuleTexts().OfField(messages.field("f"));
}

TEST(RuleTextsTest, TextsSayWhatIsDemanded) {
  const std::tuple<const char*, const char*, const char*> kCases[] = {
      {"string", "string { min_len: 3 }", "must be at least 3 characters"},
      {"string", "string { pattern: 'a+' }", "must match regex pattern `a+`"},
      {"string", "string { prefix: 'a' }", "must have prefix `a`"},
      {"string", "string { suffix: 'a' }", "must have suffix `a`"},
      {"string", "string { contains: 'a' }", "must contain substring `a`"},
      {"string", "string { not_contains: 'a' }",
       "must not contain substring `a`"},
      {"bytes", "bytes { contains: 'a' }", "must contain 61"},
      {"string", "string { uuid: true }", "must be a valid UUID"},
      {"int32", "int32 { gt: 1 lt: 5 }",
       "must be greater than 1 and less than 5"},
      {"Kind", "enum { defined_only: true }",
       "must be one of the defined enum values"},
  };
  for (const auto& [type, rules, text] : kCases) {
    EXPECT_THAT(Words(TextsOfField(type, rules).value), ElementsAre(text))
        << rules;
  }
}

TEST(RuleTextsTest, PartsOfListsAndMapsAreApart) {
  const FieldRuleTexts list = TextsOfField(
      "repeated string",
      "repeated { min_items: 2 unique: true items { string { max_len: 9 } } }");
  EXPECT_THAT(Words(list.whole), ElementsAre("must contain at least 2 item(s)",
                                             "must contain unique items"));
  EXPECT_THAT(Words(list.value), ElementsAre("must be at most 9 characters"));
  EXPECT_EQ(list.value[0].rule, "repeated.items.string.max_len");
  EXPECT_EQ(list.value[0].id, "string.max_len");

  const FieldRuleTexts map =
      TextsOfField("map<string, int32>",
                   "map { max_pairs: 3 keys { string { len: 2 } } "
                   "values { int32 { gte: 0 } } }");
  EXPECT_THAT(Words(map.whole), ElementsAre("must have at most 3 entries"));
  EXPECT_THAT(Words(map.keys), ElementsAre("must be 2 characters"));
  EXPECT_THAT(Words(map.value),
              ElementsAre("must be greater than or equal to 0"));
}

TEST(RuleTextsTest, EnumsAreNamed) {
  EXPECT_THAT(Words(TextsOfField("Kind", "enum { const: 1 }").value),
              ElementsAre("must equal B"));
  EXPECT_THAT(Words(TextsOfField("repeated Kind",
                                 "repeated { items { enum { in: [0, 7] } } }")
                        .value),
              ElementsAre("must be in list [A, 7]"));
  EXPECT_THAT(Words(TextsOfField("map<string, Kind>",
                                 "map { values { enum { not_in: [0] } } }")
                        .value),
              ElementsAre("must not be in list [A]"));
}

TEST(RuleTextsTest, ExpressionsHaveTheirMessageOrTheirText) {
  const FieldRuleTexts texts =
      TextsOfField("string",
                   "cel { id: 'even' expression: 'this.size() % 2 == 0' "
                   "message: 'must be even' } cel_expression: \"this != 'x'\"");
  EXPECT_THAT(Words(texts.value),
              ElementsAre("must be even", "must satisfy `this != 'x'`"));
  EXPECT_EQ(texts.value[0].id, "even");
  EXPECT_EQ(texts.value[0].expression, "this.size() % 2 == 0");
}

TEST(RuleTextsTest, RequiredIsKnown) {
  EXPECT_TRUE(TextsOfField("Inner", "required: true").required);
  EXPECT_FALSE(TextsOfField("string", "string { min_len: 1 }").required);
}

TEST(RuleTextsTest, IgnoredRulesHaveNoText) {
  const FieldRuleTexts texts = TextsOfField(
      "string", "ignore: IGNORE_ALWAYS required: true string { min_len: 3 }");
  EXPECT_FALSE(texts.required);
  EXPECT_THAT(texts.value, IsEmpty());
  EXPECT_THAT(TextsOfField("repeated string",
                           "repeated { items { ignore: IGNORE_ALWAYS "
                           "string { min_len: 3 } } }")
                  .value,
              IsEmpty());
}

TEST(RuleTextsTest, MessagesHaveTheirOwn) {
  const Messages messages(R"(
    message Request {
      option (buf.validate.message) = {
        cel { id: "order" expression: "this.a <= this.b" message: "a is above b" }
        oneof { fields: ["a", "b"] required: true }
        oneof { fields: ["b", "c"] }
      };
      int32 a = 1;
      int32 b = 2;
      int32 c = 3;
      oneof choice {
        option (buf.validate.oneof).required = true;
        string x = 4;
        string y = 5;
      }
    })");
  RuleTexts texts;
  EXPECT_THAT(Words(texts.OfMessage(messages.request())),
              ElementsAre("a is above b", "exactly one of a, b must be set",
                          "at most one of b, c can be set",
                          "one field of choice must be set"));
}

TEST(RuleTextsTest, IgnoreIsThatOfTheFieldOrOfAOneofRule) {
  const Messages messages(R"(
    message Request {
      option (buf.validate.message).oneof = { fields: ["a", "b"] };
      int32 a = 1 [(buf.validate.field).int32.gt = 0];
      int32 b = 2 [(buf.validate.field).ignore = IGNORE_UNSPECIFIED];
      int32 c = 3 [(buf.validate.field).ignore = IGNORE_ALWAYS];
      int32 d = 4 [(buf.validate.field).int32.gt = 0];
    })");
  EXPECT_EQ(IgnoreOf(messages.field("a")), buf::validate::IGNORE_IF_ZERO_VALUE);
  EXPECT_EQ(IgnoreOf(messages.field("b")), buf::validate::IGNORE_UNSPECIFIED);
  EXPECT_EQ(IgnoreOf(messages.field("c")), buf::validate::IGNORE_ALWAYS);
  EXPECT_EQ(IgnoreOf(messages.field("d")), buf::validate::IGNORE_UNSPECIFIED);
}

// The texts are not a second list that could miss a rule: every violation of a
// request has one.
TEST(RuleTextsTest, EveryViolationHasAText) {
  const Messages messages(R"(
    message Request {
      string s = 1 [(buf.validate.field).string = {min_len: 2 email: true}];
      bytes b = 2 [(buf.validate.field).bytes = {len: 4 prefix: "ab"}];
      double d = 3 [(buf.validate.field).double = {gt: 1 finite: true}];
      repeated int32 l = 4 [(buf.validate.field).repeated = {
        min_items: 3 unique: true items { int32 { in: [1, 2] } }
      }];
      map<string, string> m = 5 [(buf.validate.field).map = {
        min_pairs: 2 keys { string { len: 2 } } values { string { uuid: true } }
      }];
      uint64 u = 6 [(buf.validate.field).cel = {
        id: "odd" expression: "this % 2u == 1u" message: "must be odd"
      }];
    })");
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> request(
      factory.GetPrototype(messages.request())->New());
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "s: 'x' b: 'x' l: 7 l: 7 m { key: 'k' value: 'v' } u: 2", request.get()));
  const auto validator = Validator::Compile(messages.request());
  ASSERT_TRUE(validator.ok()) << validator.status();
  const auto violations = (*validator)->Validate(*request);
  ASSERT_TRUE(violations.ok()) << violations.status();
  EXPECT_EQ(violations->size(), 13u);

  RuleTexts texts;
  std::map<std::string, std::string> by_rule;
  for (int i = 0; i < messages.request()->field_count(); ++i) {
    const FieldRuleTexts field = texts.OfField(messages.request()->field(i));
    for (const auto* part : {&field.whole, &field.keys, &field.value}) {
      for (const RuleText& each : *part) by_rule[each.rule] = each.text;
    }
  }
  for (const RuleViolation& violation : *violations) {
    EXPECT_NE(by_rule[violation.rule], "")
        << violation.field << " " << violation.rule;
  }
}

}  // namespace
}  // namespace sse_bridge
