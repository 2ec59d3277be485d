// Texts generated from the settings: they are complete and can be parsed.

#include "bridge/config/config_text.h"

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/config/config_file.h"
#include "bridge/config/setting_value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

TEST(HelpTest, NamesEverySettingWithItsCommentInItsGroup) {
  const std::string help = FlagsHelp(BridgeSettings());
  std::string one_line = absl::StrReplaceAll(help, {{"\n        ", " "}});
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_TRUE(absl::StrContains(help, "--" + setting.flag + "=") ||
                absl::StrContains(help, "--[no]" + setting.flag + "\n"))
        << setting.flag;
    EXPECT_THAT(one_line, HasSubstr(setting.comment));
    EXPECT_THAT(help, HasSubstr("\n" + setting.group + "\n"));
  }
  EXPECT_THAT(one_line, HasSubstr("Default 500ms. From 0 to 30s."));
}

TEST(HelpTest, LinesFitATerminal) {
  for (absl::string_view line :
       absl::StrSplit(FlagsHelp(BridgeSettings()), '\n')) {
    EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(DefaultsFileTest, SetsNothingUnchanged) {
  bridge::v1::Config config;
  Origins origins;
  EXPECT_EQ(
      ReadConfigText("d", DefaultsFile(), BridgeSettings(), &config, &origins),
      absl::OkStatus());
  EXPECT_EQ(config.ByteSizeLong(), 0u);
}

TEST(DefaultsFileTest, SetsEachSettingToItsDefaultWhenUncommented) {
  std::string text;
  for (absl::string_view line : absl::StrSplit(DefaultsFile(), '\n')) {
    if (absl::StartsWith(line, "#") && !absl::StartsWith(line, "# ")) {
      line.remove_prefix(1);
    }
    absl::StrAppend(&text, line, "\n");
  }
  bridge::v1::Config config, defaults;
  SetDefaults(BridgeSettings(), &defaults);
  Origins origins;
  ASSERT_EQ(ReadConfigText("d", text, BridgeSettings(), &config, &origins),
            absl::OkStatus())
      << text;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_EQ(ValuesOf(setting, config), ValuesOf(setting, defaults));
    const bool has_value = !ValuesOf(setting, defaults).empty();
    EXPECT_EQ(origins.Of(setting.key) != "",
              has_value && !setting.rules.not_in_file())
        << setting.key;
  }
}

TEST(EffectiveFileTest, RoundTrips) {
  auto line = ParseCommandLine(
      {"--upstream=a:1", "--upstream=b:1", "--auth-issuer=true # \"\\ \xc3\xa9",
       "--max-body=3MiB", "--keep-alive=1500ms", "--reflect"},
      {&BridgeSettings()});
  auto loaded = LoadConfig(*line, {});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const std::string text = EffectiveFile(*loaded);
  EXPECT_THAT(text, HasSubstr("max_body: 3MiB  # --max-body\n"));
  bridge::v1::Config again;
  Origins origins;
  ASSERT_EQ(ReadConfigText("e", text, BridgeSettings(), &again, &origins),
            absl::OkStatus());
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_EQ(ValuesOf(setting, again), ValuesOf(setting, loaded->config));
  }
}

TEST(EffectiveFileTest, HidesPasswords) {
  for (const auto& [url, shown] :
       std::vector<std::pair<std::string, std::string>>{
           {"redis://ann:pa:s@s/w@host:1/2", "redis://ann:***@host:1/2"},
           {"redis://:secret@host", "redis://:***@host"},
           {"redis://host:6379", "redis://host:6379"}}) {
    auto line =
        ParseCommandLine({"--limits-redis=" + url}, {&BridgeSettings()});
    auto loaded = LoadConfig(*line, {});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_THAT(EffectiveFile(*loaded),
                HasSubstr("\nlimits_redis: \"" + shown + "\"  # "));
    EXPECT_EQ(loaded->config.limits_redis(), url);
  }
}

TEST(ReferenceTest, HasARowPerSetting) {
  const std::string reference = ReferenceMarkdown();
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_THAT(reference, HasSubstr("\n| `" + setting.key + "` | "));
  }
}

TEST(ReferenceTest, ReadmeHasTheCurrentTables) {
  std::ifstream file(SSE_BRIDGE_ROOT "/bridge/config/README.md");
  const std::string document((std::istreambuf_iterator<char>(file)),
                             std::istreambuf_iterator<char>());
  EXPECT_TRUE(absl::StrContains(
      document, absl::StrCat("<!-- settings: begin -->\n", ReferenceMarkdown(),
                             "<!-- settings: end -->\n")))
      << "run scripts/settings.sh";
}

}  // namespace
}  // namespace sse_bridge
