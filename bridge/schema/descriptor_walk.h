#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_WALK_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_WALK_H_

#include <string>
#include <vector>

#include "bridge/schema/schema_errors.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Like Where(), for an element of a file that is not built yet:
// "file.proto:12".
std::string WhereInProto(const google::protobuf::FileDescriptorProto& file,
                         SourcePath path);

// Whether a message contains no other, as a field or a value of an enum without
// options, of which schemas have most.
inline bool IsLeafMessage(const google::protobuf::Message& message) {
  namespace pb = ::google::protobuf;
  const pb::Descriptor* type = message.GetDescriptor();
  if (type == pb::FieldDescriptorProto::descriptor()) {
    return !static_cast<const pb::FieldDescriptorProto&>(message).has_options();
  }
  if (type == pb::EnumValueDescriptorProto::descriptor()) {
    return !static_cast<const pb::EnumValueDescriptorProto&>(message)
                .has_options();
  }
  return false;
}

// Calls visit(message, path) for `message` and all nested messages except
// source_code_info. Stops when a call returns false, and returns that. The
// depth is limited by the parser that created the message.
template <typename Visit>
bool Walk(google::protobuf::Message* message, SourcePath* path,
          const Visit& visit) {
  namespace pb = ::google::protobuf;
  if (!visit(message, *path)) return false;
  if (IsLeafMessage(*message)) return true;
  const pb::Reflection* reflection = message->GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->number() ==
            pb::FileDescriptorProto::kSourceCodeInfoFieldNumber &&
        message->GetDescriptor() == pb::FileDescriptorProto::descriptor()) {
      continue;
    }
    path->push_back(field->number());
    if (!field->is_repeated()) {
      if (!Walk(reflection->MutableMessage(message, field), path, visit)) {
        return false;
      }
    } else {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        path->push_back(i);
        if (!Walk(reflection->MutableRepeatedMessage(message, field, i), path,
                  visit)) {
          return false;
        }
        path->pop_back();
      }
    }
    path->pop_back();
  }
  return true;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_WALK_H_
