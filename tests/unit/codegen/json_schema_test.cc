// buf.validate rules in OpenAPI documents: expressed, or named.

#include "bridge/codegen/json_schema.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/codegen/openapi_parts.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;

// The schemas of a service whose request is the message `Request`.
class Documented {
 public:
  explicit Documented(const std::string& messages) {
    auto schema = LoadTestProto(
        absl::StrCat("import \"google/protobuf/duration.proto\"; "
                     "import \"google/protobuf/field_mask.proto\"; "
                     "enum Kind { A = 0; B = 1; C = 2; } "
                     "message Inner { string s = 1 "
                     "[(buf.validate.field).required = true]; } "
                     "service S { rpc M(Request) returns (Response) { option "
                     "(google.api.http) = { post: \"/m\" body: \"*\" }; } } "
                     "message Response {} ",
                     messages));
    EXPECT_TRUE(schema.ok()) << schema.status();
    EXPECT_EQ((*schema)->methods().size(), 1u)
        << (*schema)->CheckServesAnything();
    schema_ = *schema;
    schemas_ = std::make_unique<JsonSchemas>(*schema_);
  }

  const pb::Descriptor* request() const {
    return schema_->methods()[0]->descriptor->input_type();
  }
  std::string Field(const std::string& name) const {
    return schemas_->Field(request()->FindFieldByName(name), true, 0).dump();
  }
  // The component of the request.
  Json Request() const {
    Json found;
    schemas_->ForEachComponent([&](const std::string& name, Json schema) {
      if (name == "test.Request") found = std::move(schema);
    });
    return found;
  }
  Json Without(const std::string& name) const {
    return schemas_->RequestWithout(request(), 0,
                                    {{request()->FindFieldByName(name)}});
  }

 private:
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<JsonSchemas> schemas_;
};

// Ignores the order of members.
nlohmann::json Parse(const std::string& text) {
  return nlohmann::json::parse(text);
}

void Expect(const std::string& type, const std::string& rules,
            const std::string& want) {
  const std::string got =
      Documented(absl::StrCat("message Request { ", type,
                              " f = 1 [(buf.validate.field) = {", rules,
                              "}]; }"))
          .Field("f");
  EXPECT_EQ(Parse(got), Parse(want)) << type << " " << rules << "\n" << got;
}

TEST(JsonSchemaTest, FormatsOfStrings) {
  for (const auto& [rule, format] :
       {std::pair("email", "email"), std::pair("hostname", "hostname"),
        std::pair("ipv4", "ipv4"), std::pair("ipv6", "ipv6"),
        std::pair("uri", "uri"), std::pair("uri_ref", "uri-reference"),
        std::pair("uuid", "uuid")}) {
    Expect("string", absl::StrCat("string { ", rule, ": true }"),
           absl::StrCat(R"({"type": "string", "format": ")", format, "\"}"));
  }
  Expect("string", "string { ip: true }",
         R"({"type": "string",
             "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]})");
  Expect("string", "string { tuuid: true }",
         R"({"type": "string", "pattern": "^[0-9A-Fa-f]{32}$"})");
  Expect("string", "string { ipv4_prefix: true }",
         R"({"type": "string", "x-validation": [
             {"id": "string.ipv4_prefix",
              "message": "must be a valid IPv4 prefix"}]})");
}

TEST(JsonSchemaTest, LengthsOfStrings) {
  Expect("string", "string { min_len: 1 max_len: 9 }",
         R"({"type": "string", "minLength": 1, "maxLength": 9})");
  Expect("string", "string { len: 3 }",
         R"({"type": "string", "minLength": 3, "maxLength": 3})");
  // A character has 1 to 4 bytes.
  Expect("string", "string { min_bytes: 5 max_bytes: 20 }",
         R"({"type": "string", "minLength": 2, "maxLength": 20,
             "x-validation": [
               {"id": "string.min_bytes", "message": "must be at least 5 bytes"},
               {"id": "string.max_bytes",
                "message": "must be at most 20 bytes"}]})");
}

TEST(JsonSchemaTest, PatternsThatBothSyntaxesHave) {
  for (const char* shared :
       {"^a+$", "[a-z0-9_-]{2,5}", "(?:a|b)*", "\\\\d+\\\\.\\\\w", "\\\\x41",
        "[^/]+", "[\\\\w]", "a?b"}) {
    const std::string text =
        Documented(absl::StrCat("message Request { string f = 1 "
                                "[(buf.validate.field).string.pattern = \"",
                                shared, "\"]; }"))
            .Field("f");
    EXPECT_TRUE(absl::StrContains(text, "\"pattern\":")) << text;
    EXPECT_FALSE(absl::StrContains(text, "x-validation")) << text;
  }
  for (const char* own :
       {"(?i)a", "(?P<x>a)", "[[:alpha:]]", "\\\\pL", "\\\\Aa\\\\z",
        "\\\\x{41}", "[]a]", "a{", "a\\\\@b", "[\\\\w-.]", "}"}) {
    const std::string text =
        Documented(absl::StrCat("message Request { string f = 1 "
                                "[(buf.validate.field).string.pattern = \"",
                                own, "\"]; }"))
            .Field("f");
    EXPECT_FALSE(absl::StrContains(text, "\"pattern\":")) << text;
    EXPECT_TRUE(absl::StrContains(text, "string.pattern")) << text;
  }
}

TEST(JsonSchemaTest, Numbers) {
  Expect("int32", "int32 { gte: 1 lt: 5 }",
         R"({"type": "integer", "format": "int32",
             "minimum": 1, "exclusiveMaximum": 5})");
  Expect("int32", "int32 { gt: 5 lt: 1 }",
         R"({"type": "integer", "format": "int32",
             "anyOf": [{"exclusiveMinimum": 5}, {"exclusiveMaximum": 1}]})");
  // 64-bit numbers may be strings, to which bounds do not apply.
  Expect("int64", "int64 { gt: 0 }",
         R"({"type": ["string", "integer"], "format": "int64",
             "pattern": "^-?[0-9]+$", "exclusiveMinimum": 0,
             "x-validation": [
               {"id": "int64.gt", "message": "must be greater than 0"}]})");
  Expect("uint64", "uint64 { in: [1, 9007199254740993] }",
         R"({"type": ["string", "integer"], "format": "uint64",
             "pattern": "^[0-9]+$",
             "enum": ["1", 1, "9007199254740993", 9007199254740993]})");
  // Floats are the shortest decimals.
  Expect("float", "float { gte: 0.1 }",
         R"({"anyOf": [
               {"type": "number", "format": "float", "minimum": 0.1},
               {"type": "string", "enum": ["Infinity"]}]})");
  Expect("double", "double { lt: inf }",
         R"({"anyOf": [
               {"type": "number", "format": "double"},
               {"type": "string", "enum": ["-Infinity"]}]})");
  Expect("double", "double { const: inf }",
         R"({"type": ["number", "string"], "format": "double",
             "enum": ["Infinity"]})");
  Expect("double", "double { finite: true }",
         R"({"type": "number", "format": "double"})");
}

TEST(JsonSchemaTest, BytesAreLimitedByTheirText) {
  Expect("bytes", "bytes { len: 4 }",
         R"({"type": "string", "contentEncoding": "base64",
             "minLength": 6, "maxLength": 8,
             "x-validation": [
               {"id": "bytes.len", "message": "must be 4 bytes"}]})");
  Expect("bytes", "bytes { min_len: 1 }",
         R"({"type": "string", "contentEncoding": "base64",
             "minLength": 2})");
}

TEST(JsonSchemaTest, WellKnownMessages) {
  Expect("google.protobuf.Duration", "duration { gte { seconds: 1 } }",
         R"({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$",
             "examples": ["1.5s"],
             "x-validation": [
               {"id": "duration.gte",
                "message": "must be greater than or equal to 1s"}]})");
  Expect("google.protobuf.StringValue", "string { email: true }",
         R"({"type": "string", "format": "email"})");
  // Types that the schema does not contain.
  Expect("google.protobuf.Any", "any { in: ['x/a.B'] }",
         R"({"type": "object",
             "properties": {"@type": {"type": "string", "enum": ["x/a.B"]}},
             "description":
               "A message of any type, given by `@type`, with its own members."
            })");
  Expect("google.protobuf.Any", "any { not_in: ['x/a.B'] }",
         R"({"type": "object", "properties": {"@type": {"type": "string"}},
             "not": {"properties": {"@type": {"enum": ["x/a.B"]}},
                     "required": ["@type"]},
             "description":
               "A message of any type, given by `@type`, with its own members."
            })");
}

TEST(JsonSchemaTest, Enums) {
  Expect("Kind", "enum { in: [1, 2] }",
         R"({"type": "string", "enum": ["B", "C"]})");
  Expect("Kind", "enum { in: [1, 7] }",
         R"({"type": ["string", "integer"], "enum": ["B", 7]})");
  Expect("Kind", "enum { not_in: [0] }",
         R"({"anyOf": [{"$ref": "#/components/schemas/test.Kind"},
                       {"type": "integer", "format": "int32"}],
             "not": {"enum": ["A", 0]}})");
}

TEST(JsonSchemaTest, ListsAndMaps) {
  Expect("repeated string",
         "repeated { min_items: 2 unique: true items { string { len: 2 } } }",
         R"({"type": "array", "minItems": 2, "uniqueItems": true,
             "items": {"type": "string", "minLength": 2, "maxLength": 2}})");
  Expect("map<string, int32>",
         "required: true map { max_pairs: 3 keys { string { min_len: 1 } } "
         "values { int32 { gte: 0 } } }",
         R"({"type": "object", "minProperties": 1, "maxProperties": 3,
             "propertyNames": {"minLength": 1},
             "additionalProperties": {"type": "integer", "format": "int32",
                                      "minimum": 0}})");
  Expect("map<int32, string>", "map { keys { int32 { in: [1, 2] } } }",
         R"({"type": "object",
             "propertyNames": {"pattern": "^-?[0-9]+$", "enum": ["1", "2"]},
             "additionalProperties": {"type": "string"}})");
  Expect("map<int32, string>", "map { keys { int32 { gt: 5 } } }",
         R"({"type": "object",
             "propertyNames": {"pattern": "^-?[0-9]+$", "x-validation": [
               {"id": "int32.gt", "message": "must be greater than 5"}]},
             "additionalProperties": {"type": "string"}})");
}

TEST(JsonSchemaTest, RequiredWithoutPresenceExcludesZero) {
  Expect("string", "required: true", R"({"type": "string", "minLength": 1})");
  Expect("int32", "required: true",
         R"({"type": "integer", "format": "int32", "not": {"enum": [0]}})");
  Expect("optional string", "required: true", R"({"type": "string"})");
  Expect("int64", "required: true int64 { not_in: [7] }",
         R"({"type": ["string", "integer"], "format": "int64",
             "pattern": "^-?[0-9]+$", "not": {"enum": ["7", 7]},
             "allOf": [{"not": {"enum": ["0", 0]}}]})");
}

TEST(JsonSchemaTest, ExpressionsAreNamed) {
  Expect("string",
         "cel { id: 'even' message: 'must be even' "
         "expression: 'this.size() % 2 == 0' }",
         R"({"type": "string", "x-validation": [
             {"id": "even", "message": "must be even",
              "expression": "this.size() % 2 == 0"}]})");
}

TEST(JsonSchemaTest, IgnoredRulesAreNoRules) {
  Expect("string", "ignore: IGNORE_ALWAYS required: true string { min_len: 3 }",
         R"({"type": "string"})");
  Expect("string", "ignore: IGNORE_IF_ZERO_VALUE string { min_len: 3 }",
         R"({"anyOf": [{"enum": [""]}, {"type": "string", "minLength": 3}]})");
  // With presence, the zero value is not ignored.
  Expect("optional string", "ignore: IGNORE_IF_ZERO_VALUE string { len: 3 }",
         R"({"type": "string", "minLength": 3, "maxLength": 3})");
  Expect("repeated int32",
         "ignore: IGNORE_IF_ZERO_VALUE repeated { min_items: 2 items { "
         "ignore: IGNORE_IF_ZERO_VALUE int32 { gt: 5 } } }",
         R"({"anyOf": [{"enum": [[]]},
             {"type": "array", "minItems": 2, "items": {"anyOf": [
               {"enum": [0]}, {"type": "integer", "format": "int32",
                               "exclusiveMinimum": 5}]}}]})");
}

TEST(JsonSchemaTest, RulesOfMessages) {
  const Documented documented(R"(message Request {
    option (buf.validate.message) = {
      cel { id: "order" message: "a is above b" expression: "this.a <= this.b" }
      oneof { fields: ["a", "b"] required: true }
    };
    int32 a = 1;
    optional int32 b = 2;
    oneof choice {
      option (buf.validate.oneof).required = true;
      string x = 3;
      string y = 4;
    }
  })");
  const Json request = documented.Request();
  EXPECT_EQ(Parse(request["allOf"].dump()), Parse(R"([
    {"oneOf": [{"required": ["x"], "properties": {"x": {}}},
               {"required": ["y"], "properties": {"y": {}}}]},
    {"oneOf": [
      {"required": ["a"], "properties": {"a": {"not": {"enum": [0]}}}},
      {"required": ["b"], "properties": {"b": {}}}]}])"));
  EXPECT_EQ(Parse(request["x-validation"].dump()), Parse(R"([
    {"id": "order", "message": "a is above b",
     "expression": "this.a <= this.b"}])"));
  // What the path sets excludes the others.
  EXPECT_EQ(Parse(documented.Without("x")["allOf"][0].dump()),
            Parse(R"({"not": {"anyOf": [
              {"required": ["y"], "properties": {"y": {}}}]}})"));
}

// In a query, messages are no parameters.
TEST(JsonSchemaTest, RulesWithoutASchemaBelongToTheOperation) {
  const auto schema = LoadTestProto(R"(
    service S {
      rpc M(Request) returns (Response) {
        option (google.api.http).get = "/m/{name=a/*/b/*}";
      }
    }
    message Response {}
    message Request {
      option (buf.validate.message).oneof = { fields: ["x", "y"] };
      string x = 1;
      string y = 2;
      Inner inner = 3 [(buf.validate.field).required = true];
      string name = 4 [(buf.validate.field).string.max_len = 9];
    }
    message Inner {
      oneof choice {
        option (buf.validate.oneof).required = true;
        string a = 1;
        string b = 2;
      }
    })");
  ASSERT_TRUE(schema.ok()) << schema.status();
  const JsonSchemas schemas(**schema);
  const Json rules = OperationRulesOf(*(*schema)->routes()[0], schemas);
  EXPECT_EQ(Parse(rules.dump()), Parse(R"([
    {"id": "string.max_len", "message": "name: must be at most 9 characters"},
    {"id": "message.oneof", "message": "at most one of x, y can be set"},
    {"id": "required", "message": "inner: value is required"},
    {"id": "required", "message": "inner: one field of choice must be set"}])"))
      << rules;
}

// Types for the rules of each kind.
std::string TypeFor(const std::string& kind) {
  static const auto* const kTypes = new std::map<std::string, std::string>{
      {"enum", "Kind"},
      {"repeated", "repeated string"},
      {"map", "map<string, string>"},
      {"any", "google.protobuf.Any"},
      {"duration", "google.protobuf.Duration"},
      {"field_mask", "google.protobuf.FieldMask"},
      {"timestamp", "google.protobuf.Timestamp"},
  };
  const auto it = kTypes->find(kind);
  return it == kTypes->end() ? kind : it->second;
}

std::string ValueFor(const pb::FieldDescriptor* rule) {
  switch (rule->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return "true";
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return "\"[a-z]+\"";
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return rule->enum_type()->value(1)->name();
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return rule->message_type()->name() == "FieldMask" ? "{paths: \"a\"}"
                                                         : "{seconds: 5}";
    default:
      return "5";
  }
}

// No rule of validate.proto disappears, however many it will have.
TEST(JsonSchemaTest, EveryRuleIsExpressedOrNamed) {
  // Parts, or no rules: `strict` belongs to well_known_regex.
  const std::set<std::string> kNoRules = {"example", "strict", "items", "keys",
                                          "values"};
  const pb::OneofDescriptor* kinds =
      buf::validate::FieldRules::descriptor()->FindOneofByName("type");
  ASSERT_NE(kinds, nullptr);
  std::string fields;
  std::map<std::string, std::string>
      plain;  // names of fields, and the plain one
  for (int i = 0; i < kinds->field_count(); ++i) {
    const std::string& kind = kinds->field(i)->name();
    const pb::Descriptor* rules = kinds->field(i)->message_type();
    const std::string without = absl::StrCat(kind, "_without");
    int number = 1 + i * 100;
    absl::StrAppend(&fields, TypeFor(kind), " ", without, " = ", number, "; ");
    for (int j = 0; j < rules->field_count(); ++j) {
      const pb::FieldDescriptor* rule = rules->field(j);
      if (kNoRules.contains(rule->name())) continue;
      const std::string name = absl::StrCat(kind, "_", rule->name());
      absl::StrAppend(&fields, TypeFor(kind), " ", name, " = ", ++number,
                      " [(buf.validate.field).", kind, ".", rule->name(), " = ",
                      ValueFor(rule), "]; ");
      plain[name] = without;
    }
  }
  EXPECT_GT(plain.size(), 150u);
  const Documented documented("message Request { " + fields + "}");
  for (const auto& [name, without] : plain) {
    EXPECT_NE(documented.Field(name), documented.Field(without)) << name;
  }
}

}  // namespace
}  // namespace sse_bridge
