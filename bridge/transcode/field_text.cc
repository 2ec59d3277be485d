#include "bridge/transcode/field_text.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path_walk.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/field_setter.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

namespace {

absl::Status PathError(absl::string_view path, absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat(NameForMessage(path), ": ", reason));
}

// Returns the message that contains the last field, or null if a message along
// the path is absent.
const Message* Parent(const Message& message, const FieldChain& chain) {
  const Message* at = &message;
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    const Reflection* reflection = at->GetReflection();
    if (!reflection->HasField(*at, chain[i])) return nullptr;
    at = &reflection->GetMessage(*at, chain[i]);
  }
  return at;
}

template <typename Float>
std::string FloatText(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

std::string ScalarText(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return FloatText(reflection->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FloatText(reflection->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value = reflection->GetString(message, field);
      return field->type() == FieldDescriptor::TYPE_BYTES
                 ? absl::Base64Escape(value)
                 : value;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection->GetEnumValue(message, field);
      const auto* value = field->enum_type()->FindValueByNumber(number);
      return value != nullptr ? value->name() : absl::StrCat(number);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

}  // namespace

Reason ResolveFieldChain(const Descriptor& descriptor,
                         absl::string_view field_path, FieldChain* chain) {
  FieldPathWalk walk = WalkFieldPath(
      &descriptor, field_path, FieldNames::kProtoAndJson, kMaxFieldPathDepth);
  *chain = std::move(walk.fields);
  switch (walk.fault) {
    case FieldPathFault::kNone:
      return "";
    case FieldPathFault::kNoField:
      return absl::StrCat("no such field in ", walk.message->full_name());
    case FieldPathFault::kTooDeep:
      return absl::StrCat("a path of more than ", kMaxFieldPathDepth,
                          " fields");
    case FieldPathFault::kNotASingleMessage:
      break;
  }
  const FieldDescriptor* last = chain->back();
  if (last->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return absl::StrCat(FieldPathText(*chain), " is not a message");
  }
  return absl::StrCat(FieldPathText(*chain), " is ",
                      last->is_map() ? "a map" : "repeated");
}

Reason CheckHasText(const FieldChain& chain) {
  const FieldDescriptor* field = chain.back();
  if (field->is_map()) return "a map needs a key: name[key]=value";
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
      !HasTextForm(*field->message_type())) {
    return absl::StrCat("a whole message (", field->message_type()->full_name(),
                        ") cannot be given as text");
  }
  return "";
}

Reason SetChain(Message* message, const FieldChain& chain,
                absl::string_view text) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    message = FieldSetter(message, chain[i]).SubMessage();
  }
  return SetFromParamText(message, chain.back(), text);
}

Reason SetFromParamText(Message* message, const FieldDescriptor* field,
                        absl::string_view text) {
  FieldSetter setter(message, field);
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return setter.SetFromText(text);
  }
  Message* known = setter.SubMessage();
  known->Clear();
  return SetKnownFromText(known, text, /*allow_snake_field_mask=*/true);
}

bool IsChainSet(const Message& message, const FieldChain& chain) {
  const Message* parent = Parent(message, chain);
  if (parent == nullptr) return false;
  const FieldDescriptor* field = chain.back();
  return field->is_repeated()
             ? parent->GetReflection()->FieldSize(*parent, field) > 0
             : parent->GetReflection()->HasField(*parent, field);
}

absl::Status SetFieldFromText(Message* message, absl::string_view field_path,
                              absl::string_view text) {
  FieldChain chain;
  Reason reason =
      ResolveFieldChain(*message->GetDescriptor(), field_path, &chain);
  if (reason.empty()) reason = CheckHasText(chain);
  if (reason.empty() && chain.back()->is_repeated()) {
    reason = "a repeated field cannot be set from one text";
  }
  if (reason.empty()) reason = SetChain(message, chain, text);
  return reason.empty() ? absl::OkStatus() : PathError(field_path, reason);
}

bool IsFieldSet(const Message& message, absl::string_view field_path) {
  FieldChain chain;
  return ResolveFieldChain(*message.GetDescriptor(), field_path, &chain)
             .empty() &&
         IsChainSet(message, chain);
}

absl::StatusOr<std::string> GetFieldAsText(const Message& message,
                                           absl::string_view field_path) {
  FieldChain chain;
  const Reason reason =
      ResolveFieldChain(*message.GetDescriptor(), field_path, &chain);
  if (!reason.empty()) return PathError(field_path, reason);
  const FieldDescriptor* field = chain.back();
  if (field->is_repeated() ||
      field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return PathError(field_path, "not a singular scalar field");
  }
  return ChainText(message, chain);
}

std::string ChainText(const Message& message, const FieldChain& chain) {
  const Message* at = &message;
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    // An absent message reads as its default.
    at = &at->GetReflection()->GetMessage(*at, chain[i]);
  }
  return ScalarText(*at, chain.back());
}

}  // namespace sse_bridge
