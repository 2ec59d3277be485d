#include "tests/unit/schema/editions_testing.h"

#include <algorithm>
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

void Convert(pb::FieldDescriptorProto* field) {
  std::vector<Feature> features;
  if (field->proto3_optional()) features.push_back(Feature::kExplicit);
  if (field->label() == pb::FieldDescriptorProto::LABEL_REQUIRED) {
    field->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    features.push_back(Feature::kRequired);
  }
  if (field->type() == pb::FieldDescriptorProto::TYPE_GROUP) {
    field->set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
    features.push_back(Feature::kDelimited);
  }
  if (field->options().has_packed()) {
    features.push_back(field->options().packed() ? Feature::kPacked
                                                 : Feature::kExpanded);
    field->mutable_options()->clear_packed();
  }
  if (features.empty()) return;
  SetFeatures(feature_numbers::kFieldOptions, features,
              field->mutable_options());
}

void Convert(pb::DescriptorProto* message) {
  for (auto& field : *message->mutable_field()) Convert(&field);
  for (auto& field : *message->mutable_extension()) Convert(&field);
  for (auto& nested : *message->mutable_nested_type()) Convert(&nested);
}

}  // namespace

void ConvertToEdition(pb::FileDescriptorProto* file) {
  const bool proto3 = file->syntax() == "proto3";
  for (auto& message : *file->mutable_message_type()) Convert(&message);
  for (auto& field : *file->mutable_extension()) Convert(&field);
  SetFeatures(feature_numbers::kFileOptions,
              proto3
                  ? std::vector<Feature>{Feature::kImplicit}
                  : std::vector<Feature>{Feature::kClosed, Feature::kExpanded,
                                         Feature::kNone, Feature::kLegacyJson},
              file->mutable_options());
  MakeEdition(kEdition2023, file);
}

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
