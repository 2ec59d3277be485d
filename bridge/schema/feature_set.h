#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FEATURE_SET_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FEATURE_SET_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// google.protobuf.Edition of descriptor.proto.
enum Edition {
  kEditionProto2 = 998,
  kEditionProto3 = 999,
  kEdition2023 = 1000,
  kEdition2024 = 1001,
};

// Numbers of the field `features` in the options messages of descriptor.proto.
// libprotobuf 3.21 knows none of them: they are unknown fields there.
namespace feature_numbers {
constexpr int kFileOptions = 50;
constexpr int kMessageOptions = 12;
constexpr int kFieldOptions = 21;
constexpr int kOneofOptions = 1;
constexpr int kEnumOptions = 7;
constexpr int kEnumValueOptions = 2;
constexpr int kExtensionRangeOptions = 50;
constexpr int kServiceOptions = 34;
constexpr int kMethodOptions = 35;
}  // namespace feature_numbers

// The resolved features of an element: google.protobuf.FeatureSet without what
// changes neither JSON nor wire format (naming style, visibility).
// See https://protobuf.dev/editions/features.
struct FeatureSet {
  enum Presence { kExplicit = 1, kImplicit = 2, kLegacyRequired = 3 };

  Presence presence = kExplicit;
  bool closed_enum = false;
  bool packed = true;
  bool verify_utf8 = true;
  bool delimited = false;
  bool legacy_json = false;

  friend bool operator==(const FeatureSet&, const FeatureSet&) = default;
};

// Returns the defaults of an edition, or kInvalidArgument if it is unknown. The
// message does not name the file.
absl::StatusOr<FeatureSet> DefaultFeatures(int edition);

// Overrides the features in `*features` that `serialized`, a FeatureSet, sets.
// Extensions (pb.cpp, pb.go, ...) concern generated code and are ignored.
// Returns kInvalidArgument for a feature or a value that this program does not
// know, because ignoring it could change what a message means.
absl::Status MergeFeatures(absl::string_view serialized, FeatureSet* features);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FEATURE_SET_H_
