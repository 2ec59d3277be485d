// The well-known types of json_reader.h.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/field_setter.h"
#include "bridge/transcode/json_reader.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace sse_bridge::json_reader {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using Kind = JsonValue::Kind;

namespace {

constexpr char kTypeMember[] = "@type";
constexpr char kValueMember[] = "value";

// Finds the member with this name, if any. *count is the number of members with
// the name.
std::optional<JsonValue> FindMember(const JsonValue& object,
                                    absl::string_view name, int* count) {
  std::optional<JsonValue> found;
  *count = 0;
  for (const auto [key, value] : object.members()) {
    if (key != name) continue;
    found = value;
    ++*count;
  }
  return found;
}

// Serialises deterministically, so that equal requests have equal bytes.
std::string Serialize(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream sink(&bytes);
    google::protobuf::io::CodedOutputStream coded(&sink);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// Reads the message inside the Any whose JSON is `object`.
absl::Status ReadPacked(const JsonValue& object, const JsonLocation& location,
                        Message* out) {
  const Descriptor& type = *out->GetDescriptor();
  const bool empty = type.full_name() == "google.protobuf.Empty";
  int count;
  const std::optional<JsonValue> value =
      FindMember(object, kValueMember, &count);
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_UNSPECIFIED &&
      !(empty && value.has_value())) {
    return ReadMembers(object, location, kTypeMember, out);
  }
  // A type with a special JSON form is in the member "value".
  for (const JsonMember member : object.members()) {
    if (member.name != kTypeMember && member.name != kValueMember) {
      return Error(
          {&location, member.name},
          absl::StrCat("no such field in an Any of ", type.full_name()));
    }
  }
  const JsonLocation at{&location, kValueMember};
  if (!value.has_value()) return Error(at, "missing in this Any");
  if (count > 1) return Error(at, "duplicate field");
  return ReadMessage(*value, at, out);
}

absl::Status ReadAny(const JsonValue& value, const JsonLocation& location,
                     Message* out) {
  if (value.kind() != Kind::kObject)
    return Error(location, "expected an object");
  if (value.members().empty()) return absl::OkStatus();
  const JsonLocation at{&location, kTypeMember};
  int count;
  const std::optional<JsonValue> url = FindMember(value, kTypeMember, &count);
  if (!url.has_value()) return Error(at, "missing in this Any");
  if (count > 1) return Error(at, "duplicate field");
  if (url->kind() != Kind::kString) return Error(at, "expected a string");
  const size_t slash = url->text().rfind('/');
  if (slash == absl::string_view::npos || slash == 0) {
    return Error(at,
                 "expected a type URL such as "
                 "\"type.googleapis.com/package.Message\"");
  }
  const Descriptor* type =
      out->GetDescriptor()->file()->pool()->FindMessageTypeByName(
          std::string(url->text().substr(slash + 1)));
  const Message* prototype =
      type == nullptr
          ? nullptr
          : out->GetReflection()->GetMessageFactory()->GetPrototype(type);
  if (prototype == nullptr) {
    return Error(at,
                 absl::StrCat("unknown type ", QuoteForMessage(url->text())));
  }
  const std::unique_ptr<Message> packed(prototype->New());
  if (absl::Status s = ReadPacked(value, location, packed.get()); !s.ok()) {
    return s;
  }
  if (!packed->IsInitialized()) {
    std::vector<std::string> missing;
    packed->FindInitializationErrors(&missing);
    return Error(location, absl::StrCat("missing required fields: ",
                                        absl::StrJoin(missing, ", ")));
  }
  const Descriptor* any = out->GetDescriptor();
  FieldSetter(out, any->FindFieldByNumber(1))
      .SetString(std::string(url->text()));
  FieldSetter(out, any->FindFieldByNumber(2)).SetString(Serialize(*packed));
  return absl::OkStatus();
}

absl::Status ReadValue(const JsonValue& value, const JsonLocation& location,
                       Message* out) {
  const auto field = [out](int number) {
    return out->GetDescriptor()->FindFieldByNumber(number);
  };
  switch (value.kind()) {
    case Kind::kNull: {
      Reason reason = FieldSetter(out, field(1)).SetEnum(0);
      return reason.empty() ? absl::OkStatus() : Error(location, reason);
    }
    case Kind::kNumber:
      return ReadSingle(value, location, field(2), out);
    case Kind::kString:
      return ReadSingle(value, location, field(3), out);
    case Kind::kBool:
      return ReadSingle(value, location, field(4), out);
    case Kind::kObject:
      return ReadSingle(value, location, field(5), out);
    case Kind::kArray:
      return ReadSingle(value, location, field(6), out);
  }
  return Error(location, "not a JSON value");
}

}  // namespace

absl::Status ReadKnown(const JsonValue& value, const JsonLocation& location,
                       Message* out) {
  const Descriptor& descriptor = *out->GetDescriptor();
  if (!IsGenuineWellKnownType(descriptor)) {
    return Error(
        location,
        absl::StrCat("the schema's ", descriptor.full_name(),
                     " does not match the well-known type of that name"));
  }
  const FieldDescriptor* first = descriptor.FindFieldByNumber(1);
  switch (descriptor.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_ANY:
      return ReadAny(value, location, out);
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return ReadValue(value, location, out);
    case Descriptor::WELLKNOWNTYPE_STRUCT:
      if (value.kind() != Kind::kObject) {
        return Error(location, "expected an object");
      }
      return ReadField(value, location, first, out);
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      if (value.kind() != Kind::kArray)
        return Error(location, "expected an array");
      return ReadField(value, location, first, out);
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION:
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: {
      if (value.kind() != Kind::kString)
        return Error(location, "expected a string");
      Reason reason = SetKnownFromText(out, value.text(),
                                       /*allow_snake_field_mask=*/false);
      return reason.empty() ? absl::OkStatus() : Error(location, reason);
    }
    default:  // the wrappers
      return ReadSingle(value, location, first, out);
  }
}

}  // namespace sse_bridge::json_reader
