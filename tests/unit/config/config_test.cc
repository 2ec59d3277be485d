// The sources of values and their precedence.

#include "bridge/config/config.h"

#include <fstream>

#include "bridge/config/setting_value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConfigTest : public ::testing::Test {
 protected:
  void File(const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    environment_["SSE_BRIDGE_CONFIG"] = path_;
  }

  absl::StatusOr<LoadedConfig> Load(std::vector<std::string> flags = {}) {
    auto line = ParseCommandLine(flags, {&BridgeSettings()});
    if (!line.ok()) return line.status();
    return LoadConfig(*line, environment_);
  }

  const testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/bridge.yaml";
  Environment environment_;
};

TEST_F(ConfigTest, UnsetSettingsHaveTheirDefaults) {
  auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.listen(), "127.0.0.1:8080");
  EXPECT_EQ(loaded->config.workers(), 2);
  EXPECT_EQ(ToDuration(loaded->config.open_grace()), absl::Milliseconds(500));
  EXPECT_EQ(loaded->config.log_level(), bridge::v1::LOG_LEVEL_INFO);
}

TEST_F(ConfigTest, FlagsOverrideEnvironmentThenFileThenDefaults) {
  File("workers: 3\nupstream: [a:1, a:2]\n");
  EXPECT_EQ(Load()->config.workers(), 3);
  EXPECT_THAT(Load()->config.upstream(), ElementsAre("a:1", "a:2"));
  EXPECT_EQ(Load()->origins.Of("workers"), path_ + ":1:10: workers");

  environment_["SSE_BRIDGE_WORKERS"] = "4";
  environment_["SSE_BRIDGE_UPSTREAM"] = "b:1";
  EXPECT_EQ(Load()->config.workers(), 4);
  EXPECT_THAT(Load()->config.upstream(), ElementsAre("b:1"));
  EXPECT_EQ(Load()->origins.Of("workers"), "SSE_BRIDGE_WORKERS");

  const auto loaded = Load({"--workers=5", "--upstream=c:1", "--upstream=c:2"});
  EXPECT_EQ(loaded->config.workers(), 5);
  EXPECT_THAT(loaded->config.upstream(), ElementsAre("c:1", "c:2"));
  EXPECT_EQ(loaded->origins.Of("upstream", 1), "--upstream");
}

TEST_F(ConfigTest, VariableOfARepeatedSettingHoldsSeveralValues) {
  environment_["SSE_BRIDGE_UPSTREAM"] = "a:1,a:2;x.Y=b:1;";
  EXPECT_THAT(Load()->config.upstream(), ElementsAre("a:1,a:2", "x.Y=b:1"));
  environment_["SSE_BRIDGE_UPSTREAM"] = "";
  EXPECT_THAT(Load()->config.upstream(), IsEmpty());
}

TEST_F(ConfigTest, FileIsNamedByFlagOrVariable) {
  File("workers: 3\n");
  environment_.clear();
  EXPECT_EQ(Load()->config.workers(), 2);
  EXPECT_EQ(Load({"--config", path_})->config.workers(), 3);
  environment_["SSE_BRIDGE_CONFIG"] = "/none/of.yaml";
  EXPECT_EQ(Load({"--config", path_})->config.workers(), 3);
  EXPECT_THAT(std::string(Load().status().message()),
              HasSubstr("SSE_BRIDGE_CONFIG: cannot read /none/of.yaml"));
}

TEST_F(ConfigTest, OverriddenInvalidValuesAreErrors) {
  File("workers: none\n");
  EXPECT_THAT(std::string(Load({"--workers=3"}).status().message()),
              HasSubstr(path_ + ":1:10: workers: "));
  File("workers: 3\n");
  environment_["SSE_BRIDGE_WORKERS"] = "65";
  EXPECT_THAT(std::string(Load({"--workers=3"}).status().message()),
              HasSubstr("SSE_BRIDGE_WORKERS: must be from 1 to 64"));
}

TEST_F(ConfigTest, UnknownVariableIsAWarning) {
  environment_["SSE_BRIDGE_SERVICE_HOST"] = "10.0.0.1";
  environment_["HOME"] = "/";
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(loaded->warnings,
              ElementsAre(HasSubstr("SSE_BRIDGE_SERVICE_HOST")));
}

TEST_F(ConfigTest, LoadReadsTheFileAgainAndCompareReportsChanges) {
  File("workers: 3\nlog_level: debug\n");
  const auto before = Load();
  File("workers: 4\nlog_level: info\n");
  const auto after = Load();
  const ConfigChange change = Compare(before->config, after->config);
  EXPECT_THAT(change.reloadable, ElementsAre("log_level"));
  EXPECT_THAT(change.need_restart, ElementsAre("workers"));
  EXPECT_THAT(Compare(after->config, Load()->config).need_restart, IsEmpty());
}

TEST_F(ConfigTest, ProcessEnvironmentHasTheVariables) {
  ASSERT_EQ(setenv("SSE_BRIDGE_TEST_VALUE", "a=b", 1), 0);
  EXPECT_EQ(ProcessEnvironment()["SSE_BRIDGE_TEST_VALUE"], "a=b");
  ASSERT_EQ(unsetenv("SSE_BRIDGE_TEST_VALUE"), 0);
}

}  // namespace
}  // namespace sse_bridge
