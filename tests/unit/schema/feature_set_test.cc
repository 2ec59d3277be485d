#include "bridge/schema/feature_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Serialized(int number, uint64_t value) {
  google::protobuf::UnknownFieldSet set;
  set.AddVarint(number, value);
  std::string bytes;
  set.SerializeToString(&bytes);
  return bytes;
}

TEST(FeatureSetTest, EachEditionHasItsDefaults) {
  const FeatureSet proto2 = {
      FeatureSet::kExplicit, true, false, false, false, true};
  const FeatureSet proto3 = {
      FeatureSet::kImplicit, false, true, true, false, false};
  const FeatureSet edition = {
      FeatureSet::kExplicit, false, true, true, false, false};
  EXPECT_EQ(*DefaultFeatures(kEditionProto2), proto2);
  EXPECT_EQ(*DefaultFeatures(kEditionProto3), proto3);
  EXPECT_EQ(*DefaultFeatures(kEdition2023), edition);
  EXPECT_EQ(*DefaultFeatures(kEdition2024), edition);
}

TEST(FeatureSetTest, OtherEditionsAreRefused) {
  for (int number : {-1, 0, 1, 900, 997, 1002, 9999}) {
    const auto features = DefaultFeatures(number);
    EXPECT_THAT(std::string(features.status().message()),
                AllOf(HasSubstr(std::to_string(number)),
                      HasSubstr("2023 (1000) and 2024 (1001)")));
  }
}

TEST(FeatureSetTest, EachFeatureOverridesItsDefaultAlone) {
  const auto merged = [](int number, uint64_t value, FeatureSet base = {}) {
    EXPECT_TRUE(MergeFeatures(Serialized(number, value), &base).ok());
    return base;
  };
  EXPECT_EQ(merged(1, 2), (FeatureSet{.presence = FeatureSet::kImplicit}));
  EXPECT_EQ(merged(1, 3),
            (FeatureSet{.presence = FeatureSet::kLegacyRequired}));
  EXPECT_EQ(merged(2, 2), (FeatureSet{.closed_enum = true}));
  EXPECT_EQ(merged(3, 2), (FeatureSet{.packed = false}));
  EXPECT_EQ(merged(4, 3), (FeatureSet{.verify_utf8 = false}));
  EXPECT_EQ(merged(5, 2), (FeatureSet{.delimited = true}));
  EXPECT_EQ(merged(6, 2), (FeatureSet{.legacy_json = true}));
  const FeatureSet other = {
      FeatureSet::kImplicit, true, false, false, true, true};
  FeatureSet back = other;
  for (const auto& [number, value] :
       {std::pair(1, 1), {2, 1}, {3, 1}, {4, 2}, {5, 1}, {6, 1}}) {
    back = merged(number, static_cast<uint64_t>(value), back);
  }
  EXPECT_EQ(back, FeatureSet());
}

TEST(FeatureSetTest, FeaturesOfStyleVisibilityAndLanguagesChangeNothing) {
  FeatureSet features;
  for (int number : {7, 8, 9, 1000, 1001, 1002, 9990}) {
    EXPECT_TRUE(MergeFeatures(Serialized(number, 2), &features).ok());
  }
  EXPECT_EQ(features, FeatureSet());
}

TEST(FeatureSetTest, UnknownFeaturesAndValuesAreRefused) {
  FeatureSet features;
  const auto error = [&](const std::string& bytes) {
    return std::string(MergeFeatures(bytes, &features).message());
  };
  EXPECT_THAT(error(Serialized(10, 1)), HasSubstr("feature 10"));
  EXPECT_THAT(error(Serialized(999, 1)), HasSubstr("feature 999"));
  EXPECT_THAT(error(Serialized(1, 4)),
              AllOf(HasSubstr("field_presence"), HasSubstr(": 4")));
  EXPECT_THAT(error(Serialized(4, 1)), HasSubstr("utf8_validation"));
  EXPECT_THAT(error(Serialized(2, 0)), HasSubstr("enum_type"));
  EXPECT_THAT(error("\x0a\x01x"), HasSubstr("field_presence"));
  EXPECT_THAT(error("\xff"), HasSubstr("not a FeatureSet"));
  EXPECT_EQ(features, FeatureSet());
}

}  // namespace
}  // namespace sse_bridge
