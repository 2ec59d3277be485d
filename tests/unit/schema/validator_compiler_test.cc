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

TEST(ValidatorCompilerTest, CelIsRefused) {
  ExpectRefused("string", "cel { expression: 'true' }",
                "cel rules are not enforced");
  ExpectRefused("repeated string",
                "repeated { items { cel { expression: 'true' } } }",
                "items.cel rules are not enforced");
  ExpectRefused("map<string, string>",
                "map { keys { cel { expression: 'true' } } }", "keys.cel");
  ExpectRefused("map<string, string>",
                "map { values { cel { expression: 'true' } } }", "values.cel");
}

TEST(ValidatorCompilerTest, RequiredElementsAreRefused) {
  ExpectRefused("repeated string", "repeated { items { required: true } }",
                "items.required");
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
                               12);
                         }),
              AllOf(HasSubstr("test.proto:4: test.Request.f"),
                    HasSubstr("string.field 12 is not enforced")));
  EXPECT_THAT(ErrorAfter(body,
                         [](FileDescriptorSet*, auto* file) {
                           AddUnknown(
                               file->mutable_message_type(0)
                                   ->mutable_field(0)
                                   ->mutable_options()
                                   ->MutableExtension(buf::validate::field),
                               27);
                         }),
              HasSubstr("field 27 is not enforced"));
}

// The schema contains the whole contract, of which the bridge knows only a
// part.
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
  EXPECT_THAT(with_larger("email", 12), HasSubstr("string.email (field 12)"));
  EXPECT_EQ(with_larger("example", 34), "") << "it only documents";
}

TEST(ValidatorCompilerTest, RulesOfMessagesAndOneofsAreRefused) {
  const std::string body = std::string(kService) +
                           "message Request { oneof choice { string a = 1; "
                           "} }";
  EXPECT_THAT(ErrorAfter(body,
                         [](FileDescriptorSet*, auto* file) {
                           AddUnknown(
                               file->mutable_message_type(0)->mutable_options(),
                               1159);
                         }),
              AllOf(HasSubstr("test.proto:3: test.Request"),
                    HasSubstr("rules of a whole message")));
  EXPECT_THAT(
      ErrorAfter(body,
                 [](FileDescriptorSet*, auto* file) {
                   AddUnknown(file->mutable_message_type(0)
                                  ->mutable_oneof_decl(0)
                                  ->mutable_options(),
                              1159);
                 }),
      AllOf(HasSubstr("test.Request.choice"), HasSubstr("rules of a oneof")));
}

TEST(ValidatorCompilerTest, RulesOfNestedMessagesAreChecked) {
  EXPECT_THAT(
      LoadError(kService +
                std::string(
                    "message Request { map<string, Middle> m = 1; }\n"
                    "message Middle { repeated Deep deep = 1; Request up = 2; "
                    "}\n"
                    "message Deep { string s = 1 [(buf.validate.field).cel = "
                    "{}]; }")),
      HasSubstr("test.Deep.s"));
}

TEST(ValidatorCompilerTest, UnreachableMethodsAreNotChecked) {
  EXPECT_EQ(LoadError("service S { rpc M(Request) returns (Request); }\n"
                      "message Request { string s = 1 "
                      "[(buf.validate.field).cel = {}]; }"),
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
