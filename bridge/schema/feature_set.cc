#include "bridge/schema/feature_set.h"

#include <climits>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Numbers of FeatureSet from here on are extensions.
constexpr int kFirstFeatureExtension = 1000;

struct KnownFeature {
  const char* name;
  // The values are 1 ... max, except `hole`. 0 is UNKNOWN, which nobody sets.
  uint64_t max;
  uint64_t hole;
};

// By field number - 1.
constexpr KnownFeature kFeatures[] = {
    {"field_presence", 3, 0},
    {"enum_type", 2, 0},
    {"repeated_field_encoding", 2, 0},
    {"utf8_validation", 3, 1},
    {"message_encoding", 2, 0},
    {"json_format", 2, 0},
    // These change neither JSON nor wire format, whatever their value.
    {"enforce_naming_style", UINT64_MAX, 0},
    {"default_symbol_visibility", UINT64_MAX, 0},
    {"enforce_proto_limits", UINT64_MAX, 0},
};

}  // namespace

absl::StatusOr<FeatureSet> DefaultFeatures(int edition) {
  FeatureSet features;
  switch (edition) {
    case kEditionProto2:
      features.closed_enum = true;
      features.packed = false;
      features.verify_utf8 = false;
      features.legacy_json = true;
      return features;
    case kEditionProto3:
      features.presence = FeatureSet::kImplicit;
      return features;
    case kEdition2023:
    case kEdition2024:
      return features;
    default:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("edition ", edition,
                   " of google.protobuf.Edition is not supported: this version "
                   "knows the editions 2023 (1000) and 2024 (1001)"));
}

absl::Status MergeFeatures(absl::string_view serialized, FeatureSet* features) {
  pb::UnknownFieldSet set;
  if (serialized.size() > INT_MAX ||
      !set.ParseFromArray(serialized.data(),
                          static_cast<int>(serialized.size()))) {
    return absl::InvalidArgumentError("features: not a FeatureSet");
  }
  for (int i = 0; i < set.field_count(); ++i) {
    const pb::UnknownField& field = set.field(i);
    const int number = field.number();
    if (number >= kFirstFeatureExtension) continue;
    if (number > static_cast<int>(std::size(kFeatures))) {
      return absl::InvalidArgumentError(
          absl::StrCat("features: feature ", number,
                       " of google.protobuf.FeatureSet is unknown to this "
                       "version"));
    }
    const KnownFeature& known = kFeatures[number - 1];
    if (field.type() != pb::UnknownField::TYPE_VARINT || field.varint() == 0 ||
        field.varint() > known.max || field.varint() == known.hole) {
      return absl::InvalidArgumentError(absl::StrCat(
          "features.", known.name, ": a value that is unknown to this version",
          field.type() == pb::UnknownField::TYPE_VARINT
              ? absl::StrCat(": ", field.varint())
              : ""));
    }
    const uint64_t value = field.varint();
    switch (number) {
      case 1:
        features->presence = static_cast<FeatureSet::Presence>(value);
        break;
      case 2:
        features->closed_enum = value == 2;
        break;
      case 3:
        features->packed = value == 1;
        break;
      case 4:
        features->verify_utf8 = value == 2;
        break;
      case 5:
        features->delimited = value == 2;
        break;
      case 6:
        features->legacy_json = value == 2;
        break;
      default:
        break;
    }
  }
  return absl::OkStatus();
}

}  // namespace sse_bridge
