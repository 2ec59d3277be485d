// The conformance cases of google/cel-spec, as recorded by cel/record.mjs, for
// the sections that cel/record.mjs names.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bridge/cel/message_values.h"
#include "bridge/cel/program.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/gzip_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"

namespace sse_bridge::cel {
namespace {

namespace pb = ::google::protobuf;

// The cases as messages that are read by the names of their fields.
class Node {
 public:
  explicit Node(const pb::Message& message) : message_(message) {}

  bool Has(const std::string& name) const {
    return reflection().HasField(message_, Field(name));
  }
  Node Get(const std::string& name) const {
    return Node(reflection().GetMessage(message_, Field(name)));
  }
  std::vector<Node> All(const std::string& name) const {
    std::vector<Node> all;
    for (int i = 0; i < reflection().FieldSize(message_, Field(name)); ++i) {
      all.emplace_back(
          reflection().GetRepeatedMessage(message_, Field(name), i));
    }
    return all;
  }
  std::string Text(const std::string& name) const {
    return reflection().GetString(message_, Field(name));
  }
  bool Flag(const std::string& name) const {
    return reflection().GetBool(message_, Field(name));
  }
  int Enum(const std::string& name) const {
    return reflection().GetEnumValue(message_, Field(name));
  }
  // The field of the message's only oneof that is set, or "".
  std::string Case() const {
    const pb::FieldDescriptor* field = reflection().GetOneofFieldDescriptor(
        message_, message_.GetDescriptor()->oneof_decl(0));
    return field == nullptr ? "" : field->name();
  }
  const pb::Message& message() const { return message_; }
  const pb::FieldDescriptor* Field(const std::string& name) const {
    const pb::FieldDescriptor* field =
        message_.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) {
      ADD_FAILURE() << "no field " << name << " in "
                    << message_.GetDescriptor()->full_name();
      std::abort();
    }
    return field;
  }

 private:
  const pb::Reflection& reflection() const { return *message_.GetReflection(); }

  const pb::Message& message_;
};

bool ParseGzip(const std::string& path, pb::Message* message) {
  std::ifstream file(path, std::ios::binary);
  pb::io::IstreamInputStream raw(&file);
  pb::io::GzipInputStream unzipped(&raw);
  return message->ParseFromZeroCopyStream(&unzipped);
}

class Suite {
 public:
  Suite() : factory_(&pool_) {
    factory_.SetDelegateToGeneratedFactory(false);
    pb::FileDescriptorSet files;
    EXPECT_TRUE(ParseGzip(SSE_BRIDGE_CEL_TYPES, &files));
    for (const pb::FileDescriptorProto& file : files.file()) {
      EXPECT_NE(pool_.BuildFile(file), nullptr) << file.name();
    }
    cases_.reset(factory_
                     .GetPrototype(pool_.FindMessageTypeByName(
                         "cel.expr.conformance.test.SimpleTestFile"))
                     ->New());
    EXPECT_TRUE(ParseGzip(SSE_BRIDGE_CEL_CASES, cases_.get()));
  }

  Node cases() const { return Node(*cases_); }
  Types types() { return {&pool_, &factory_}; }

  // The value that a cel.expr.Value stands for.
  Value ToValue(const Node& node) {
    const std::string kind = node.Case();
    Budget budget(1'000'000);
    if (kind == "null_value") return Value();
    if (kind == "list_value") {
      std::vector<Value> elements;
      for (const Node& element : node.Get(kind).All("values")) {
        elements.push_back(ToValue(element));
      }
      return Value::OfList(std::move(elements));
    }
    if (kind == "map_value") {
      auto map = std::make_shared<Map>();
      for (const Node& entry : node.Get(kind).All("entries")) {
        EXPECT_TRUE(
            map->Add(ToValue(entry.Get("key")), ToValue(entry.Get("value")))
                .ok());
      }
      return Value::OfMap(std::move(map));
    }
    if (kind == "type_value") {
      names_.push_back(std::make_unique<std::string>(node.Text(kind)));
      return Value::Type(*names_.back());
    }
    if (kind == "enum_value") {
      return *FieldValue(node.Get(kind).message(),
                         node.Get(kind).Field("value"), nullptr, types_,
                         &budget);
    }
    absl::StatusOr<Value> value =
        FieldValue(node.message(), node.Field(kind), nullptr, types_, &budget);
    if (!value.ok()) {
      ADD_FAILURE() << kind << ": " << value.status();
      return Value();
    }
    return *std::move(value);
  }

  // The type that a cel.expr.Type stands for.
  Type ToType(const Node& node) {
    using Kind = Type::Kind;
    static constexpr Kind kPrimitives[] = {
        Kind::kDyn,    Kind::kBool,   Kind::kInt,  Kind::kUint,
        Kind::kDouble, Kind::kString, Kind::kBytes};
    static constexpr Kind kWellKnown[] = {Kind::kDyn, Kind::kDyn,
                                          Kind::kTimestamp, Kind::kDuration};
    const std::string kind = node.Case();
    if (kind == "null") return Kind::kNull;
    if (kind == "primitive") return kPrimitives[node.Enum(kind)];
    if (kind == "wrapper") return Type::WrapperOf(kPrimitives[node.Enum(kind)]);
    if (kind == "well_known") return kWellKnown[node.Enum(kind)];
    if (kind == "list_type") {
      return Type::ListOf(ToType(node.Get(kind).Get("elem_type")));
    }
    if (kind == "map_type") {
      return Type::MapOf(ToType(node.Get(kind).Get("key_type")),
                         ToType(node.Get(kind).Get("value_type")));
    }
    if (kind == "message_type") {
      return Type::OfMessage(pool_.FindMessageTypeByName(node.Text(kind)));
    }
    if (kind == "type") return Kind::kType;
    return Kind::kDyn;
  }

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const Types types_ = {&pool_, &factory_};
  std::unique_ptr<pb::Message> cases_;
  std::vector<std::unique_ptr<std::string>> names_;  // of types
};

// Values are the same if their texts are, but for -0 and 0.
std::string ValueText(const Value& value) {
  Budget budget(1'000'000);
  const auto text = [&] {
    switch (value.kind()) {
      case Value::Kind::kNull:
        return std::string();
      case Value::Kind::kBool:
        return std::string(value.bool_value() ? "true" : "false");
      case Value::Kind::kInt:
        return absl::StrCat(value.int_value());
      case Value::Kind::kUint:
        return absl::StrCat(value.uint_value());
      case Value::Kind::kDouble:
        return absl::StrFormat(
            "%.17g", value.double_value() == 0 ? 0.0 : value.double_value());
      case Value::Kind::kString:
        return absl::CHexEscape(value.string());
      case Value::Kind::kBytes:
        return absl::CHexEscape(value.bytes());
      case Value::Kind::kTimestamp:
        return absl::FormatTime(value.timestamp(), absl::UTCTimeZone());
      case Value::Kind::kDuration:
        return absl::FormatDuration(value.duration());
      case Value::Kind::kType:
        return std::string(value.type());
      case Value::Kind::kList: {
        std::vector<std::string> elements;
        for (size_t i = 0; i < value.list().size(); ++i) {
          elements.push_back(ValueText(*value.list().Get(i, &budget)));
        }
        return absl::StrJoin(elements, ", ");
      }
      case Value::Kind::kMap: {
        std::vector<std::string> entries;
        for (const auto& [key, element] : value.map().entries()) {
          entries.push_back(
              absl::StrCat(ValueText(key), ": ", ValueText(element)));
        }
        std::sort(entries.begin(), entries.end());
        return absl::StrJoin(entries, ", ");
      }
      case Value::Kind::kMessage:
        return value.message().ShortDebugString();
      case Value::Kind::kDyn:
      case Value::Kind::kWrapper:
        break;  // only of types
    }
    return std::string();
  }();
  return absl::StrCat(value.TypeName(), "(", text, ")");
}

std::string Outcome(const absl::StatusOr<Value>& result) {
  return result.ok() ? ValueText(*result) : "error";
}

// What the expression gives, and what it should give.
std::pair<std::string, std::string> RunCase(const Node& test, Suite* suite) {
  Declarations declarations;
  declarations.types = suite->types();
  declarations.container = test.Text("container");
  declarations.check_types = !test.Flag("disable_check");
  std::map<std::string, Value> bindings;
  for (const Node& binding : test.All("bindings")) {
    bindings.emplace(binding.Text("key"),
                     suite->ToValue(binding.Get("value").Get("value")));
  }
  std::vector<Value> activation;
  std::map<std::string, Type> declared;
  for (const Node& declaration : test.All("type_env")) {
    if (!declaration.Has("ident")) continue;
    declared.emplace(declaration.Text("name"),
                     suite->ToType(declaration.Get("ident").Get("type")));
  }
  for (const auto& [name, value] : bindings) {
    const auto type = declared.find(name);
    declarations.variables.push_back(
        {name, type == declared.end() ? Type::Kind::kDyn : type->second});
    activation.push_back(value);
    if (type != declared.end()) declared.erase(type);
  }
  // What is declared and has no value is unknown to the evaluation.
  if (declarations.check_types && !declared.empty()) {
    return {absl::StrCat(declared.begin()->first, " has no value"), "a value"};
  }

  std::string expected = "bool(true)";
  const std::string matcher = test.Case();
  if (matcher == "value")
    expected = ValueText(suite->ToValue(test.Get(matcher)));
  if (matcher == "typed_result") {
    expected = ValueText(suite->ToValue(test.Get(matcher).Get("result")));
  }
  if (absl::EndsWith(matcher, "unknown") || absl::StrContains(matcher, "any")) {
    expected = matcher;
  }
  if (matcher == "eval_error") expected = "error";

  absl::StatusOr<Program> program = Compile(test.Text("expr"), declarations);
  if (!program.ok()) {
    return {
        expected == "error" ? "error" : std::string(program.status().message()),
        expected};
  }
  Budget budget(1'000'000);
  const absl::StatusOr<Value> result = program->Run(activation, &budget);
  if (!result.ok() && expected != "error") {
    return {absl::StrCat("error: ", result.status().message()), expected};
  }
  return {Outcome(result), expected};
}

TEST(CelConformanceTest, EveryCaseOfEverySectionHasItsResult) {
  Suite suite;
  std::map<std::string, int> sections;
  for (const Node& section : suite.cases().All("section")) {
    const std::string path = section.Text("name");
    for (const Node& test : section.All("test")) {
      ++sections[path.substr(0, path.find('/'))];
      const auto [actual, expected] = RunCase(test, &suite);
      EXPECT_EQ(actual, expected)
          << path << "/" << test.Text("name") << ": " << test.Text("expr");
    }
  }
  const std::map<std::string, int> all = {
      {"basic", 43},    {"comparisons", 406}, {"conversions", 109},
      {"fields", 60},   {"fp_math", 30},      {"integer_math", 64},
      {"lists", 39},    {"logic", 30},        {"macros", 44},
      {"namespace", 3}, {"parse", 219},       {"plumbing", 5},
      {"string", 51},   {"string_ext", 209},  {"timestamps", 76},
  };
  EXPECT_EQ(sections, all);
}

}  // namespace
}  // namespace sse_bridge::cel
