#include "bridge/schema/file_lowering.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/descriptor_walk.h"
#include "bridge/schema/feature_set.h"
#include "bridge/schema/field_features.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using pb::FieldDescriptorProto;

bool IsPackable(FieldDescriptorProto::Type type) {
  switch (type) {
    case FieldDescriptorProto::TYPE_STRING:
    case FieldDescriptorProto::TYPE_BYTES:
    case FieldDescriptorProto::TYPE_MESSAGE:
    case FieldDescriptorProto::TYPE_GROUP:
      return false;
    default:
      return true;
  }
}

std::string NameIn(absl::string_view scope, absl::string_view name) {
  return scope.empty() ? std::string(name.data(), name.size())
                       : absl::StrCat(scope, ".", name);
}

// Returns whether libprotobuf 3.21 rejects the names of the fields in a proto3
// file, whatever their JSON names are.
bool HasSimilarNames(const pb::DescriptorProto& message) {
  absl::flat_hash_set<std::string> seen;
  for (const FieldDescriptorProto& field : message.field()) {
    std::string name = absl::AsciiStrToLower(field.name());
    name.erase(std::remove(name.begin(), name.end(), '_'), name.end());
    if (!seen.insert(std::move(name)).second) return true;
  }
  return false;
}

// Walks through the elements of a file with their resolved features. Visits
// each file twice: first to see what it needs, then to change it.
class FileLowering {
 public:
  explicit FileLowering(pb::FileDescriptorProto* file) : file_(file) {}

  absl::Status Inspect(int edition) {
    needs_ = FileNeeds();
    return Walk(edition);
  }

  // `to_proto2`: else to proto3.
  void Lower(int edition, bool to_proto2) {
    target_ = to_proto2 ? Target::kProto2 : Target::kProto3;
    from_proto3_ = edition == kEditionProto3;
    Walk(edition).IgnoreError();
    file_->set_syntax(to_proto2 ? "proto2" : "proto3");
    if (to_proto2) MarkLoweredToProto2(file_);
  }

  FileNeeds TakeNeeds() { return std::move(needs_); }

 private:
  enum class Target { kNone, kProto2, kProto3 };

  absl::Status Walk(int edition) {
    absl::StatusOr<FeatureSet> features = DefaultFeatures(edition);
    if (!features.ok()) return features.status();
    syntax_only_ = edition < kEdition2023;
    Resolve(file_, feature_numbers::kFileOptions, &*features);
    for (pb::DescriptorProto& message : *file_->mutable_message_type()) {
      Message(&message, *features, file_->package());
    }
    for (pb::EnumDescriptorProto& each : *file_->mutable_enum_type()) {
      Enum(&each, *features, file_->package());
    }
    for (FieldDescriptorProto& each : *file_->mutable_extension()) {
      Extension(&each, *features);
    }
    for (pb::ServiceDescriptorProto& service : *file_->mutable_service()) {
      FeatureSet own = *features;
      Resolve(&service, feature_numbers::kServiceOptions, &own);
      for (pb::MethodDescriptorProto& method : *service.mutable_method()) {
        FeatureSet its = own;
        Resolve(&method, feature_numbers::kMethodOptions, &its);
      }
    }
    return status_;
  }

  void Message(pb::DescriptorProto* message, FeatureSet features,
               absl::string_view outer) {
    Resolve(message, feature_numbers::kMessageOptions, &features);
    const std::string scope = NameIn(outer, message->name());
    const bool map_entry = message->options().map_entry();
    Need(message->extension_range_size() > 0 ||
         message->options().message_set_wire_format() || features.legacy_json);
    Need(HasSimilarNames(*message));
    std::vector<FeatureSet> oneofs;
    for (pb::OneofDescriptorProto& oneof : *message->mutable_oneof_decl()) {
      Resolve(&oneof, feature_numbers::kOneofOptions,
              &oneofs.emplace_back(features));
    }
    for (auto& range : *message->mutable_extension_range()) {
      FeatureSet its = features;
      Resolve(&range, feature_numbers::kExtensionRangeOptions, &its);
    }
    for (pb::DescriptorProto& nested : *message->mutable_nested_type()) {
      Message(&nested, features, scope);
    }
    for (pb::EnumDescriptorProto& each : *message->mutable_enum_type()) {
      Enum(&each, features, scope);
    }
    for (FieldDescriptorProto& each : *message->mutable_extension()) {
      Extension(&each, features);
    }
    absl::flat_hash_set<std::string> maps;
    for (const pb::DescriptorProto& nested : message->nested_type()) {
      if (nested.options().map_entry()) {
        maps.insert(absl::StrCat(".", scope, ".", nested.name()));
      }
    }
    for (FieldDescriptorProto& field : *message->mutable_field()) {
      const bool in_oneof =
          field.has_oneof_index() && field.oneof_index() >= 0 &&
          field.oneof_index() < static_cast<int>(oneofs.size());
      FeatureSet own = in_oneof
                           ? oneofs[static_cast<size_t>(field.oneof_index())]
                           : features;
      Resolve(&field, feature_numbers::kFieldOptions, &own);
      if (map_entry || maps.contains(field.type_name())) own.delimited = false;
      if (map_entry || in_oneof) own.presence = FeatureSet::kExplicit;
      Field(&field, own);
      if (target_ == Target::kProto3 && !in_oneof && !map_entry &&
          own.presence == FeatureSet::kExplicit && IsSingularScalar(field)) {
        field.set_proto3_optional(true);
      }
    }
    if (target_ == Target::kProto3) AddSyntheticOneofs(message);
    if (target_ == Target::kProto2 && from_proto3_) {
      RemoveSyntheticOneofs(message);
    }
  }

  void Enum(pb::EnumDescriptorProto* each, FeatureSet features,
            absl::string_view outer) {
    Resolve(each, feature_numbers::kEnumOptions, &features);
    if (target_ == Target::kNone)
      needs_.enums.push_back(NameIn(outer, each->name()));
    Need(features.closed_enum || features.legacy_json ||
         (each->value_size() > 0 && each->value(0).number() != 0));
    for (pb::EnumValueDescriptorProto& value : *each->mutable_value()) {
      FeatureSet its = features;
      Resolve(&value, feature_numbers::kEnumValueOptions, &its);
    }
    if (target_ == Target::kProto2 && !features.closed_enum) MarkOpenEnum(each);
  }

  void Extension(FieldDescriptorProto* field, FeatureSet features) {
    Resolve(field, feature_numbers::kFieldOptions, &features);
    Need(!absl::StartsWith(field->extendee(), ".google.protobuf.") ||
         !absl::EndsWith(field->extendee(), "Options"));
    // Extensions always have presence.
    features.presence = FeatureSet::kExplicit;
    Field(field, features);
  }

  void Field(FieldDescriptorProto* field, const FeatureSet& features) {
    const bool repeated =
        field->label() == FieldDescriptorProto::LABEL_REPEATED;
    const bool required =
        !repeated && features.presence == FeatureSet::kLegacyRequired;
    const bool delimited = features.delimited &&
                           field->type() == FieldDescriptorProto::TYPE_MESSAGE;
    Need(required || delimited || field->has_default_value() ||
         field->label() == FieldDescriptorProto::LABEL_REQUIRED ||
         field->type() == FieldDescriptorProto::TYPE_GROUP);
    if (target_ == Target::kNone) {
      if (field->type() == FieldDescriptorProto::TYPE_ENUM &&
          !field->type_name().empty()) {
        needs_.used_enums.push_back(
            field->type_name().substr(field->type_name()[0] == '.' ? 1 : 0));
      }
      return;
    }
    if (required) field->set_label(FieldDescriptorProto::LABEL_REQUIRED);
    if (delimited) field->set_type(FieldDescriptorProto::TYPE_GROUP);
    const bool emptied =
        field->has_options() && field->options().ByteSizeLong() == 0;
    if (repeated && IsPackable(field->type()) && !emptied &&
        !field->options().has_packed() &&
        features.packed != (target_ == Target::kProto3)) {
      field->mutable_options()->set_packed(features.packed);
    }
    const bool implicit =
        features.presence == FeatureSet::kImplicit && !field->proto3_optional();
    if (target_ == Target::kProto2 && implicit && IsSingularScalar(*field)) {
      MarkImplicitPresence(field);
    }
  }

  static bool IsSingularScalar(const FieldDescriptorProto& field) {
    return field.label() != FieldDescriptorProto::LABEL_REPEATED &&
           field.type() != FieldDescriptorProto::TYPE_MESSAGE &&
           field.type() != FieldDescriptorProto::TYPE_GROUP;
  }

  // As protoc does for `optional` in proto3: each such field has a oneof of its
  // own, after the real ones.
  static void AddSyntheticOneofs(pb::DescriptorProto* message) {
    absl::flat_hash_set<std::string> names;
    for (const auto& each : message->field()) names.insert(each.name());
    for (const auto& each : message->oneof_decl()) names.insert(each.name());
    for (const auto& each : message->nested_type()) names.insert(each.name());
    for (const auto& each : message->extension()) names.insert(each.name());
    for (const auto& each : message->enum_type()) {
      names.insert(each.name());
      for (const auto& value : each.value()) names.insert(value.name());
    }
    for (FieldDescriptorProto& field : *message->mutable_field()) {
      if (!field.proto3_optional()) continue;
      std::string name = absl::StrCat("_", field.name());
      while (!names.insert(name).second) name.insert(0, 1, 'X');
      field.set_oneof_index(message->oneof_decl_size());
      message->add_oneof_decl()->set_name(name);
    }
  }

  static void RemoveSyntheticOneofs(pb::DescriptorProto* message) {
    int real = message->oneof_decl_size();
    for (FieldDescriptorProto& field : *message->mutable_field()) {
      if (!field.proto3_optional()) continue;
      real = std::min(real, field.oneof_index());
      field.clear_proto3_optional();
      field.clear_oneof_index();
    }
    while (message->oneof_decl_size() > std::max(real, 0)) {
      message->mutable_oneof_decl()->RemoveLast();
    }
  }

  // Applies the element's own features, and removes them when the file is
  // changed. Options that contain nothing else are removed: empty options would
  // look like lost ones (lost_options.h).
  template <typename Element>
  void Resolve(Element* element, int number, FeatureSet* features) {
    if (!element->has_options()) return;
    const pb::UnknownFieldSet& unknown = element->options().unknown_fields();
    bool found = false;
    for (int i = 0; i < unknown.field_count(); ++i) {
      const pb::UnknownField& field = unknown.field(i);
      if (field.number() != number) continue;
      found = true;
      if (syntax_only_) continue;
      if (field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED) {
        Fail(*element, "features: not a FeatureSet");
        continue;
      }
      const absl::Status merged =
          MergeFeatures(field.length_delimited(), features);
      if (!merged.ok()) Fail(*element, merged.message());
    }
    if (!found) return;
    if (target_ == Target::kNone) return;
    element->mutable_options()->mutable_unknown_fields()->DeleteByNumber(
        number);
    if (element->options().ByteSizeLong() == 0) element->clear_options();
  }

  void Need(bool proto2) {
    if (proto2) needs_.only_in_proto2 = true;
  }

  void Fail(const pb::Message& element, absl::string_view why) {
    if (!status_.ok()) return;
    std::string where = file_->name();
    SourcePath path;
    sse_bridge::Walk(file_, &path, [&](pb::Message* m, const SourcePath& at) {
      if (m != &element) return true;
      where = WhereInProto(*file_, at);
      return false;
    });
    const pb::FieldDescriptor* name =
        element.GetDescriptor()->FindFieldByName("name");
    status_ = absl::InvalidArgumentError(absl::StrCat(
        where, ": ",
        name == nullptr || &element == file_
            ? ""
            : absl::StrCat(element.GetReflection()->GetString(element, name),
                           ": "),
        why));
  }

  pb::FileDescriptorProto* const file_;
  Target target_ = Target::kNone;
  bool from_proto3_ = false;
  bool syntax_only_ = false;  // no edition: features do not apply
  FileNeeds needs_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<FileNeeds> InspectFile(int edition,
                                      pb::FileDescriptorProto* file) {
  FileLowering lowering(file);
  if (absl::Status s = lowering.Inspect(edition); !s.ok()) return s;
  return lowering.TakeNeeds();
}

void LowerFile(int edition, bool to_proto2, pb::FileDescriptorProto* file) {
  FileLowering(file).Lower(edition, to_proto2);
}

}  // namespace sse_bridge
