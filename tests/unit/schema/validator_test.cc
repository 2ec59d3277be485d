#include "bridge/schema/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Validates messages of one type, whose text begins with `Request`.
class Checker {
 public:
  explicit Checker(const std::string& messages)
      : merged_(*MergeDescriptors(
            {SourceOf(CompileProtos({{"test.proto", TestProto(messages)}}))})),
        type_(merged_.pool->FindMessageTypeByName("test.Request")) {
    auto validator = Validator::Compile(type_);
    EXPECT_TRUE(validator.ok()) << validator.status();
    if (validator.ok()) validator_ = *validator;
  }

  std::vector<RuleViolation> operator()(const std::string& text) {
    std::unique_ptr<google::protobuf::Message> message(
        factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(
        google::protobuf::TextFormat::ParseFromString(text, message.get()))
        << text;
    return Validate(*message);
  }

  std::vector<RuleViolation> Validate(
      const google::protobuf::Message& message) {
    auto violations = validator_->Validate(message, now);
    EXPECT_TRUE(violations.ok()) << violations.status();
    return violations.ok() ? *violations : std::vector<RuleViolation>();
  }

  // The error of rules that cannot be evaluated.
  absl::Status Error(const std::string& text) {
    std::unique_ptr<google::protobuf::Message> message = New(text);
    return validator_->Validate(*message, now).status();
  }

  std::unique_ptr<google::protobuf::Message> New(const std::string& text) {
    std::unique_ptr<google::protobuf::Message> message(
        factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(
        google::protobuf::TextFormat::ParseFromString(text, message.get()))
        << text;
    return message;
  }

  const Validator& validator() const { return *validator_; }

  absl::Time now = absl::FromUnixSeconds(1000);

 private:
  MergedPool merged_;
  const google::protobuf::Descriptor* type_;
  google::protobuf::DynamicMessageFactory factory_;
  std::shared_ptr<const Validator> validator_;
};

// A request with one field `f`.
Checker Field(const std::string& type, const std::string& rules) {
  return Checker("message Request { " + type +
                 " f = 1 [(buf.validate.field) = {" + rules +
                 "}]; }\nenum Kind { A = 0; B = 1; C = 2; }\n"
                 "message Inner { string s = 1 [(buf.validate.field).string."
                 "min_len = 1]; }");
}

testing::Matcher<const RuleViolation&> Is(const std::string& field,
                                          const std::string& description) {
  return testing::AllOf(
      testing::Field(&RuleViolation::field, field),
      testing::Field(&RuleViolation::description, description));
}

testing::Matcher<std::vector<RuleViolation>> Says(
    const std::string& description) {
  return ElementsAre(Is("f", description));
}

TEST(ValidatorTest, MessageWithoutRulesIsValid) {
  Checker check("message Request { string s = 1; }");
  EXPECT_THAT(check("s: 'x'"), IsEmpty());
}

TEST(ValidatorTest, RequiredRefusesWhatIsNotSet) {
  EXPECT_THAT(Field("string", "required: true")(""), Says("value is required"));
  EXPECT_THAT(Field("int32", "required: true")("f: 0"),
              Says("value is required"));
  EXPECT_THAT(Field("Inner", "required: true")(""), Says("value is required"));
  EXPECT_THAT(Field("repeated string", "required: true")(""),
              Says("value is required"));
  EXPECT_THAT(Field("map<string, string>", "required: true")(""),
              Says("value is required"));
  EXPECT_THAT(Field("string", "required: true")("f: 'x'"), IsEmpty());
  EXPECT_THAT(Field("optional string", "required: true")("f: ''"), IsEmpty());
}

TEST(ValidatorTest, RequiredIsTheOnlyViolationOfAnUnsetField) {
  EXPECT_THAT(Field("string", "required: true string { min_len: 1 }")(""),
              Says("value is required"));
}

TEST(ValidatorTest, UnsetFieldWithPresenceIsNotChecked) {
  EXPECT_THAT(Field("optional string", "string { min_len: 1 }")(""), IsEmpty());
  EXPECT_THAT(Field("optional string", "string { min_len: 1 }")("f: ''"),
              Says("must be at least 1 characters"));
  EXPECT_THAT(Field("Inner", "")(""), IsEmpty());
}

TEST(ValidatorTest, ZeroValueWithoutPresenceIsChecked) {
  EXPECT_THAT(Field("int32", "int32 { gt: 0 }")(""),
              Says("must be greater than 0"));
  EXPECT_THAT(Field("string", "string { min_len: 2 }")(""),
              Says("must be at least 2 characters"));
}

// As protovalidate for Go does; its conformance suite has no such case.
TEST(ValidatorTest, IgnoredZeroOfAnItemIsAnEmptyMessageToo) {
  const std::string items =
      "repeated { items { ignore: IGNORE_IF_ZERO_VALUE } }";
  EXPECT_THAT(Field("repeated Inner", items)("f {}"), IsEmpty());
  EXPECT_THAT(Field("repeated Inner", "")("f {}"),
              ElementsAre(Is("f[0].s", "must be at least 1 characters")));
  EXPECT_THAT(Field("map<string, Inner>",
                    "map { values { ignore: IGNORE_IF_ZERO_VALUE } }")(
                  "f { key: 'a' value {} }"),
              IsEmpty());
  EXPECT_THAT(Field("repeated google.protobuf.StringValue",
                    "repeated { items { ignore: IGNORE_IF_ZERO_VALUE "
                    "string { min_len: 2 } } }")("f {} f { value: 'x' }"),
              ElementsAre(Is("f[1]", "must be at least 2 characters")));
}

TEST(ValidatorTest, StringLengthsCountCodePoints) {
  Checker check = Field("string", "string { min_len: 2 max_len: 3 }");
  EXPECT_THAT(check("f: 'ä'"), Says("must be at least 2 characters"));
  EXPECT_THAT(check("f: 'äö'"), IsEmpty());
  EXPECT_THAT(check("f: '😀😀😀'"), IsEmpty());
  EXPECT_THAT(check("f: 'abcd'"), Says("must be at most 3 characters"));
  EXPECT_THAT(Field("string", "string { len: 2 }")("f: 'a'"),
              Says("must be 2 characters"));
}

TEST(ValidatorTest, StringBytesAreCounted) {
  Checker check = Field("string", "string { min_bytes: 2 max_bytes: 3 }");
  EXPECT_THAT(check("f: 'a'"), Says("must be at least 2 bytes"));
  EXPECT_THAT(check("f: 'ä'"), IsEmpty());
  EXPECT_THAT(check("f: 'ää'"), Says("must be at most 3 bytes"));
  EXPECT_THAT(Field("string", "string { len_bytes: 1 }")("f: 'ä'"),
              Says("must be 1 bytes"));
}

TEST(ValidatorTest, StringContents) {
  EXPECT_THAT(Field("string", "string { const: 'a' }")("f: 'b'"),
              Says("must equal `a`"));
  EXPECT_THAT(Field("string", "string { prefix: 'a' }")("f: 'ba'"),
              Says("does not have prefix `a`"));
  EXPECT_THAT(Field("string", "string { suffix: 'a' }")("f: 'ab'"),
              Says("does not have suffix `a`"));
  EXPECT_THAT(Field("string", "string { contains: 'a' }")("f: 'b'"),
              Says("does not contain substring `a`"));
  EXPECT_THAT(Field("string", "string { not_contains: 'a' }")("f: 'bab'"),
              Says("contains substring `a`"));
  EXPECT_THAT(Field("string", "string { in: ['a', 'b'] }")("f: 'c'"),
              Says("must be in list [a, b]"));
  EXPECT_THAT(Field("string", "string { not_in: ['a'] }")("f: 'a'"),
              Says("must not be in list [a]"));
  EXPECT_THAT(Field("string",
                    "string { prefix: 'a' suffix: 'c' contains: 'b' "
                    "in: 'abc' not_in: 'x' }")("f: 'abc'"),
              IsEmpty());
}

TEST(ValidatorTest, PatternMatchesAnywhere) {
  Checker check = Field("string", "string { pattern: '[0-9]+' }");
  EXPECT_THAT(check("f: 'a1b'"), IsEmpty());
  EXPECT_THAT(check("f: 'ab'"), Says("does not match regex pattern `[0-9]+`"));
  EXPECT_THAT(Field("string", "string { pattern: '^[0-9]+$' }")("f: 'a1'"),
              testing::SizeIs(1));
}

TEST(ValidatorTest, Bytes) {
  EXPECT_THAT(Field("bytes", "bytes { min_len: 2 }")("f: 'a'"),
              Says("must be at least 2 bytes"));
  EXPECT_THAT(Field("bytes", "bytes { max_len: 2 }")("f: 'abc'"),
              Says("must be at most 2 bytes"));
  EXPECT_THAT(Field("bytes", "bytes { len: 2 }")("f: 'abc'"),
              Says("must be 2 bytes"));
  EXPECT_THAT(Field("bytes", "bytes { const: '\\001' }")("f: 'a'"),
              Says("must be 01"));
}

TEST(ValidatorTest, Bool) {
  EXPECT_THAT(Field("bool", "bool { const: true }")(""),
              Says("must equal true"));
  EXPECT_THAT(Field("bool", "bool { const: true }")("f: true"), IsEmpty());
}

TEST(ValidatorTest, EveryNumberTypeHasBounds) {
  for (const char* type :
       {"float", "double", "int32", "int64", "uint32", "uint64", "sint32",
        "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"}) {
    Checker check =
        Field(type, std::string(type) + " { gte: 2 lt: 5 not_in: 3 }");
    EXPECT_THAT(check("f: 1"),
                Says("must be greater than or equal to 2 and less than 5"))
        << type;
    EXPECT_THAT(check("f: 2"), IsEmpty()) << type;
    EXPECT_THAT(check("f: 3"), Says("must not be in list [3]")) << type;
    EXPECT_THAT(check("f: 4"), IsEmpty()) << type;
    EXPECT_THAT(check("f: 5"), testing::SizeIs(1)) << type;
    Checker other =
        Field(type, std::string(type) + " { gt: 1 lte: 3 in: [1, 2, 3] }");
    EXPECT_THAT(other("f: 1"), testing::SizeIs(1)) << type;
    EXPECT_THAT(other("f: 3"), IsEmpty()) << type;
    EXPECT_THAT(Field(type, std::string(type) + " { in: [1, 2] }")("f: 3"),
                Says("must be in list [1, 2]"))
        << type;
    EXPECT_THAT(Field(type, std::string(type) + " { const: 7 }")("f: 3"),
                Says("must equal 7"))
        << type;
  }
}

TEST(ValidatorTest, ExtremesOf64Bits) {
  EXPECT_THAT(Field("uint64", "uint64 { gt: 18446744073709551614 }")(
                  "f: 18446744073709551615"),
              IsEmpty());
  EXPECT_THAT(Field("int64", "int64 { lt: -9223372036854775807 }")(
                  "f: -9223372036854775808"),
              IsEmpty());
}

TEST(ValidatorTest, UpperBoundBelowLowerOneMeansOutside) {
  Checker check = Field("int32", "int32 { gt: 10 lt: 5 }");
  EXPECT_THAT(check("f: 11"), IsEmpty());
  EXPECT_THAT(check("f: 4"), IsEmpty());
  for (const char* inside : {"f: 5", "f: 7", "f: 10"}) {
    EXPECT_THAT(check(inside), Says("must be greater than 10 or less than 5"));
  }
  Checker inclusive = Field("int32", "int32 { gte: 10 lte: 5 }");
  EXPECT_THAT(inclusive("f: 5"), IsEmpty());
  EXPECT_THAT(inclusive("f: 10"), IsEmpty());
  EXPECT_THAT(inclusive("f: 6"), testing::SizeIs(1));
}

TEST(ValidatorTest, NanIsWithinNoBounds) {
  EXPECT_THAT(Field("double", "double { gt: 0 }")("f: nan"),
              Says("must be greater than 0"));
  EXPECT_THAT(Field("double", "double { lt: 0 gt: 5 }")("f: nan"),
              testing::SizeIs(1));
  EXPECT_THAT(Field("double", "double { not_in: 1 }")("f: nan"), IsEmpty());
}

TEST(ValidatorTest, Finite) {
  for (const char* type : {"float", "double"}) {
    Checker check = Field(type, std::string(type) + " { finite: true }");
    EXPECT_THAT(check("f: 1.5"), IsEmpty());
    for (const char* value : {"f: nan", "f: inf", "f: -inf"}) {
      EXPECT_THAT(check(value), Says("must be finite"));
    }
  }
}

TEST(ValidatorTest, FloatsAreComparedAndPrintedAsFloats) {
  EXPECT_THAT(Field("float", "float { lte: 0.1 }")("f: 0.1"), IsEmpty());
  EXPECT_THAT(Field("float", "float { lte: 0.1 }")("f: 0.2"),
              Says("must be less than or equal to 0.1"));
}

TEST(ValidatorTest, Enums) {
  EXPECT_THAT(Field("Kind", "enum { const: 1 }")("f: C"), Says("must equal 1"));
  EXPECT_THAT(Field("Kind", "enum { in: [1, 2] }")("f: A"),
              Says("must be in list [1, 2]"));
  EXPECT_THAT(Field("Kind", "enum { not_in: 0 }")(""),
              Says("must not be in list [0]"));
  EXPECT_THAT(Field("Kind", "enum { defined_only: true }")("f: 7"),
              Says("value must be one of the defined enum values"));
  EXPECT_THAT(Field("Kind", "enum { defined_only: true }")("f: C"), IsEmpty());
}

TEST(ValidatorTest, RepeatedSizes) {
  Checker check = Field("repeated int32",
                        "repeated { min_items: 1 max_items: "
                        "2 }");
  EXPECT_THAT(check(""), Says("must contain at least 1 item(s)"));
  EXPECT_THAT(check("f: [1]"), IsEmpty());
  EXPECT_THAT(check("f: [1, 2]"), IsEmpty());
  EXPECT_THAT(check("f: [1, 2, 3]"),
              Says("must contain no more than 2 item(s)"));
}

TEST(ValidatorTest, UniqueItems) {
  Checker strings = Field("repeated string", "repeated { unique: true }");
  EXPECT_THAT(strings("f: ['a', 'b']"), IsEmpty());
  EXPECT_THAT(strings("f: ['a', 'b', 'a', 'a']"),
              Says("repeated value must contain unique items"));
  Checker doubles = Field("repeated double", "repeated { unique: true }");
  EXPECT_THAT(doubles("f: [0, -0.0]"), testing::SizeIs(1));
  EXPECT_THAT(doubles("f: [nan, nan]"), IsEmpty());
  Checker enums = Field("repeated Kind", "repeated { unique: true }");
  EXPECT_THAT(enums("f: [A, B]"), IsEmpty());
  EXPECT_THAT(enums("f: [B, B]"), testing::SizeIs(1));
}

TEST(ValidatorTest, ItemsAreNamedByIndex) {
  Checker check =
      Field("repeated string", "repeated { items { string { min_len: 1 } } }");
  EXPECT_THAT(check("f: ['a', '', 'b', '']"),
              ElementsAre(Is("f[1]", "must be at least 1 characters"),
                          Is("f[3]", "must be at least 1 characters")));
}

TEST(ValidatorTest, MapsAreNamedByKey) {
  Checker check = Field("map<string, int32>",
                        "map { min_pairs: 1 max_pairs: 2 keys { string { "
                        "max_len: 3 } } values { int32 { gt: 0 } } }");
  EXPECT_THAT(check(""), Says("map must be at least 1 entries"));
  EXPECT_THAT(check("f { key: 'a\"b' value: 0 }"),
              ElementsAre(Is("f[\"a\\\"b\"]", "must be greater than 0")));
  EXPECT_THAT(check("f { key: 'abcd' value: 1 }"),
              ElementsAre(Is("f[\"abcd\"]", "must be at most 3 characters")));
  EXPECT_THAT(check("f { key: 'a' value: 1 } f { key: 'b' value: 1 } "
                    "f { key: 'c' value: 1 }"),
              Says("map must be at most 2 entries"));
  Checker numbers =
      Field("map<int64, string>", "map { values { string { min_len: 1 } } }");
  EXPECT_EQ(numbers("f { key: -5 }")[0].field, "f[-5]");
  Checker flags =
      Field("map<bool, string>", "map { values { string { min_len: 1 } } }");
  EXPECT_EQ(flags("f { key: true }")[0].field, "f[true]");
}

TEST(ValidatorTest, NestedMessagesAreChecked) {
  EXPECT_EQ(Field("Inner", "")("f {}")[0].field, "f.s");
  EXPECT_EQ(Field("repeated Inner", "")("f { s: 'a' } f {}")[0].field,
            "f[1].s");
  EXPECT_EQ(Field("map<uint32, Inner>", "")("f { key: 3 value {} }")[0].field,
            "f[3].s");
}

TEST(ValidatorTest, RecursiveTypesAreCheckedAtEveryLevel) {
  Checker check(
      "message Request { Request r = 1; int32 n = 2 "
      "[(buf.validate.field).int32.lt = 9]; }");
  EXPECT_THAT(check("r { r { n: 9 } }"),
              ElementsAre(Is("r.r.n", "must be less than 9")));
}

TEST(ValidatorTest, DepthIsBounded) {
  Checker check(
      "message Request { Request r = 1; int32 n = 2 "
      "[(buf.validate.field).int32.lt = 9]; }");
  // TextFormat's own limit is much higher.
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 1; i < depth; ++i) text += "r { ";
    for (int i = 1; i < depth; ++i) text += "}";
    return text;
  };
  EXPECT_THAT(check(nested(100)), IsEmpty());
  const auto violations = check(nested(101));
  ASSERT_EQ(violations.size(), 1);
  EXPECT_THAT(violations[0].description, HasSubstr("more than 100"));
}

TEST(ValidatorTest, WrappersHaveTheRulesOfTheirValue) {
  Checker check = Field("google.protobuf.StringValue", "string { min_len: 1 }");
  EXPECT_THAT(check(""), IsEmpty());
  EXPECT_THAT(check("f {}"), Says("must be at least 1 characters"));
  EXPECT_THAT(check("f { value: 'x' }"), IsEmpty());
  Checker many = Field("repeated google.protobuf.Int32Value",
                       "repeated { items { int32 { gt: 0 } } }");
  EXPECT_EQ(many("f { value: 1 } f {}")[0].field, "f[1]");
}

TEST(ValidatorTest, OneofMembersAreCheckedWhenSet) {
  Checker check(
      "message Request { oneof o { string a = 1 [(buf.validate.field).string."
      "min_len = 1]; int32 b = 2 [(buf.validate.field).int32.gt = 0]; } }");
  EXPECT_THAT(check(""), IsEmpty());
  EXPECT_EQ(check("a: ''")[0].field, "a");
  EXPECT_EQ(check("b: 0")[0].field, "b");
}

TEST(ValidatorTest, ViolationsAreBounded) {
  Checker check =
      Field("repeated string", "repeated { items { string { min_len: 1 } } }");
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "f: '' ";
  EXPECT_EQ(check(text).size(), 64);
}

TEST(ValidatorTest, MessageOfAnotherSchemaIsRefusedNotMisread) {
  const auto validator =
      Validator::Compile(google::rpc::BadRequest::FieldViolation::descriptor());
  ASSERT_TRUE(validator.ok());
  EXPECT_THAT(*(*validator)->Validate(google::rpc::BadRequest()), IsEmpty())
      << "without rules there is nothing to misread";
  Checker one(
      "message Request { string s = 1 [(buf.validate.field).required "
      "= true]; }");
  const auto merged = MergeDescriptors({SourceOf(CompileProtos(
      {{"test.proto",
        TestProto("message Request { string s = 1 "
                  "[(buf.validate.field).required = true]; }")}}))});
  ASSERT_TRUE(merged.ok());
  const auto other =
      Validator::Compile(merged->pool->FindMessageTypeByName("test.Request"));
  ASSERT_TRUE(other.ok());
  EXPECT_THAT(*(*other)->Validate(google::rpc::BadRequest()),
              testing::SizeIs(1));
}

TEST(ValidatorTest, StatusNamesTheFirstAndContainsAll) {
  EXPECT_TRUE(ToStatus({}).ok());
  const absl::Status status =
      ToStatus({{"symbols", "must have at least 1 item", "repeated.min_items",
                 "", false},
                {"b", "is required", "required", "", false}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "symbols: must have at least 1 item");
  const auto payload =
      status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  ASSERT_TRUE(payload.has_value());
  google::rpc::BadRequest details;
  ASSERT_TRUE(details.ParseFromString(std::string(*payload)));
  ASSERT_EQ(details.field_violations_size(), 2);
  EXPECT_EQ(details.field_violations(1).field(), "b");
  EXPECT_EQ(details.field_violations(1).description(), "is required");
  EXPECT_EQ(details.field_violations(1).reason(), "required");
}

TEST(ValidatorTest, AnyIsOfATypeThatIsAllowed) {
  const std::string allowed = "type.googleapis.com/test.Inner";
  Checker check = Field("google.protobuf.Any",
                        "any { in: [\"" + allowed + "\"] not_in: [\"x/No\"] }");
  EXPECT_THAT(check(""), IsEmpty());
  EXPECT_THAT(check("f { type_url: '" + allowed + "' }"), IsEmpty());
  EXPECT_THAT(check("f { type_url: 'type.googleapis.com/test.Other' }"),
              Says("type URL must be in the allow list"));
}

TEST(ValidatorTest, EachAnyOfAListIsChecked) {
  Checker check = Field("repeated google.protobuf.Any",
                        "repeated { items { any { not_in: [\"x/No\"] } } }");
  EXPECT_THAT(check("f { type_url: 'x/Yes' }"), IsEmpty());
  EXPECT_THAT(
      check("f { type_url: 'x/Yes' } f { type_url: 'x/No' }"),
      ElementsAre(Is("f[1]", "type URL must not be in the block list")));
}

TEST(ValidatorTest, ViolationsNameTheRule) {
  const auto violations =
      Field("map<string, string>",
            "map { keys { string { min_len: 2 } } values { string { email: "
            "true } } }")("f { key: 'a' value: 'b' }");
  EXPECT_THAT(
      violations,
      ElementsAre(
          RuleViolation{"f[\"a\"]", "must be at least 2 characters",
                        "string.min_len", "map.keys.string.min_len", true},
          RuleViolation{"f[\"a\"]", "must be a valid email address",
                        "string.email", "map.values.string.email", false}));
}

TEST(ValidatorTest, CelOfFieldsAndMessages) {
  Checker field = Field("int32",
                        "cel { id: 'even' message: 'must be even' expression: "
                        "'this % 2 == 0' }");
  EXPECT_THAT(field("f: 2"), IsEmpty());
  EXPECT_THAT(
      field("f: 3"),
      ElementsAre(RuleViolation{"f", "must be even", "even", "cel[0]", false}));
  Checker message(
      "message Request { option (buf.validate.message).cel = { id: 'ordered' "
      "expression: 'this.a <= this.b ? \\'\\' : \\'a is above b\\'' }; "
      "int32 a = 1; int32 b = 2; }");
  EXPECT_THAT(message("a: 1 b: 2"), IsEmpty());
  EXPECT_THAT(
      message("a: 2 b: 1"),
      ElementsAre(RuleViolation{"", "a is above b", "ordered", "", false}));
}

TEST(ValidatorTest, PredefinedRulesAreThoseOfTheSchema) {
  const std::string extension =
      "syntax = 'proto2'; package own; import 'buf/validate/validate.proto'; "
      "extend buf.validate.Int32Rules { optional int32 multiple = 81048952 "
      "[(buf.validate.predefined).cel = { id: 'int32.multiple' expression: "
      "'this % rule == 0' message: 'must be a multiple' }]; }";
  const auto merged = MergeDescriptors({SourceOf(CompileProtos(
      {{"own.proto", extension},
       {"test.proto",
        "syntax = 'proto3'; package test; import 'own.proto'; import "
        "'buf/validate/validate.proto'; message Request { int32 f = 1 "
        "[(buf.validate.field).int32 = { gt: 0 [own.multiple]: 5 }]; }"}}))});
  ASSERT_TRUE(merged.ok()) << merged.status();
  const auto* type = merged->pool->FindMessageTypeByName("test.Request");
  const auto validator = Validator::Compile(type);
  ASSERT_TRUE(validator.ok()) << validator.status();
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(
      factory.GetPrototype(type)->New());
  const auto check = [&](int value) {
    message->GetReflection()->SetInt32(message.get(), type->field(0), value);
    return *(*validator)->Validate(*message);
  };
  EXPECT_THAT(check(10), IsEmpty());
  EXPECT_THAT(check(11), ElementsAre(RuleViolation{
                             "f", "must be a multiple", "int32.multiple",
                             "int32.[own.multiple]", false}));
  EXPECT_THAT(check(-5), testing::SizeIs(1)) << "native rules hold too";
}

TEST(ValidatorTest, ExpressionThatFailsIsAnErrorOfItsOwn) {
  const absl::Status status =
      Field("int32", "cel { id: 'bad' expression: '1 / this == 1' }").Error("");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("f: the expression"));
}

TEST(ValidatorTest, ExpressionsAreBoundedInCost) {
  Checker check = Field("repeated int32",
                        "cel { id: 'slow' expression: 'this.all(a, "
                        "this.all(b, this.all(c, a + b + c >= 0)))' }");
  EXPECT_THAT(check("f: [1, 2, 3]"), IsEmpty());
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "f: 1 ";
  EXPECT_EQ(check.Error(text).code(), absl::StatusCode::kResourceExhausted);
}

TEST(ValidatorTest, NowIsThatOfTheValidation) {
  Checker check =
      Field("google.protobuf.Timestamp", "timestamp { lt_now: true }");
  EXPECT_THAT(check("f { seconds: 1000 }"), IsEmpty());
  EXPECT_THAT(check("f { seconds: 1001 }"), Says("must be less than now"));
  Checker within = Field("google.protobuf.Timestamp",
                         "timestamp { within { seconds: 10 } }");
  EXPECT_THAT(within("f { seconds: 1010 }"), IsEmpty());
  EXPECT_THAT(within("f { seconds: 989 }"), Says("must be within 10s of now"));
}

TEST(ValidatorTest, OneofsOfMessages) {
  Checker check(
      "message Request { option (buf.validate.message).oneof = { fields: "
      "['a', 'b'] required: true }; string a = 1 "
      "[(buf.validate.field).string.min_len = 2]; string b = 2; }");
  EXPECT_THAT(check(""), ElementsAre(Is("", "one of a, b must be set")));
  EXPECT_THAT(check("b: 'x'"), IsEmpty()) << "a is ignored if it is not set";
  EXPECT_THAT(check("a: 'xx' b: 'x'"),
              ElementsAre(Is("", "only one of a, b can be set")));
  Checker choice(
      "message Request { oneof o { option (buf.validate.oneof).required = "
      "true; string a = 1; string b = 2; } }");
  EXPECT_THAT(choice(""),
              ElementsAre(Is("o", "exactly one field is required in oneof")));
  EXPECT_THAT(choice("a: ''"), IsEmpty());
}

}  // namespace
}  // namespace sse_bridge
