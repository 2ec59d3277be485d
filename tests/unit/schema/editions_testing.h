#ifndef SSE_BRIDGE_TESTS_UNIT_SCHEMA_EDITIONS_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_SCHEMA_EDITIONS_TESTING_H_

#include <string>
#include <vector>

#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/feature_set.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Numbers and values of google.protobuf.FeatureSet.
enum class Feature {
  kExplicit = 101,
  kImplicit = 102,
  kRequired = 103,
  kOpen = 201,
  kClosed = 202,
  kPacked = 301,
  kExpanded = 302,
  kVerify = 402,
  kNone = 403,
  kLengthPrefixed = 501,
  kDelimited = 502,
  kAllow = 601,
  kLegacyJson = 602,
};

// Turns a file that protoc 3.21 wrote into what a newer protoc writes for an
// edition: labels and `packed` go, and syntax and edition are set.
void MakeEdition(int edition, google::protobuf::FileDescriptorProto* file);

// Sets `features` in options; `number` is one of feature_numbers.
template <typename Options>
void SetFeatures(int number, const std::vector<Feature>& features,
                 Options* options) {
  google::protobuf::UnknownFieldSet set;
  for (Feature feature : features) {
    set.AddVarint(static_cast<int>(feature) / 100,
                  static_cast<uint64_t>(feature) % 100);
  }
  set.SerializeToString(
      options->mutable_unknown_fields()->AddLengthDelimited(number));
}

// The element with this full name, or a failure.
google::protobuf::FieldDescriptorProto* FieldIn(
    google::protobuf::FileDescriptorProto* file, const std::string& message,
    const std::string& field);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_SCHEMA_EDITIONS_TESTING_H_
