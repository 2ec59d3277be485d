// Parsing and printing of values.

#include "bridge/config/setting_value.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SettingInfo& Setting(const std::string& key) {
  return *BridgeSettings().FindKey(key);
}

std::string Written(const std::string& key, const std::string& text) {
  bridge::v1::Config config;
  const absl::Status status = AddValue(Setting(key), text, &config);
  if (!status.ok()) return std::string(status.message());
  return ValuesOf(Setting(key), config)[0];
}

TEST(SettingValueTest, SizesHaveUnits) {
  EXPECT_EQ(Written("max_body", "0"), "0");
  EXPECT_EQ(Written("max_body", "1"), "1");
  EXPECT_EQ(Written("max_body", "7B"), "7");
  EXPECT_EQ(Written("max_body", "1024"), "1KiB");
  EXPECT_EQ(Written("max_body", "256KiB"), "256KiB");
  EXPECT_EQ(Written("max_body", "1024KiB"), "1MiB");
  EXPECT_EQ(Written("max_body", "3kB"), "3000");
  EXPECT_EQ(Written("max_body", "1MB"), "1000000");
  EXPECT_EQ(Written("max_body", "1GiB"), "1GiB");
  EXPECT_EQ(Written("max_body", "1073741825"), "must be from 0 to 1GiB");
  EXPECT_EQ(Written("max_body", "MiB"),
            "'MiB' is not a size, such as 65536, 256KiB or 4MiB");
}

TEST(SettingValueTest, TimesKeepTheirNanoseconds) {
  EXPECT_EQ(Written("retry", "500ms"), "500ms");
  EXPECT_EQ(Written("retry", "1h30m"), "1h30m");
  EXPECT_EQ(Written("retry", "1.5s"), "1.5s");
  EXPECT_EQ(Written("retry", "1ns"), "1ns");
  EXPECT_EQ(Written("retry", "0"), "0");
  EXPECT_EQ(Written("retry", "24h1ns"), "must be from 0 to 24h");
}

TEST(SettingValueTest, EnumValuesLackTheTypesPrefix) {
  EXPECT_EQ(Written("log_level", "warning"), "warning");
  EXPECT_EQ(Written("log_level", "WARNING"),
            "unknown value 'WARNING': must be trace, debug, info, warning, "
            "error, off");
}

TEST(SettingValueTest, ZeroIsAllowedIfItHasAMeaning) {
  EXPECT_EQ(Written("keep_alive", "0"), "0");
  EXPECT_EQ(Written("keep_alive", "100ms"), "100ms");
  EXPECT_EQ(Written("keep_alive", "99ms"), "must be from 100ms to 24h, or 0");
  EXPECT_EQ(Written("queue_bytes", "0"), "must be from 1KiB to 1GiB");
}

TEST(SettingValueTest, LongInvalidValuesAreShortenedInErrors) {
  EXPECT_LT(Written("workers", std::string(100000, 'x')).size(), 200u);
  // After a whole character.
  const std::string text = std::string(79, 'x') + "\u20ac";
  for (const char* key : {"workers", "log_level"}) {
    EXPECT_THAT(Written(key, text),
                HasSubstr("'" + std::string(79, 'x') + "'"));
  }
}

TEST(SettingValueTest, TextsWithStrayCharactersAreRefused) {
  EXPECT_EQ(Written("auth_cookie", "token"), "token");
  EXPECT_EQ(Written("auth_issuer", "my issuer"), "my issuer");
  for (const char* text : {" token", "token ", "token\r", "\ttoken"}) {
    EXPECT_NE(Written("auth_cookie", text).find("begin or end with"),
              std::string::npos)
        << text;
  }
  EXPECT_EQ(Written("auth_cookie", "to\x01ken"),
            "must not contain control characters");
}

TEST(SettingValueTest, RepeatedValuesAreAdded) {
  bridge::v1::Config config;
  EXPECT_EQ(AddValue(Setting("upstream"), "a:1", &config), absl::OkStatus());
  EXPECT_EQ(AddValue(Setting("upstream"), "b:1", &config), absl::OkStatus());
  EXPECT_THAT(ValuesOf(Setting("upstream"), config), ElementsAre("a:1", "b:1"));
}

TEST(SettingValueTest, CopyFieldCopiesOnlyThatField) {
  bridge::v1::Config from, to;
  from.set_workers(3);
  from.set_max_streams(4);
  from.add_upstream("a:1");
  to.add_upstream("b:1");
  CopyField(Setting("workers").field, from, &to);
  CopyField(Setting("upstream").field, from, &to);
  EXPECT_EQ(to.workers(), 3);
  EXPECT_EQ(to.max_streams(), 0);
  EXPECT_THAT(to.upstream(), ElementsAre("a:1"));
  from.clear_workers();
  CopyField(Setting("workers").field, from, &to);
  EXPECT_EQ(to.workers(), 0);
}

}  // namespace
}  // namespace sse_bridge
