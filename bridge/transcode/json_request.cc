#include "bridge/transcode/json_request.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path_walk.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/field_setter.h"
#include "bridge/transcode/field_text.h"
#include "bridge/transcode/json_reader.h"
#include "bridge/transcode/map_param.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::OneofDescriptor;
using Kind = JsonValue::Kind;

std::string JsonLocation::ToString() const {
  if (up == nullptr) return std::string(name);
  std::string out = up->ToString();
  if (is_key) {
    absl::StrAppend(&out, "[", QuoteForMessage(name), "]");
  } else if (index >= 0) {
    absl::StrAppend(&out, "[", index, "]");
  } else {
    absl::StrAppend(&out, out.empty() ? "" : ".",
                    name.empty() ? "\"\"" : NameForMessage(name));
  }
  return out;
}

namespace json_reader {

namespace {

bool IsNullValue(const FieldDescriptor* field) {
  return field->type() == FieldDescriptor::TYPE_ENUM &&
         field->enum_type()->full_name() == "google.protobuf.NullValue";
}

// Returns whether null is a value of the field's type rather than its absence.
bool TakesNull(const FieldDescriptor* field) {
  return IsNullValue(field) ||
         (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
          field->message_type()->well_known_type() ==
              Descriptor::WELLKNOWNTYPE_VALUE);
}

// Returns the field for a member's name.
const FieldDescriptor* FindMember(const Descriptor& descriptor,
                                  absl::string_view name) {
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    return descriptor.file()->pool()->FindExtensionByPrintableName(
        &descriptor, std::string(name.substr(1, name.size() - 2)));
  }
  return FindField(descriptor, std::string(name), FieldNames::kProtoAndJson);
}

absl::Status ReadMap(const JsonValue& value, const JsonLocation& location,
                     const FieldDescriptor* field, Message* out) {
  if (value.kind() != Kind::kObject)
    return Error(location, "expected an object");
  const FieldDescriptor* key = field->message_type()->map_key();
  const FieldDescriptor* mapped = field->message_type()->map_value();
  absl::flat_hash_set<std::string> seen;
  for (const JsonMember member : value.members()) {
    const JsonLocation at{&location, member.name, -1, /*is_key=*/true};
    Message* entry = out->GetReflection()->AddMessage(out, field);
    Reason reason = FieldSetter(entry, key).SetFromText(member.name);
    if (!reason.empty()) {
      return Error(at, absl::StrCat("invalid key: ", reason));
    }
    if (!seen.insert(CanonicalMapKey(key, member.name)).second) {
      return Error(at, "duplicate key");
    }
    absl::Status status = ReadSingle(member.value, at, mapped, entry);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadRepeated(const JsonValue& value, const JsonLocation& location,
                          const FieldDescriptor* field, Message* out) {
  if (value.kind() != Kind::kArray) return Error(location, "expected an array");
  JsonLocation at{&location, "", 0};
  for (const JsonValue item : value.items()) {
    absl::Status status = ReadSingle(item, at, field, out);
    if (!status.ok()) return status;
    ++at.index;
  }
  return absl::OkStatus();
}

const char* Expected(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "expected true or false";
    case FieldDescriptor::CPPTYPE_STRING:
      return field->type() == FieldDescriptor::TYPE_BYTES
                 ? "expected a string of base64"
                 : "expected a string";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "expected the name of an enum value, or its number";
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "expected a number";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "expected an object";
    default:
      return "expected an integer";
  }
}

Reason ReadScalar(const JsonValue& value, const FieldDescriptor* field,
                  Message* out) {
  FieldSetter setter(out, field);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.kind() != Kind::kBool) return Expected(field);
      setter.SetBool(value.boolean());
      return "";
    case FieldDescriptor::CPPTYPE_STRING:
      if (value.kind() != Kind::kString) return Expected(field);
      return setter.SetFromText(value.text());
    case FieldDescriptor::CPPTYPE_ENUM:
      if (value.is_null() && IsNullValue(field)) return setter.SetEnum(0);
      if (value.kind() == Kind::kString)
        return setter.SetEnumByName(value.text());
      if (value.kind() != Kind::kNumber) return Expected(field);
      return setter.SetFromText(value.text());
    default:
      if (value.kind() != Kind::kNumber && value.kind() != Kind::kString) {
        return Expected(field);
      }
      return setter.SetFromText(value.text());
  }
}

}  // namespace

absl::Status Error(const JsonLocation& location, absl::string_view reason) {
  const std::string field = location.ToString();
  return BadRequestError(field, field.empty()
                                    ? absl::StrCat("request body: ", reason)
                                    : std::string(reason));
}

absl::Status ReadSingle(const JsonValue& value, const JsonLocation& location,
                        const FieldDescriptor* field, Message* out) {
  if (value.is_null() && !TakesNull(field)) {
    return Error(location, "null is not allowed here");
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return ReadMessage(value, location, FieldSetter(out, field).SubMessage());
  }
  Reason reason = ReadScalar(value, field, out);
  return reason.empty() ? absl::OkStatus() : Error(location, reason);
}

absl::Status ReadField(const JsonValue& value, const JsonLocation& location,
                       const FieldDescriptor* field, Message* out) {
  if (value.is_null() && (field->is_repeated() || !TakesNull(field))) {
    return absl::OkStatus();
  }
  if (field->is_map()) return ReadMap(value, location, field, out);
  if (field->is_repeated()) return ReadRepeated(value, location, field, out);
  return ReadSingle(value, location, field, out);
}

absl::Status ReadMembers(const JsonValue& object, const JsonLocation& location,
                         absl::string_view skip, Message* out) {
  const Descriptor& descriptor = *out->GetDescriptor();
  absl::flat_hash_set<const FieldDescriptor*> seen;
  absl::flat_hash_map<const OneofDescriptor*, const FieldDescriptor*> oneofs;
  for (const auto [name, value] : object.members()) {
    if (!skip.empty() && name == skip) continue;
    const JsonLocation at{&location, name};
    const FieldDescriptor* field = FindMember(descriptor, name);
    if (field == nullptr) {
      return Error(at,
                   absl::StrCat("no such field in ", descriptor.full_name()));
    }
    if (!seen.insert(field).second) {
      return Error(at, "duplicate field");
    }
    const OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof != nullptr && (!value.is_null() || TakesNull(field))) {
      const auto [it, inserted] = oneofs.emplace(oneof, field);
      if (!inserted) {
        return Error(
            at, absl::StrCat("only one of ", oneof->name(), " can be set, and ",
                             it->second->name(), " is already set"));
      }
    }
    absl::Status status = ReadField(value, at, field, out);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadMessage(const JsonValue& value, const JsonLocation& location,
                         Message* out) {
  if (out->GetDescriptor()->well_known_type() !=
      Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
    return ReadKnown(value, location, out);
  }
  if (value.kind() != Kind::kObject)
    return Error(location, "expected an object");
  return ReadMembers(value, location, "", out);
}

}  // namespace json_reader

absl::Status JsonToMessage(const JsonValue& json, Message* out) {
  return json_reader::ReadMessage(json, JsonLocation(), out);
}

absl::Status JsonToMessage(absl::string_view json, Message* out) {
  const absl::StatusOr<JsonDocument> document = ParseJson(json);
  if (!document.ok()) return document.status();
  return JsonToMessage(document->root(), out);
}

absl::Status JsonToField(const JsonValue& json, const FieldDescriptor* field,
                         Message* out) {
  const JsonLocation root;
  return json_reader::ReadField(json, JsonLocation{&root, field->name()}, field,
                                out);
}

}  // namespace sse_bridge
