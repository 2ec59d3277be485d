#include "bridge/schema/field_features.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "bridge/schema/feature_set.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using pb::FieldDescriptor;

// A mark is a varint in the place of `features`, which is a message and which
// lowering removes.
constexpr uint64_t kMark = 1;

template <typename Options>
bool IsMarked(const Options& options, int features_number) {
  const pb::UnknownFieldSet& unknown = options.unknown_fields();
  for (int i = 0; i < unknown.field_count(); ++i) {
    const pb::UnknownField& field = unknown.field(i);
    if (field.number() == features_number &&
        field.type() == pb::UnknownField::TYPE_VARINT) {
      return true;
    }
  }
  return false;
}

template <typename Element>
void Mark(Element* element, int features_number) {
  if (element->has_options() && element->options().ByteSizeLong() == 0) return;
  element->mutable_options()->mutable_unknown_fields()->AddVarint(
      features_number, kMark);
}

bool IsProto2(const pb::FileDescriptor* file) {
  return file->syntax() == pb::FileDescriptor::SYNTAX_PROTO2;
}

bool IsDefault(const pb::Message& message, const FieldDescriptor* field) {
  const pb::Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->GetInt32(message, field) == 0;
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->GetInt64(message, field) == 0;
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetUInt32(message, field) == 0;
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->GetUInt64(message, field) == 0;
    // -0 is not the default value.
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const float value = reflection->GetFloat(message, field);
      return value == 0 && !std::signbit(value);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double value = reflection->GetDouble(message, field);
      return value == 0 && !std::signbit(value);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return !reflection->GetBool(message, field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->GetEnumValue(message, field) == 0;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return reflection->GetStringReference(message, field, &scratch).empty();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;
  }
  return false;
}

}  // namespace

bool HasPresence(const FieldDescriptor* field) {
  if (!field->has_presence()) return false;
  if (!IsProto2(field->file()) || field->is_extension() ||
      field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return true;
  }
  return !IsMarked(field->options(), feature_numbers::kFieldOptions);
}

bool IsSet(const pb::Message& message, const FieldDescriptor* field) {
  const pb::Reflection* reflection = message.GetReflection();
  if (field->is_repeated()) return reflection->FieldSize(message, field) > 0;
  return reflection->HasField(message, field) &&
         (HasPresence(field) || !IsDefault(message, field));
}

bool IsClosedEnum(const pb::EnumDescriptor* enumeration) {
  return IsProto2(enumeration->file()) &&
         !IsMarked(enumeration->options(), feature_numbers::kEnumOptions);
}

bool HasClosedEnum(const FieldDescriptor* field) {
  if (!IsProto2(field->file())) return false;
  return IsClosedEnum(field->enum_type()) || !WasLoweredToProto2(field->file());
}

bool CannotHoldUnknownNumbers(const FieldDescriptor* field) {
  return IsProto2(field->file());
}

bool WasLoweredToProto2(const pb::FileDescriptor* file) {
  return IsProto2(file) &&
         IsMarked(file->options(), feature_numbers::kFileOptions);
}

void MarkLoweredToProto2(pb::FileDescriptorProto* file) {
  file->mutable_options()->mutable_unknown_fields()->AddVarint(
      feature_numbers::kFileOptions, kMark);
}

void MarkImplicitPresence(pb::FieldDescriptorProto* field) {
  Mark(field, feature_numbers::kFieldOptions);
}

void MarkOpenEnum(pb::EnumDescriptorProto* enumeration) {
  Mark(enumeration, feature_numbers::kEnumOptions);
}

}  // namespace sse_bridge
