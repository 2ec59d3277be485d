#include "bridge/schema/validator_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FileDescriptorSet;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kService[] =
    "service S { rpc M(Request) returns (Request) { option "
    "(google.api.http).get = '/m'; } }\n";

// A request whose field, on line 4, has these rules.
std::string WithRules(const std::string& field, const std::string& rules) {
  return kService + std::string("message Request {\n") + field +
         " f = 1 [(buf.validate.field) = {" + rules +
         "}];\n}\nenum Kind { UNKNOWN = 0; }\nmessage Inner {}\n";
}

void ExpectRefused(const std::string& field, const std::string& rules,
                   const std::string& reason) {
  EXPECT_THAT(LoadError(WithRules(field, rules)),
              AllOf(HasSubstr("test.proto:4: test.Request.f: buf.validate: "),
                    HasSubstr(reason)))
      << field << " " << rules;
}

// TestProto(body) after modifying its files.
template <typename Change>
std::string ErrorAfter(const std::string& body, const Change& change) {
  FileDescriptorSet set = CompileProtos({{"test.proto", TestProto(body)}});
  change(&set, set.mutable_file(set.file_size() - 1));
  const auto schema = Schema::Load({SourceOf(set)}, {.strict = true});
  return schema.ok() ? "" : std::string(schema.status().message());
}

void AddUnknown(google::protobuf::Message* message, int number) {
  message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(
      number, "");
}

TEST(ValidatorCompilerTest, RulesOfAnotherTypeAreRefused) {
  ExpectRefused("int32", "string { min_len: 1 }", "`string` rules do not fit");
  ExpectRefused("int32", "int64 { gt: 1 }", "`int64` rules do not fit");
  ExpectRefused("sint32", "int32 { gt: 1 }", "`int32` rules do not fit");
  ExpectRefused("string", "bytes { min_len: 1 }", "`bytes` rules do not fit");
  ExpectRefused("string", "repeated { min_items: 1 }", "`repeated` rules");
  ExpectRefused("Inner", "string { min_len: 1 }", "`string` rules do not fit");
  ExpectRefused("Kind", "int32 { gt: 1 }", "`int32` rules do not fit");
  ExpectRefused("repeated string", "string { min_len: 1 }",
                "only `repeated` rules");
  ExpectRefused("repeated string", "repeated { items { int32 { gt: 1 } } }",
                "`int32` rules do not fit");
  ExpectRefused("map<string, int32>", "repeated { min_items: 1 }",
                "only `map` rules");
  ExpectRefused("map<string, int32>", "map { keys { int32 { gt: 1 } } }",
                "`int32` rules do not fit");
  ExpectRefused("google.protobuf.Int32Value", "string { min_len: 1 }",
                "`string` rules do not fit");
}

TEST(ValidatorCompilerTest, ExpressionThatDoesNotCompileIsRefused) {
  ExpectRefused("string", "cel { id: 'x' expression: 'this +' }",
                "the expression of rule x does not compile");
  ExpectRefused("string", "cel { id: 'x' expression: 'this > 1' }",
                "does not compile");
  ExpectRefused("string", "cel { id: 'x' expression: '1' }",
                "not bool or string");
  ExpectRefused("string", "cel_expression: 'this.nothing()'",
                "does not compile");
  ExpectRefused("repeated string",
                "repeated { items { cel { expression: 'this == 1' } } }",
                "does not compile");
  ExpectRefused("map<string, string>",
                "map { keys { cel { expression: 'this == 1' } } }",
                "does not compile");
  ExpectRefused("map<string, string>",
                "map { values { cel { expression: 'this == 1' } } }",
                "does not compile");
}

TEST(ValidatorCompilerTest, OneofRuleMustNameFields) {
  const auto with = [](const std::string& rule) {
    return LoadError(kService + ("message Request {\noption "
                                 "(buf.validate.message).oneof = {" +
                                 rule + "}; string a = 1; }"));
  };
  EXPECT_THAT(with(""), AllOf(HasSubstr("test.proto:3: test.Request"),
                              HasSubstr("at least one field")));
  EXPECT_THAT(with("fields: 'b'"), HasSubstr("b, which does not exist"));
  EXPECT_THAT(with("fields: ['a', 'a']"), HasSubstr("a twice"));
}

TEST(ValidatorCompilerTest, MalformedPatternIsRefused) {
  ExpectRefused("string", "string { pattern: '(' }",
                "is not a regular expression");
  ExpectRefused("string", "string { pattern: '(?=a)' }",
                "is not a regular expression");
}

TEST(ValidatorCompilerTest, UniqueMessagesAreRefused) {
  ExpectRefused("repeated Inner", "repeated { unique: true }", "`unique`");
}

TEST(ValidatorCompilerTest, UnknownRuleIsRefusedByNumber) {
  const std::string body = WithRules("string", "string { min_len: 1 }");
  EXPECT_THAT(ErrorAfter(body,
                         [](FileDescriptorSet*, auto* file) {
                           AddUnknown(
                               file->mutable_message_type(0)
                                   ->mutable_field(0)
                                   ->mutable_options()
                                   ->MutableExtension(buf::validate::field)
                                   ->mutable_string(),
                               77);
                         }),
              AllOf(HasSubstr("test.proto:4: test.Request.f"),
                    HasSubstr("string.field 77 is not enforced")));
  EXPECT_THAT(ErrorAfter(body,
                         [](FileDescriptorSet*, auto* file) {
                           AddUnknown(
                               file->mutable_message_type(0)
                                   ->mutable_field(0)
                                   ->mutable_options()
                                   ->MutableExtension(buf::validate::field),
                               24);
                         }),
              HasSubstr("field 24 is not enforced"));
}

// The schema's contract is later than the bridge's.
TEST(ValidatorCompilerTest, RuleOfALargerContractIsRefusedByName) {
  const auto with_larger = [](const std::string& name, int number) {
    return ErrorAfter(
        WithRules("string", "string { min_len: 1 }"),
        [&](FileDescriptorSet* set, auto* test) {
          for (auto& file : *set->mutable_file()) {
            for (auto& type : *file.mutable_message_type()) {
              if (type.name() != "StringRules") continue;
              auto* field = type.add_field();
              field->set_name(name);
              field->set_number(number);
              field->set_type(
                  google::protobuf::FieldDescriptorProto::TYPE_BYTES);
              field->set_label(
                  google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
            }
          }
          AddUnknown(test->mutable_message_type(0)
                         ->mutable_field(0)
                         ->mutable_options()
                         ->MutableExtension(buf::validate::field)
                         ->mutable_string(),
                     number);
        });
  };
  EXPECT_THAT(with_larger("later", 77), HasSubstr("string.later (field 77)"));
  EXPECT_EQ(with_larger("no_example", 78).empty(), false);
}

TEST(ValidatorCompilerTest, UnknownRulesOfMessagesAndOneofsAreRefused) {
  const std::string body = std::string(kService) +
                           "message Request { oneof choice { string a = 1 "
                           "[(buf.validate.field).required = false]; } }";
  EXPECT_THAT(
      ErrorAfter(body,
                 [](FileDescriptorSet*, auto* file) {
                   AddUnknown(file->mutable_message_type(0)
                                  ->mutable_options()
                                  ->MutableExtension(buf::validate::message),
                              77);
                 }),
      AllOf(HasSubstr("test.proto:3: test.Request"), HasSubstr("field 77")));
  EXPECT_THAT(ErrorAfter(body,
                         [](FileDescriptorSet*, auto* file) {
                           AddUnknown(
                               file->mutable_message_type(0)
                                   ->mutable_oneof_decl(0)
                                   ->mutable_options()
                                   ->MutableExtension(buf::validate::oneof),
                               77);
                         }),
              AllOf(HasSubstr("test.Request.choice"), HasSubstr("field 77")));
}

TEST(ValidatorCompilerTest, RulesOfNestedMessagesAreChecked) {
  EXPECT_THAT(
      LoadError(kService +
                std::string(
                    "message Request { map<string, Middle> m = 1; }\n"
                    "message Middle { repeated Deep deep = 1; Request up = 2; "
                    "}\n"
                    "message Deep { string s = 1 [(buf.validate.field).cel = "
                    "{expression: '1'}]; }")),
      HasSubstr("test.Deep.s"));
}

TEST(ValidatorCompilerTest, UnreachableMethodsAreNotChecked) {
  EXPECT_EQ(LoadError("service S { rpc M(Request) returns (Request); }\n"
                      "message Request { string s = 1 "
                      "[(buf.validate.field).cel = {expression: '1'}]; }"),
            "");
}

TEST(ValidatorCompilerTest, LongChainOfTypesDoesNotOverflowTheStack) {
  FileDescriptorSet set;
  auto* file = set.add_file();
  file->set_name("a.proto");
  file->set_syntax("proto3");
  constexpr int kTypes = 50000;
  for (int i = 0; i < kTypes; ++i) {
    auto* type = file->add_message_type();
    type->set_name("T" + std::to_string(i));
    auto* field = type->add_field();
    field->set_name("f");
    field->set_number(1);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    if (i + 1 < kTypes) {
      field->set_type(google::protobuf::FieldDescriptorProto::TYPE_MESSAGE);
      field->set_type_name(".T" + std::to_string(i + 1));
    } else {
      field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
      field->mutable_options()
          ->MutableExtension(buf::validate::field)
          ->set_required(true);
    }
  }
  const auto merged = MergeDescriptors({SourceOf(set)});
  ASSERT_TRUE(merged.ok()) << merged.status();
  const auto validator =
      Validator::Compile(merged->pool->FindMessageTypeByName("T0"));
  EXPECT_TRUE(validator.ok()) << validator.status();
}

}  // namespace
}  // namespace sse_bridge
