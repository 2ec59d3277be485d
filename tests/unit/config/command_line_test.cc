// The syntax of flags.

#include "bridge/config/command_line.h"

#include "bridge/config/origins.h"
#include "bridge/config/setting_value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Parses flags into a configuration. Stores an error in `auth_issuer`.
bridge::v1::Config Parsed(const std::vector<std::string>& arguments) {
  bridge::v1::Config config;
  SetDefaults(BridgeSettings(), &config);
  auto line = ParseCommandLine(arguments, {&BridgeSettings()});
  absl::Status status = line.status();
  if (status.ok()) {
    status = ApplyFlags(*line, BridgeSettings(), &config, nullptr);
  }
  if (!status.ok()) config.set_auth_issuer(std::string(status.message()));
  return config;
}

TEST(CommandLineTest, ValueFollowsEqualsSignOrSpace) {
  EXPECT_EQ(Parsed({"--workers=3"}).workers(), 3);
  EXPECT_EQ(Parsed({"--workers", "3"}).workers(), 3);
  EXPECT_EQ(Parsed({"-workers=3"}).workers(), 3);
  EXPECT_EQ(Parsed({"--max_streams=3"}).max_streams(), 3);
  EXPECT_EQ(Parsed({"--max-streams", "3"}).max_streams(), 3);
  EXPECT_EQ(Parsed({"--auth-issuer=a=b"}).auth_issuer(), "a=b");
  EXPECT_EQ(Parsed({"--auth-issuer", "--workers"}).auth_issuer(), "--workers");
  EXPECT_EQ(Parsed({"--workers=3", "--workers=4"}).workers(), 4);
}

TEST(CommandLineTest, BooleansNeedNoValueAndCanBeNegated) {
  EXPECT_TRUE(Parsed({"--reflect"}).reflect());
  EXPECT_TRUE(Parsed({"--reflect=true"}).reflect());
  EXPECT_FALSE(Parsed({"--reflect", "--reflect=false"}).reflect());
  EXPECT_FALSE(Parsed({"--reflect", "--noreflect"}).reflect());
  EXPECT_FALSE(Parsed({"--reuse-port", "--no-reuse-port"}).reuse_port());
}

TEST(CommandLineTest, RepeatedFlagsAddValues) {
  EXPECT_THAT(Parsed({"--upstream=a:1", "--upstream", "b:1"}).upstream(),
              ElementsAre("a:1", "b:1"));
}

TEST(CommandLineTest, ErrorsNameTheFlag) {
  for (const auto& [arguments, words] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--frobnicate"}, "unknown option --frobnicate"},
           {{"--max-stream=5"}, "did you mean --max-streams?"},
           {{"--workers"}, "--workers: requires a value"},
           {{"--workers=x"}, "--workers: 'x' is not a whole number"},
           {{"--max_streams=-1"}, "--max-streams: must be from 0"},
           {{"--reflect=maybe"}, "--reflect: 'maybe' is not true or false"},
           {{"--noreflect=true"}, "--noreflect: does not take a value"},
           {{"--noworkers"}, "unknown option --noworkers; --workers takes"},
           {{"serve"}, "unexpected argument 'serve'; did you mean --serve?"},
           {{"frobnicate"}, "'frobnicate'; options begin with --"},
           {{"--reflect", "check"}, "a command comes first: sse-bridge check"},
           {{"--reflect", "true"}, "did you mean --reflect=true?"},
           {{"upstream=a:1"}, "did you mean --upstream?"},
           {{"--port=80"}, "unknown option --port; did you mean --listen?"},
           {{"-verbose"}, "unknown option -verbose; did you mean --log-level?"},
           {{"--vers"}, "did you mean --version?"},
           {{"--max-streams-per-su"}, "did you mean --max-streams-per-subject"},
           {{"-"}, "unexpected argument '-'"},
           {{"--"}, "unknown option --"}}) {
    EXPECT_THAT(Parsed(arguments).auth_issuer(), HasSubstr(words));
  }
}

TEST(CommandLineTest, HelpAndVersionAreRecognized) {
  EXPECT_TRUE(ParseCommandLine({"--help"}, {&BridgeSettings()})->help);
  EXPECT_TRUE(ParseCommandLine({"-h"}, {&BridgeSettings()})->help);
  for (const std::string version : {"--version", "-v", "-V"}) {
    EXPECT_TRUE(ParseCommandLine({version}, {&BridgeSettings()})->version);
  }
}

TEST(CommandLineTest, EachListAppliesItsOwnFlags) {
  const SettingList commands(bridge::v1::ConfigCommand::descriptor());
  auto line = ParseCommandLine({"--defaults", "--workers=3"},
                               {&commands, &BridgeSettings()});
  ASSERT_TRUE(line.ok()) << line.status();
  bridge::v1::ConfigCommand command;
  bridge::v1::Config config;
  Origins origins;
  EXPECT_EQ(ApplyFlags(*line, commands, &command, nullptr), absl::OkStatus());
  EXPECT_EQ(ApplyFlags(*line, BridgeSettings(), &config, &origins),
            absl::OkStatus());
  EXPECT_TRUE(command.defaults());
  EXPECT_EQ(config.workers(), 3);
  EXPECT_EQ(origins.Of("workers"), "--workers");
}

}  // namespace
}  // namespace sse_bridge
