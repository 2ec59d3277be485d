#include "bridge/transcode/field_setter.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/field_features.h"
#include "bridge/transcode/bad_request.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;

namespace {

bool HasField(const Descriptor& descriptor, int number,
              FieldDescriptor::CppType type, bool repeated) {
  const FieldDescriptor* field = descriptor.FindFieldByNumber(number);
  return field != nullptr && field->cpp_type() == type &&
         field->is_repeated() == repeated;
}

bool HasFieldOfKind(const Descriptor& descriptor, int number,
                    Descriptor::WellKnownType type, bool repeated) {
  return HasField(descriptor, number, FieldDescriptor::CPPTYPE_MESSAGE,
                  repeated) &&
         descriptor.FindFieldByNumber(number)
                 ->message_type()
                 ->well_known_type() == type;
}

}  // namespace

void FieldSetter::SetBool(bool value) {
  field_->is_repeated() ? reflection_->AddBool(message_, field_, value)
                        : reflection_->SetBool(message_, field_, value);
  DropDefault();
}

void FieldSetter::SetString(std::string value) {
  field_->is_repeated()
      ? reflection_->AddString(message_, field_, std::move(value))
      : reflection_->SetString(message_, field_, std::move(value));
  DropDefault();
}

void FieldSetter::DropDefault() {
  if (!WasLoweredToProto2(field_->file()) || HasPresence(field_)) return;
  if (!IsSet(*message_, field_)) reflection_->ClearField(message_, field_);
}

Reason FieldSetter::SetEnum(int32_t number) {
  // A message of libprotobuf would put an unknown number among its unknown
  // fields, where validation does not see it and a list loses its order.
  if ((IsClosedEnum(field_->enum_type()) || CannotHoldUnknownNumbers(field_)) &&
      field_->enum_type()->FindValueByNumber(number) == nullptr) {
    return absl::StrCat("no value ", number, " in enum ",
                        field_->enum_type()->full_name());
  }
  field_->is_repeated() ? reflection_->AddEnumValue(message_, field_, number)
                        : reflection_->SetEnumValue(message_, field_, number);
  DropDefault();
  return "";
}

Reason FieldSetter::SetEnumByName(absl::string_view name) {
  const EnumValueDescriptor* value =
      field_->enum_type()->FindValueByName(std::string(name));
  if (value == nullptr) {
    return absl::StrCat("no value ", QuoteForMessage(name), " in enum ",
                        field_->enum_type()->full_name());
  }
  return SetEnum(value->number());
}

Message* FieldSetter::SubMessage() {
  return field_->is_repeated() ? reflection_->AddMessage(message_, field_)
                               : reflection_->MutableMessage(message_, field_);
}

Reason FieldSetter::SetFromText(absl::string_view text) {
  Reason reason = Parse(text);
  if (reason.empty()) DropDefault();
  return reason;
}

Reason FieldSetter::Parse(absl::string_view text) {
  const bool repeated = field_->is_repeated();
  switch (field_->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t value;
      if (Reason r = ParseInteger(text, &value); !r.empty()) return r;
      repeated ? reflection_->AddInt32(message_, field_, value)
               : reflection_->SetInt32(message_, field_, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t value;
      if (Reason r = ParseInteger(text, &value); !r.empty()) return r;
      repeated ? reflection_->AddInt64(message_, field_, value)
               : reflection_->SetInt64(message_, field_, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      uint32_t value;
      if (Reason r = ParseInteger(text, &value); !r.empty()) return r;
      repeated ? reflection_->AddUInt32(message_, field_, value)
               : reflection_->SetUInt32(message_, field_, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t value;
      if (Reason r = ParseInteger(text, &value); !r.empty()) return r;
      repeated ? reflection_->AddUInt64(message_, field_, value)
               : reflection_->SetUInt64(message_, field_, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      float value;
      if (Reason r = ParseFloating(text, &value); !r.empty()) return r;
      repeated ? reflection_->AddFloat(message_, field_, value)
               : reflection_->SetFloat(message_, field_, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double value;
      if (Reason r = ParseFloating(text, &value); !r.empty()) return r;
      repeated ? reflection_->AddDouble(message_, field_, value)
               : reflection_->SetDouble(message_, field_, value);
      return "";
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return "expected true or false";
      SetBool(text == "true");
      return "";
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value;
      if (field_->type() == FieldDescriptor::TYPE_BYTES) {
        if (Reason r = ParseBase64(text, &value); !r.empty()) return r;
      } else if (!IsValidUtf8(text)) {
        return "not valid UTF-8";
      } else {
        value = std::string(text);
      }
      SetString(std::move(value));
      return "";
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const bool number =
          !text.empty() && (text[0] == '-' || absl::ascii_isdigit(text[0]));
      if (!number) return SetEnumByName(text);
      int32_t value;
      if (Reason r = ParseInteger(text, &value); !r.empty()) return r;
      return SetEnum(value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "a message has no plain text";
}

bool IsGenuineWellKnownType(const Descriptor& d) {
  using Type = FieldDescriptor;
  switch (d.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return HasField(d, 1, Type::CPPTYPE_INT64, false) &&
             HasField(d, 2, Type::CPPTYPE_INT32, false);
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return HasField(d, 1, Type::CPPTYPE_STRING, true);
    case Descriptor::WELLKNOWNTYPE_ANY:
      return HasField(d, 1, Type::CPPTYPE_STRING, false) &&
             HasField(d, 2, Type::CPPTYPE_STRING, false);
    case Descriptor::WELLKNOWNTYPE_STRUCT: {
      const FieldDescriptor* fields = d.FindFieldByNumber(1);
      return fields != nullptr && fields->is_map() &&
             HasField(*fields->message_type(), 1, Type::CPPTYPE_STRING,
                      false) &&
             HasFieldOfKind(*fields->message_type(), 2,
                            Descriptor::WELLKNOWNTYPE_VALUE, false);
    }
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return HasFieldOfKind(d, 1, Descriptor::WELLKNOWNTYPE_VALUE, true);
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return HasField(d, 1, Type::CPPTYPE_ENUM, false) &&
             HasField(d, 2, Type::CPPTYPE_DOUBLE, false) &&
             HasField(d, 3, Type::CPPTYPE_STRING, false) &&
             HasField(d, 4, Type::CPPTYPE_BOOL, false) &&
             HasFieldOfKind(d, 5, Descriptor::WELLKNOWNTYPE_STRUCT, false) &&
             HasFieldOfKind(d, 6, Descriptor::WELLKNOWNTYPE_LISTVALUE, false);
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return false;
    default: {  // the wrappers
      const FieldDescriptor* value = d.FindFieldByNumber(1);
      return value != nullptr && !value->is_repeated() &&
             value->cpp_type() != Type::CPPTYPE_MESSAGE;
    }
  }
}

bool HasTextForm(const Descriptor& descriptor) {
  switch (descriptor.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
    case Descriptor::WELLKNOWNTYPE_ANY:
    case Descriptor::WELLKNOWNTYPE_STRUCT:
    case Descriptor::WELLKNOWNTYPE_VALUE:
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return false;
    default:
      return IsGenuineWellKnownType(descriptor);
  }
}

Reason SetKnownFromText(Message* message, absl::string_view text,
                        bool allow_snake_field_mask) {
  const Descriptor& descriptor = *message->GetDescriptor();
  const auto* reflection = message->GetReflection();
  const FieldDescriptor* first = descriptor.FindFieldByNumber(1);
  switch (descriptor.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION: {
      int64_t seconds;
      int32_t nanos;
      const bool timestamp =
          descriptor.well_known_type() == Descriptor::WELLKNOWNTYPE_TIMESTAMP;
      Reason r = timestamp ? ParseTimestamp(text, &seconds, &nanos)
                           : ParseDuration(text, &seconds, &nanos);
      if (!r.empty()) return r;
      reflection->SetInt64(message, first, seconds);
      reflection->SetInt32(message, descriptor.FindFieldByNumber(2), nanos);
      return "";
    }
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: {
      std::vector<std::string> paths;
      Reason r = ParseFieldMask(text, allow_snake_field_mask, &paths);
      if (!r.empty()) return r;
      for (std::string& path : paths) {
        reflection->AddString(message, first, std::move(path));
      }
      return "";
    }
    default:
      return FieldSetter(message, first).SetFromText(text);
  }
}

}  // namespace sse_bridge
