// An expression, a zero byte, and the bytes of the message that it is evaluated
// on: both fail with an error that can be read, or the result is of the type
// that the check found, twice the same, within the budget.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/message_values.h"
#include "bridge/cel/program.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/wrappers.pb.h"

namespace {

namespace pb = ::google::protobuf;
using namespace sse_bridge::cel;

void Require(bool holds) {
  if (!holds) std::abort();
}

// A message with fields, lists and maps of every type: `s_int32`, `r_int32`,
// `m_int32`, and those of the well-known types.
class TestTypes {
 public:
  TestTypes() : pool_(pb::DescriptorPool::generated_pool()), factory_(&pool_) {
    pb::FileDescriptorProto file;
    file.set_name("fuzz.proto");
    file.set_package("fuzz");
    file.set_syntax("proto3");
    pb::EnumDescriptorProto* enumeration = file.add_enum_type();
    enumeration->set_name("E");
    for (int i = 0; i < 3; ++i) {
      pb::EnumValueDescriptorProto* value = enumeration->add_value();
      value->set_name("E" + std::to_string(i));
      value->set_number(i);
    }
    pb::DescriptorProto* all = file.add_message_type();
    all->set_name("All");
    using Field = pb::FieldDescriptor;
    for (int type = 1; type <= Field::MAX_TYPE; ++type) {
      if (type == Field::TYPE_GROUP) continue;
      const std::string name = Field::TypeName(static_cast<Field::Type>(type));
      const std::string type_name = type == Field::TYPE_MESSAGE ? ".fuzz.All"
                                    : type == Field::TYPE_ENUM  ? ".fuzz.E"
                                                                : "";
      Add(all, "s_" + name, type, false, type_name);
      Add(all, "r_" + name, type, true, type_name);
      pb::DescriptorProto* entry = all->add_nested_type();
      // As protobuf names it after its field.
      std::string camel = "M" + name + "Entry";
      camel[1] = absl::ascii_toupper(camel[1]);
      entry->set_name(camel);
      entry->mutable_options()->set_map_entry(true);
      Add(entry, "key", Field::TYPE_STRING, false, "");
      Add(entry, "value", type, false, type_name);
      entry->mutable_field(0)->set_number(1);
      entry->mutable_field(1)->set_number(2);
      Add(all, "m_" + name, Field::TYPE_MESSAGE, true,
          ".fuzz.All." + entry->name());
    }
    for (const pb::Descriptor* known :
         {pb::Any::descriptor(), pb::Timestamp::descriptor(),
          pb::Duration::descriptor(), pb::Struct::descriptor(),
          pb::Value::descriptor(), pb::ListValue::descriptor(),
          pb::Int64Value::descriptor(), pb::StringValue::descriptor(),
          pb::DoubleValue::descriptor(), pb::FileDescriptorSet::descriptor()}) {
      if (!absl::c_linear_search(file.dependency(), known->file()->name())) {
        file.add_dependency(known->file()->name());
      }
      Add(all, known->name(), Field::TYPE_MESSAGE, false,
          "." + known->full_name());
    }
    Require(pool_.BuildFile(file) != nullptr);
    type_ = pool_.FindMessageTypeByName("fuzz.All");
  }

  Types types() { return {&pool_, &factory_}; }
  const pb::Descriptor* type() const { return type_; }
  pb::Message* New() { return factory_.GetPrototype(type_)->New(); }

 private:
  void Add(pb::DescriptorProto* message, const std::string& name, int type,
           bool repeated, const std::string& type_name) {
    pb::FieldDescriptorProto* field = message->add_field();
    field->set_name(name);
    field->set_number(++number_);
    field->set_type(static_cast<pb::FieldDescriptorProto::Type>(type));
    field->set_label(repeated ? pb::FieldDescriptorProto::LABEL_REPEATED
                              : pb::FieldDescriptorProto::LABEL_OPTIONAL);
    if (!type_name.empty()) field->set_type_name(type_name);
  }

  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const pb::Descriptor* type_ = nullptr;
  int number_ = 0;
};

// Whether a checked expression of the type may have the value.
bool Fits(const Type& type, const Value& value) {
  if (type.Is(Type::Kind::kDyn)) return true;
  if (type.Is(Type::Kind::kWrapper)) {
    return value.Is(Value::Kind::kNull) || Fits(type.element(), value);
  }
  switch (type.kind()) {
    case Type::Kind::kBool:
      return value.Is(Value::Kind::kBool);
    case Type::Kind::kInt:
      return value.Is(Value::Kind::kInt);
    case Type::Kind::kUint:
      return value.Is(Value::Kind::kUint);
    case Type::Kind::kDouble:
      return value.Is(Value::Kind::kDouble);
    case Type::Kind::kString:
      return value.Is(Value::Kind::kString);
    case Type::Kind::kBytes:
      return value.Is(Value::Kind::kBytes);
    case Type::Kind::kType:
      return value.Is(Value::Kind::kType);
    default:
      return true;  // may be null
  }
}

void RequireReadable(const absl::Status& status) {
  Require(!status.message().empty());
  Require(sse_bridge::IsUtf8(status.message()));
  Require(status.code() != absl::StatusCode::kInternal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const test = new TestTypes;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  const absl::string_view text = input.substr(0, end);
  const std::unique_ptr<pb::Message> message(test->New());
  if (end != absl::string_view::npos) {
    (void)message->ParsePartialFromString(std::string(input.substr(end + 1)));
  }
  Declarations declarations;
  declarations.types = test->types();
  declarations.container = "fuzz";
  declarations.variables = {{"this", Type::OfMessage(test->type())},
                            {"now", Type::Kind::kTimestamp},
                            {"x", Type::Kind::kDyn}};
  // Evaluation must also stand what the check would have refused.
  for (const bool check : {true, false}) {
    declarations.check_types = check;
    const absl::StatusOr<Program> program = Compile(text, declarations);
    if (!program.ok()) {
      RequireReadable(program.status());
      continue;
    }
    const Value values[] = {Value::OfMessage(message.get()),
                            Value::Timestamp(absl::UnixEpoch()), Value::Int(1)};
    Budget budget(100'000);
    Budget again(100'000);
    const absl::StatusOr<Value> result = program->Run(values, &budget);
    const absl::StatusOr<Value> second = program->Run(values, &again);
    Require(result.status() == second.status());
    Require(budget.left() == again.left());
    if (!result.ok()) {
      RequireReadable(result.status());
      continue;
    }
    Require(result->kind() == second->kind());
    if (check) Require(Fits(program->type(), *result));
  }
  return 0;
}
