#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_SETTER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_SETTER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/transcode/scalar_text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// One value for one field by reflection: sets a singular field, adds to a
// repeated one. `field` is of `message`'s type (or extends it).
class FieldSetter {
 public:
  FieldSetter(google::protobuf::Message* message,
              const google::protobuf::FieldDescriptor* field)
      : message_(message),
        field_(field),
        reflection_(message->GetReflection()) {}

  // Bool, number, string, bytes or enum, not a message: from a text by the
  // rules of scalar_text.h; enums by name or number.
  Reason SetFromText(absl::string_view text);

  void SetBool(bool value);
  void SetString(std::string value);
  // A closed enum (proto2) takes only the numbers that it names.
  Reason SetEnum(int32_t number);
  Reason SetEnumByName(absl::string_view name);

  // The submessage: the present one (made if need be), or a new element.
  google::protobuf::Message* SubMessage();

 private:
  google::protobuf::Message* const message_;
  const google::protobuf::FieldDescriptor* const field_;
  const google::protobuf::Reflection* const reflection_;
};

// Whether `descriptor`, which bears the name of a well-known type, has its
// fields too. Schemas come from outside, and may lie.
bool IsGenuineWellKnownType(const google::protobuf::Descriptor& descriptor);

// Whether a message of the type can be written as one plain text: Timestamp,
// Duration, FieldMask and the wrappers.
bool HasTextForm(const google::protobuf::Descriptor& descriptor);

// Sets such a message from its text.
Reason SetKnownFromText(google::protobuf::Message* message,
                        absl::string_view text, bool allow_snake_field_mask);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_SETTER_H_
