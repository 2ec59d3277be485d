#include "tests/unit/schema/editions_testing.h"

#include <stdexcept>

#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace pb = ::google::protobuf;

namespace {

void MakeEdition(pb::DescriptorProto* message) {
  int real = message->oneof_decl_size();
  for (pb::FieldDescriptorProto& field : *message->mutable_field()) {
    if (!field.proto3_optional()) continue;
    field.clear_proto3_optional();
    real = std::min(real, field.oneof_index());
    field.clear_oneof_index();
  }
  while (message->oneof_decl_size() > real) {
    message->mutable_oneof_decl()->RemoveLast();
  }
  for (pb::DescriptorProto& nested : *message->mutable_nested_type()) {
    MakeEdition(&nested);
  }
}

}  // namespace

void MakeEdition(int edition, pb::FileDescriptorProto* file) {
  file->set_syntax("editions");
  file->mutable_unknown_fields()->AddVarint(14, static_cast<uint64_t>(edition));
  for (pb::DescriptorProto& message : *file->mutable_message_type()) {
    MakeEdition(&message);
  }
}

pb::FieldDescriptorProto* FieldIn(pb::FileDescriptorProto* file,
                                  const std::string& message,
                                  const std::string& field) {
  for (pb::DescriptorProto& type : *file->mutable_message_type()) {
    if (type.name() != message) continue;
    for (pb::FieldDescriptorProto& each : *type.mutable_field()) {
      if (each.name() == field) return &each;
    }
  }
  throw std::logic_error(message + "." + field + " does not exist");
}

}  // namespace sse_bridge
