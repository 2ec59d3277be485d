#include "bridge/cel/message_values.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/well_known_types.h"
#include "bridge/cel/type.h"

namespace sse_bridge::cel {

namespace {

namespace pb = ::google::protobuf;
using pb::Descriptor;
using pb::FieldDescriptor;

Value Text(const FieldDescriptor* field, const std::string& text,
           const std::string& scratch, const Owner& owner) {
  const bool bytes = field->type() == FieldDescriptor::TYPE_BYTES;
  if (&text == &scratch) {
    return bytes ? Value::OwnBytes(text) : Value::OwnString(text);
  }
  return bytes ? Value::Bytes(text, owner) : Value::String(text, owner);
}

// A user's message may be called as a well-known type and have other fields.
const FieldDescriptor* FieldOf(const Descriptor* type, const char* name,
                               FieldDescriptor::CppType cpp_type) {
  const FieldDescriptor* field = type->FindFieldByName(name);
  return field != nullptr && field->cpp_type() == cpp_type ? field : nullptr;
}

absl::Status BadKnownType(const pb::Message& message) {
  return absl::InvalidArgumentError(absl::StrCat(
      message.GetDescriptor()->full_name(), " has other fields than usual"));
}

// Seconds and nanos of a Timestamp or Duration.
absl::StatusOr<absl::Duration> SecondsAndNanos(const pb::Message& message) {
  const Descriptor* type = message.GetDescriptor();
  const auto* seconds =
      FieldOf(type, "seconds", FieldDescriptor::CPPTYPE_INT64);
  const auto* nanos = FieldOf(type, "nanos", FieldDescriptor::CPPTYPE_INT32);
  if (seconds == nullptr || nanos == nullptr || seconds->is_repeated() ||
      nanos->is_repeated()) {
    return BadKnownType(message);
  }
  const pb::Reflection* reflection = message.GetReflection();
  return absl::Seconds(reflection->GetInt64(message, seconds)) +
         absl::Nanoseconds(reflection->GetInt32(message, nanos));
}

// Unpacks an Any, and that in it, in a loop: the depth of such a message is
// bounded only by its size.
absl::StatusOr<Value> AnyValue(const pb::Message& any, const Types& types,
                               Budget* budget) {
  const pb::Message* message = &any;
  std::shared_ptr<pb::Message> owner;
  while (message->GetDescriptor()->well_known_type() ==
         Descriptor::WELLKNOWNTYPE_ANY) {
    const Descriptor* type = message->GetDescriptor();
    const auto* url =
        FieldOf(type, "type_url", FieldDescriptor::CPPTYPE_STRING);
    const auto* bytes = FieldOf(type, "value", FieldDescriptor::CPPTYPE_STRING);
    if (url == nullptr || bytes == nullptr || url->is_repeated() ||
        bytes->is_repeated()) {
      return BadKnownType(*message);
    }
    const pb::Reflection* reflection = message->GetReflection();
    const std::string name = reflection->GetString(*message, url);
    if (name.empty()) return Value();
    const Descriptor* content =
        types.pool->FindMessageTypeByName(name.substr(name.rfind('/') + 1));
    if (content == nullptr) {
      return absl::InvalidArgumentError("an Any whose type is unknown");
    }
    std::string scratch;
    const std::string& data =
        reflection->GetStringReference(*message, bytes, &scratch);
    if (absl::Status s = budget->Spend(data.size() + 1); !s.ok()) return s;
    std::shared_ptr<pb::Message> parsed(
        types.factory->GetPrototype(content)->New());
    if (!parsed->ParsePartialFromString(data)) {
      return absl::InvalidArgumentError(
          "an Any whose bytes are not of its type");
    }
    owner = std::move(parsed);
    message = owner.get();
  }
  return MessageValue(*message, std::move(owner), types, budget);
}

absl::StatusOr<Value> MapFieldValue(const pb::Message& message,
                                    const FieldDescriptor* field,
                                    const Owner& owner, const Types& types,
                                    Budget* budget) {
  const pb::Reflection* reflection = message.GetReflection();
  const FieldDescriptor* key = field->message_type()->map_key();
  const FieldDescriptor* value = field->message_type()->map_value();
  auto map = std::make_shared<Map>();
  const int size = reflection->FieldSize(message, field);
  if (absl::Status s = budget->Spend(size); !s.ok()) return s;
  for (int i = 0; i < size; ++i) {
    const pb::Message& entry =
        reflection->GetRepeatedMessage(message, field, i);
    absl::StatusOr<Value> k = FieldValue(entry, key, owner, types, budget);
    if (!k.ok()) return k;
    absl::StatusOr<Value> v = FieldValue(entry, value, owner, types, budget);
    if (!v.ok()) return v;
    if (absl::Status s = map->Add(*std::move(k), *std::move(v)); !s.ok()) {
      return s;
    }
  }
  return Value::OfMap(std::move(map));
}

// google.protobuf.Value: whichever field of the oneof is set.
absl::StatusOr<Value> JsonValue(const pb::Message& message, const Owner& owner,
                                const Types& types, Budget* budget) {
  const pb::Reflection* reflection = message.GetReflection();
  const Descriptor* type = message.GetDescriptor();
  if (type->oneof_decl_count() != 1) return BadKnownType(message);
  const FieldDescriptor* set =
      reflection->GetOneofFieldDescriptor(message, type->oneof_decl(0));
  if (set == nullptr || set->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return Value();
  }
  return FieldValue(message, set, owner, types, budget);
}

}  // namespace

absl::StatusOr<Value> MessageValue(const pb::Message& message, Owner owner,
                                   const Types& types, Budget* budget) {
  const Descriptor* type = message.GetDescriptor();
  if (IsWrapper(type)) {
    const FieldDescriptor* value = type->FindFieldByName("value");
    if (value == nullptr) return BadKnownType(message);
    return FieldValue(message, value, owner, types, budget);
  }
  switch (type->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP: {
      const absl::StatusOr<absl::Duration> time = SecondsAndNanos(message);
      if (!time.ok()) return time.status();
      return Value::Timestamp(absl::UnixEpoch() + *time);
    }
    case Descriptor::WELLKNOWNTYPE_DURATION: {
      const absl::StatusOr<absl::Duration> time = SecondsAndNanos(message);
      if (!time.ok()) return time.status();
      return Value::Duration(*time);
    }
    case Descriptor::WELLKNOWNTYPE_ANY:
      return AnyValue(message, types, budget);
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return JsonValue(message, owner, types, budget);
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
    case Descriptor::WELLKNOWNTYPE_STRUCT: {
      if (type->field_count() != 1) return BadKnownType(message);
      return FieldValue(message, type->field(0), owner, types, budget);
    }
    default:
      return Value::OfMessage(&message, std::move(owner));
  }
}

absl::StatusOr<Value> FieldValue(const pb::Message& message,
                                 const FieldDescriptor* field,
                                 const Owner& owner, const Types& types,
                                 Budget* budget) {
  if (field->is_map()) {
    return MapFieldValue(message, field, owner, types, budget);
  }
  if (field->is_repeated()) {
    return Value::OfList(
        std::make_shared<const List>(&message, field, owner, &types));
  }
  const pb::Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Value::Int(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return Value::Int(reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return Value::Int(reflection->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Value::Uint(reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Value::Uint(reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Value::Double(reflection->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Value::Double(reflection->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Value::Bool(reflection->GetBool(message, field));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return Text(field,
                  reflection->GetStringReference(message, field, &scratch),
                  scratch, owner);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  if (!reflection->HasField(message, field)) {
    const Type::Kind kind = Type::OfMessage(field->message_type()).kind();
    if (kind == Type::Kind::kWrapper || kind == Type::Kind::kDyn) {
      return Value();
    }
  }
  return MessageValue(reflection->GetMessage(message, field, types.factory),
                      owner, types, budget);
}

absl::StatusOr<Value> ElementValue(const pb::Message& message,
                                   const FieldDescriptor* field, int index,
                                   const Owner& owner, const Types& types,
                                   Budget* budget) {
  const pb::Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Value::Int(reflection->GetRepeatedInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return Value::Int(reflection->GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return Value::Int(
          reflection->GetRepeatedEnumValue(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Value::Uint(reflection->GetRepeatedUInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Value::Uint(reflection->GetRepeatedUInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Value::Double(reflection->GetRepeatedFloat(message, field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Value::Double(
          reflection->GetRepeatedDouble(message, field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Value::Bool(reflection->GetRepeatedBool(message, field, index));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return Text(field,
                  reflection->GetRepeatedStringReference(message, field, index,
                                                         &scratch),
                  scratch, owner);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageValue(reflection->GetRepeatedMessage(message, field, index),
                          owner, types, budget);
  }
  return absl::InternalError("a field of no type");
}

bool HasField(const pb::Message& message, const FieldDescriptor* field) {
  const pb::Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

}  // namespace sse_bridge::cel
