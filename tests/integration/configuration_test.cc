// Configuration as files, variables and flags of the real program.

#include <csignal>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

CommandResult RunBridge(const std::string& arguments,
                        const std::string& environment = "") {
  return TryCommand("env " + environment + " " + BridgeProgram() + " " +
                    arguments + " 2>&1");
}

bool Has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

class ConfigurationTest : public ServicesTest {
 protected:
  void File(const std::string& text) { WriteFile(path_, text); }

  const std::string path_ = store_.path() + "/bridge.yaml";
};

TEST_F(ConfigurationTest, FileStartsABridge) {
  File("listen: 127.0.0.1:0\nupstream: [" +
       backends_.address.substr(backends_.address.rfind('/') + 1) +
       "]\nmax_body: 16B\n");
  Process bridge({BridgeProgram(), "--config", path_});
  const std::string address = bridge.WaitForLine("listening on ");
  ASSERT_NE(address, "") << bridge.Stderr();
  HttpRequest request;
  request.verb = "POST";
  request.target = "/prices/stream";
  request.body = std::string(17, ' ');
  EXPECT_EQ(Fetch(address, request).status, 413);
}

TEST_F(ConfigurationTest, BrokenFilesStopTheStartAndTheCheck) {
  for (const auto& [text, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"listen: 127.0.0.1:0\nworkers: many\n", ":2:10: workers: "},
           {"\nmax-streams: 1\n", ":2:1: max-streams: "},
           {"retry: [1s\n", ":"},
           // What only its use shows to be wrong.
           {"workers: 2\nupstream: [127.0.0.1:1, nowhere]\n",
            ":2:25: upstream: "},
           {"upstream:\n- 127.0.0.1:1\n- 127.0.0.1:2\n", ":3:3: upstream: "},
           {"upstream: 127.0.0.1:1\nauth_key: /none/key\n",
            ":2:11: auth_key: "},
           {"upstream: 127.0.0.1:1\ndescriptor_set: [/none/set]\n",
            ":2:18: descriptor_set: "}}) {
    File(text);
    for (const std::string command : {"check --config ", "--config "}) {
      const CommandResult result = RunBridge(command + path_);
      EXPECT_EQ(result.code, 2) << text << result.output;
      EXPECT_TRUE(Has(result.output, path_ + words)) << text << result.output;
    }
  }
}

TEST_F(ConfigurationTest, FlagsWinOverVariablesOverTheFile) {
  File("workers: 3\nretry: 3s\nlinger: 3s\n");
  const CommandResult result =
      RunBridge("config --config " + path_ + " --linger=5s",
                "SSE_BRIDGE_RETRY=4s SSE_BRIDGE_LINGER=4s");
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(Has(result.output, "workers: 3  # " + path_ + ":1:10: workers\n"))
      << result.output;
  EXPECT_TRUE(Has(result.output, "retry: 4s  # SSE_BRIDGE_RETRY\n"));
  EXPECT_TRUE(Has(result.output, "linger: 5s  # --linger\n"));
}

TEST_F(ConfigurationTest, DefaultsAreAFileThatCanBeUsed) {
  RunCommand(BridgeProgram() + " config --defaults > " + path_);
  const CommandResult result =
      RunBridge("check --config " + path_ + " --upstream 127.0.0.1:1");
  EXPECT_EQ(result.code, 0) << result.output;
}

TEST_F(ConfigurationTest, CheckPrintsTheRoutes) {
  const CommandResult result = RunBridge("check --upstream 127.0.0.1:1");
  EXPECT_EQ(result.code, 0) << result.output;
  for (const char* words :
       {"METHOD", "ROUTE", "EVENT", "ACCESS", "SHARING", "LIMITS",
        "realtime.v1.Tasks.StreamProgress", "GET /tasks/{task_id}/progress",
        "scope notifications:read, subject=user_id", "role admin",
        "by symbols snapshot=LAST", "from event id=cursor", "slow CONFLATE",
        "resume cursor"}) {
    EXPECT_TRUE(Has(result.output, words)) << words << "\n" << result.output;
  }
}

TEST_F(ConfigurationTest, CheckNamesWhatIsWrongWithTheSchema) {
  const std::string set = store_.path() + "/set.binpb";
  WriteFile(set, "no schema");
  const CommandResult result =
      RunBridge("check --upstream 127.0.0.1:1 --descriptor-set " + set);
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(Has(result.output, set)) << result.output;
}

TEST_F(ConfigurationTest, CommandsAndTheirHelpAreThere) {
  for (const char* command : {"", "check", "config", "transcode"}) {
    const CommandResult result = RunBridge(std::string(command) + " --help");
    EXPECT_EQ(result.code, 0) << command;
    EXPECT_TRUE(Has(result.output, "--descriptor-set")) << command;
  }
  EXPECT_TRUE(Has(RunBridge("--version").output, "sse-bridge "));
  EXPECT_EQ(RunBridge("frobnicate").code, 2);
}

TEST_F(ConfigurationTest, SighupReloadsWhatItCanAndSaysWhatItCannot) {
  File("log_level: info\nworkers: 2\n");
  Bridge bridge(backends_.address, {"--config", path_});
  const auto reload = [&](const std::string& text, const std::string& log) {
    File(text);
    bridge.process->Signal(SIGHUP);
    WaitFor(log, [&] { return Has(bridge.process->Stderr(), log); });
  };
  reload("workers: 3\n", "workers changed and needs a restart");
  reload("workers: none\n", path_ + ":1:10: workers: ");
  EXPECT_TRUE(
      Has(bridge.process->Stderr(), "the current configuration stays in use"));
  reload("log_level: debug\n", "log_level is now debug");
  reload("log_streams: true\nlog_subjects: omit\n", "log_subjects is now omit");
  const HttpConnection stream =
      bridge.Stream("/prices/stream?symbols=A", writer_);
  WaitFor("the stream's log",
          [&] { return Has(bridge.process->Stderr(), "http.stream.started"); });
  EXPECT_FALSE(Has(bridge.process->Stderr(), "\"subject\""));
  reload("max_streams: 1\n", "max_streams is now 1");
  ExpectError(bridge.Call("GET", "/prices/stream?symbols=A"), 503);
  EXPECT_EQ(bridge.Call("GET", "/nothing").status, 404);
}

}  // namespace
}  // namespace sse_bridge::testing
