// Requirements for every field of proto/bridge/v1/config.proto.

#include "bridge/config/setting_list.h"

#include <set>

#include "absl/strings/match.h"
#include "bridge/config/setting_value.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FieldDescriptor;

std::vector<SettingList> Lists() {
  return {SettingList(bridge::v1::Config::descriptor()),
          SettingList(bridge::v1::TranscodeCommand::descriptor()),
          SettingList(bridge::v1::ConfigCommand::descriptor())};
}

TEST(SettingListTest, EveryFieldHasACommentAndASupportedType) {
  for (const SettingList& list : Lists()) {
    for (const SettingInfo& setting : list.settings()) {
      EXPECT_NE(setting.comment, "") << setting.key << ": no comment";
      const auto kind = setting.field->cpp_type();
      const bool text = kind == FieldDescriptor::CPPTYPE_STRING;
      EXPECT_EQ(setting.field->is_repeated() && !text, false) << setting.key;
      EXPECT_TRUE(text || kind == FieldDescriptor::CPPTYPE_BOOL ||
                  kind == FieldDescriptor::CPPTYPE_INT32 ||
                  kind == FieldDescriptor::CPPTYPE_INT64 ||
                  kind == FieldDescriptor::CPPTYPE_DOUBLE ||
                  kind == FieldDescriptor::CPPTYPE_ENUM ||
                  (kind == FieldDescriptor::CPPTYPE_MESSAGE &&
                   setting.field->message_type()->full_name() ==
                       "google.protobuf.Duration"))
          << setting.key;
      EXPECT_FALSE(absl::StartsWith(setting.key, "no_"))
          << setting.key << " looks like a negated flag";
    }
  }
}

TEST(SettingListTest, EverySettingIsInAGroup) {
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_NE(setting.group, "") << setting.key;
  }
}

TEST(SettingListTest, EveryNumberHasAnUpperBound) {
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    switch (setting.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_MESSAGE:
        EXPECT_NE(setting.rules.max(), "") << setting.key;
        break;
      default:
        break;
    }
  }
}

TEST(SettingListTest, DefaultsAndBoundsAreValid) {
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    bridge::v1::Config config;
    for (const std::string& text :
         {setting.rules.default_(), setting.rules.min(), setting.rules.max()}) {
      if (text.empty()) continue;
      EXPECT_EQ(AddValue(setting, text, &config), absl::OkStatus())
          << setting.key << " " << text;
    }
  }
}

TEST(SettingListTest, DefaultsAreInRange) {
  bridge::v1::Config config;
  SetDefaults(BridgeSettings(), &config);
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    for (const std::string& value : ValuesOf(setting, config)) {
      bridge::v1::Config again;
      EXPECT_EQ(AddValue(setting, value, &again), absl::OkStatus())
          << setting.key << " " << value;
    }
  }
}

TEST(SettingListTest, NamesAreDerivedFromTheField) {
  const SettingInfo* setting = BridgeSettings().FindKey("max_streams");
  ASSERT_NE(setting, nullptr);
  EXPECT_EQ(setting->flag, "max-streams");
  EXPECT_EQ(setting->variable, "SSE_BRIDGE_MAX_STREAMS");
  EXPECT_EQ(setting->group, "Access");
  EXPECT_EQ(setting->comment, "Maximum number of open streams; 503 beyond it.");
  EXPECT_EQ(BridgeSettings().FindFlag("max-streams"), setting);
  EXPECT_EQ(BridgeSettings().FindFlag("max_streams"), setting);
  EXPECT_EQ(BridgeSettings().FindKey("max-streams"), nullptr);
}

TEST(SettingListTest, NearestFindsOnlySimilarKeys) {
  EXPECT_EQ(BridgeSettings().Nearest("upstraem"), "upstream");
  EXPECT_EQ(BridgeSettings().Nearest("MaxStreams"), "max_streams");
  EXPECT_EQ(BridgeSettings().Nearest("frobnicate"), "");
  EXPECT_EQ(BridgeSettings().Nearest(""), "");
  EXPECT_EQ(BridgeSettings().Nearest(std::string(100000, 'a')), "");
}

}  // namespace
}  // namespace sse_bridge
