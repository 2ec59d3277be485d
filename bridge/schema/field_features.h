#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_FEATURES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_FEATURES_H_

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// What a field or an enum does, for schemas of any syntax. Files in an edition
// become proto2 or proto3 files when they are loaded (editions.h); what that
// syntax cannot say is marked in their options, and these functions read the
// marks. Use them instead of FieldDescriptor::has_presence() and
// FileDescriptor::syntax().
//
// Thread-safe. They do not allocate.

// Returns whether a message knows if the field was set: "explicit presence".
// False for repeated fields.
bool HasPresence(const google::protobuf::FieldDescriptor* field);

// Returns whether the field is set: with presence, if it is there; without,
// if it differs from its default value. For a repeated field: if it has
// elements.
bool IsSet(const google::protobuf::Message& message,
           const google::protobuf::FieldDescriptor* field);

// Returns whether the enum has only its declared numbers.
bool IsClosedEnum(const google::protobuf::EnumDescriptor* enumeration);

// Returns whether other numbers in this enum field are unknown fields. As in
// protobuf for C++, that is so for all enums in a file with syntax proto2; in
// an edition, the enum's own type decides.
bool HasClosedEnum(const google::protobuf::FieldDescriptor* field);

// Returns whether messages of libprotobuf cannot hold other numbers in this
// enum field, even if its enum is open.
bool CannotHoldUnknownNumbers(const google::protobuf::FieldDescriptor* field);

// Returns whether the file was made from an edition as a proto2 file.
bool WasLoweredToProto2(const google::protobuf::FileDescriptor* file);

// Marks elements of a file that becomes proto2. Options that are empty stay
// empty, because that is how lost options are detected (lost_options.h).
void MarkLoweredToProto2(google::protobuf::FileDescriptorProto* file);
void MarkImplicitPresence(google::protobuf::FieldDescriptorProto* field);
void MarkOpenEnum(google::protobuf::EnumDescriptorProto* enumeration);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_FEATURES_H_
