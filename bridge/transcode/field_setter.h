#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_SETTER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_SETTER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/transcode/scalar_text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Sets one value of one field by reflection: assigns a singular field, appends
// to a repeated one. `field` must belong to the type of `message` or extend it.
class FieldSetter {
 public:
  FieldSetter(google::protobuf::Message* message,
              const google::protobuf::FieldDescriptor* field)
      : message_(message),
        field_(field),
        reflection_(message->GetReflection()) {}

  // For scalar and enum fields, not messages. Parses the text by the rules of
  // scalar_text.h; enums are given by name or number.
  Reason SetFromText(absl::string_view text);

  void SetBool(bool value);
  void SetString(std::string value);
  // A closed enum, or any enum in a field that libprotobuf treats as proto2,
  // accepts only declared numbers.
  Reason SetEnum(int32_t number);
  Reason SetEnumByName(absl::string_view name);

  // Returns the submessage, creating it if needed, or a new element of a
  // repeated field.
  google::protobuf::Message* SubMessage();

 private:
  // SetFromText, except that a default value may stay set.
  Reason Parse(absl::string_view text);

  // Clears a field without presence in a file that became proto2 (editions.h)
  // if it has its default value: libprotobuf would send it.
  void DropDefault();

  google::protobuf::Message* const message_;
  const google::protobuf::FieldDescriptor* const field_;
  const google::protobuf::Reflection* const reflection_;
};

// Returns whether `descriptor`, which has the name of a well-known type, also
// has its fields. Schemas are untrusted input.
bool IsGenuineWellKnownType(const google::protobuf::Descriptor& descriptor);

// Returns whether messages of this type can be written as one plain text:
// Timestamp, Duration, FieldMask and the wrappers.
bool HasTextForm(const google::protobuf::Descriptor& descriptor);

// Sets a message for which HasTextForm is true from its text.
Reason SetKnownFromText(google::protobuf::Message* message,
                        absl::string_view text, bool allow_snake_field_mask);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_SETTER_H_
