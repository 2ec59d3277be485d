// The manual page and the completion contain every setting.

#include "bridge/config/manual.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/config/command_line.h"
#include "bridge/config/setting_list.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

TEST(ManualTest, NamesEverySettingInItsGroup) {
  const std::string page =
      absl::StrReplaceAll(ManualPage("1.2.3"), {{"\\-", "-"}});
  EXPECT_THAT(page, HasSubstr("\"sse-bridge 1.2.3\""));
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_THAT(page, HasSubstr(setting.flag + "\\fR"));
    EXPECT_THAT(page, HasSubstr("\n.SS " + setting.group + "\n"));
    EXPECT_THAT(page, HasSubstr("\n" + setting.comment));
  }
}

TEST(ManualTest, NamesEveryCommand) {
  for (absl::string_view command : kCommandNames) {
    EXPECT_THAT(ManualPage("1"), HasSubstr(absl::StrCat("\n.B ", command)));
    EXPECT_THAT(BashCompletion(), HasSubstr(command));
  }
}

TEST(ManualTest, NoTextIsARoffRequest) {
  for (absl::string_view line : absl::StrSplit(ManualPage("1"), '\n')) {
    if (line.empty() || (line[0] != '.' && line[0] != '\'')) continue;
    const absl::string_view request = line.substr(1, line.find(' ') - 1);
    EXPECT_THAT(
        (std::vector<absl::string_view>{"TH", "SH", "SS", "TP", "PP", "B", "BR",
                                        "I", "nf", "fi", "nh", "ad"}),
        ::testing::Contains(request))
        << line;
  }
}

TEST(CompletionTest, NamesEverySettingAndTheValuesOfEnums) {
  const std::string script = BashCompletion();
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    EXPECT_THAT(script, HasSubstr("--" + setting.flag));
  }
  EXPECT_THAT(script, HasSubstr("trace debug info warning error off"));
}

}  // namespace
}  // namespace sse_bridge
