// The two programs as processes: their command lines, their ends.

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"
#include "tests/support/reserved_port.h"

namespace sse_bridge::testing {
namespace {

constexpr int kBadUsage = 2;

// `options` are wrong: the program tells by `words` in what, and ends.
void ExpectBadUsage(std::vector<std::string> argv,
                    const std::vector<std::string>& options,
                    const std::string& words) {
  argv.insert(argv.end(), options.begin(), options.end());
  Process process(argv);
  const std::string last = argv.back();
  EXPECT_EQ(process.Wait(), kBadUsage) << last;
  EXPECT_NE(process.Stderr().find(words), std::string::npos)
      << last << ": " << process.Stderr();
  EXPECT_EQ(process.Stdout(), "") << last;
}

TEST(CommandLineTest, BridgeNamesTheWrongOption) {
  TemporaryDirectory files;
  const std::string text = files.path() + "/text";
  WriteFile(text, "neither a key nor a schema");
  const std::vector<std::string> bridge = {BridgeProgram(), "--listen",
                                           "127.0.0.1:0"};
  ExpectBadUsage(bridge, {}, "--upstream");
  for (const auto& [option, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"--listen=nowhere", "--listen"},
           {"--listen=127.0.0.1:65536",
            "--listen: '127.0.0.1:65536' is not "
            "HOST:PORT: the port must be a number"},
           {"--listen=8080", "as in 127.0.0.1:8080"},
           {"--admin=127.0.0.1:70000", "--admin"},
           {"--upstream=a.B=127.0.0.1:65536", "the port must be a number"},
           {"--upstream=a.B=dns:///host:65536", "the port must be a number"},
           {"--limits-redis=redis://127.0.0.1:65536", "--limits-redis"},
           {"--port=80", "did you mean --listen?"},
           {"--max-stream=80", "did you mean --max-streams?"},
           {"--upstream=:1", ":1"},
           {"--upstream=127.0.0.1:2", "--upstream"},  // the second for all
           {"--workers=0", "--workers"},
           {"--keep-alive=-1s", "--keep-alive"},
           {"--keep-alive=99ms", "--keep-alive"},
           {"--max-streams=-1", "--max-streams"},
           {"--max-body=-1", "--max-body"},
           {"--auth-leeway=6m", "--auth-leeway"},
           {"--descriptor-set=/none", "/none"},
           {"--descriptor-set=" + text, text},
           {"--auth-key=/none", "/none"},
           {"--auth-key=" + text, text},
           {"--queue-bytes=1", "--queue-bytes"},
           {"--log-level=loud", "--log-level"},
           {"serve", "serve"}}) {
    ExpectBadUsage(bridge, {"--upstream", "127.0.0.1:1", option}, words);
  }
}

TEST(CommandLineTest, BackendsNameTheWrongOption) {
  const std::vector<std::string> backends = {BackendsProgram(), "--listen",
                                             "127.0.0.1:0", "--store",
                                             "sqlite::memory:"};
  for (const auto& [option, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"--listen=nowhere", "--listen"},
           {"--listen=127.0.0.1:-1", "--listen"},
           {"--listen=127.0.0.1:65536", "the port must be a number"},
           {"--store=redis://127.0.0.1:65536", "--store"},
           {"--lisen=127.0.0.1:0", "did you mean --listen?"},
           {"--market-interval=often", "--market-interval"},
           {"--nosimulate-market=true", "--nosimulate-market"},
           {"--helpful", "did you mean --help?"},
           {"--store=elsewhere:x", "--store"},
           {"--store=sqlite:/none/events.db", "/none/events.db"},
           {"--market-interval=0s", "--market-interval"},
           {"--presence-grace=-1s", "--presence-grace"},
           {"--history-max-events=0", "--history-max-events"},
           {"--history-max-age=0s", "--history-max-age"},
           {"serve", "serve"}}) {
    ExpectBadUsage(backends, {option}, words);
  }
}

TEST(CommandLineTest, UnknownOptionsAndValuesAreNamed) {
  for (const std::string& program : {BridgeProgram(), BackendsProgram()}) {
    for (const auto& [option, words] :
         std::vector<std::pair<std::string, std::string>>{
             {"--frobnicate", "frobnicate"}, {"--drain-timeout=x", "drain"}}) {
      Process process({program, option});
      EXPECT_GT(process.Wait(), 0) << option;
      EXPECT_NE(process.Stderr().find(words), std::string::npos)
          << process.Stderr();
    }
  }
}

TEST(CommandLineTest, UnknownCommandsAreNamedWithWhatWasMeant) {
  for (const auto& [command, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"chek", "unknown command 'chek'; did you mean 'check'?"},
           {"serve", "the bridge runs without one"},
           {"frobnicate",
            "commands are check, config, help, transcode, version"},
           {"127.0.0.1:50051", "did you mean --upstream 127.0.0.1:50051?"},
           {"upstream=127.0.0.1:50051", "did you mean --upstream?"}}) {
    ExpectBadUsage({BridgeProgram()}, {command}, words);
  }
}

// The output of a program that ends with 0 and says nothing on stderr.
std::string Output(std::vector<std::string> argv) {
  Process process(std::move(argv));
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_EQ(process.Stderr(), "");
  return process.Stdout();
}

TEST(CommandLineTest, HelpAndVersionAreFoundByEveryName) {
  for (const std::string& program : {BridgeProgram(), BackendsProgram()}) {
    const std::string help = Output({program, "--help"});
    for (const std::string other : {"-h", "help", "-help"}) {
      EXPECT_EQ(Output({program, other}), help) << program << " " << other;
    }
    const std::string version = Output({program, "--version"});
    EXPECT_EQ(std::count(version.begin(), version.end(), '\n'), 1) << version;
    EXPECT_NE(version.find_first_of("0123456789"), std::string::npos);
    for (const std::string other : {"-v", "version"}) {
      EXPECT_EQ(Output({program, other}), version) << program << " " << other;
    }
  }
  EXPECT_EQ(Output({BridgeProgram(), "help", "check"}),
            Output({BridgeProgram(), "check", "--help"}));
  EXPECT_EQ(Output({BridgeProgram(), "check", "--version"}),
            Output({BridgeProgram(), "--version"}));
}

// The names of the options that a help text lists.
std::set<std::string> OptionsOf(const std::string& help) {
  std::set<std::string> options;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("  --", 0) != 0) continue;
    std::string name = line.substr(4, line.find_first_of("= ", 4) - 4);
    if (name.rfind("[no]", 0) == 0) name = name.substr(4);
    options.insert(name);
  }
  return options;
}

TEST(CommandLineTest, HelpListsTheProgramsOwnOptionsAndNoPaths) {
  const std::string backends = Output({BackendsProgram(), "--help"});
  EXPECT_EQ(OptionsOf(backends),
            (std::set<std::string>{
                "drain-timeout", "help", "history-max-age",
                "history-max-events", "listen", "market-interval", "multiplex",
                "presence-grace", "presence-lease", "simulate-market", "store",
                "tls-cert", "tls-client-ca", "tls-key", "version"}));
  EXPECT_EQ(backends.find("main.cc"), std::string::npos);
  // Transcoding has no option of the bridge.
  const std::string transcode = Output({BridgeProgram(), "help", "transcode"});
  EXPECT_TRUE(OptionsOf(transcode).contains("descriptor-set"));
  EXPECT_FALSE(OptionsOf(transcode).contains("upstream"));
  const std::set<std::string> bridge =
      OptionsOf(Output({BridgeProgram(), "--help"}));
  EXPECT_TRUE(bridge.contains("upstream"));
  EXPECT_FALSE(bridge.contains("defaults"));
}

TEST(CommandLineTest, UnreachableBackendIsToldWithTheReasonAndFoundLater) {
  std::string address;
  { address = Backends("").address; }
  Bridge bridge(address);
  WaitFor("the warning", [&] {
    return bridge.process->Stderr().find("--upstream " + address +
                                         ": cannot connect: ") !=
           std::string::npos;
  });
  EXPECT_NE(bridge.process->Stderr().find("keeps trying"), std::string::npos);
  Backends backends("", address);
  WaitFor("the connection", [&] {
    return bridge.process->Stderr().find("--upstream " + address +
                                         ": connected") != std::string::npos;
  });
}

TEST(CommandLineTest, DeadReflectionTargetIsToldAndCtrlCStops) {
  const ReservedPort dead;
  const std::string address = dead.address();
  for (const std::string command : {"", "check"}) {
    std::vector<std::string> argv = {BridgeProgram()};
    if (!command.empty()) argv.push_back(command);
    argv.insert(argv.end(), {"--upstream", address, "--reflect"});
    if (command.empty()) argv.insert(argv.end(), {"--listen", "127.0.0.1:0"});
    Process process(argv);
    WaitFor("the warning", [&] {
      return process.Stderr().find("--reflect: no schema from " + address) !=
             std::string::npos;
    });
    const std::string told = process.Stderr();
    EXPECT_NE(told.find("Ctrl-C stops it"), std::string::npos) << told;
    process.Signal(SIGINT);
    EXPECT_GT(process.Wait(), 0);
    EXPECT_EQ(process.Stdout(), "");
  }
}

TEST(CommandLineTest, TakenPortIsNamed) {
  Backends backends("");
  Bridge bridge(backends.address);
  const std::string port = bridge.address.substr(std::string("http://").size());
  Process second_bridge(
      {BridgeProgram(), "--listen", port, "--upstream", backends.address});
  EXPECT_GT(second_bridge.Wait(), 0);
  EXPECT_NE(second_bridge.Stderr().find(port), std::string::npos)
      << second_bridge.Stderr();
  Process second_backends({BackendsProgram(), "--listen", backends.address,
                           "--store", "sqlite::memory:"});
  EXPECT_GT(second_backends.Wait(), 0);
  EXPECT_NE(second_backends.Stderr().find(backends.address), std::string::npos)
      << second_backends.Stderr();
}

TEST(CommandLineTest, StdoutIsTheAddressAndNoMore) {
  Backends backends("");
  Bridge bridge(backends.address);
  EXPECT_EQ(backends.process->Stdout(),
            "listening on " + backends.address + "\n");
  EXPECT_EQ(bridge.process->Stdout(), "listening on " + bridge.address + "\n");
  EXPECT_EQ(bridge.address.rfind("http://127.0.0.1:", 0), 0u);
}

class EndTest : public ServicesTest {};

TEST_F(EndTest, SigtermEndsStreamsWholeAndTheBridgeWithZero) {
  std::vector<HttpConnection> streams;
  for (const std::string target :
       {"/prices/stream?symbols=A", "/channels/c/stream", "/events"}) {
    streams.push_back(bridge_.Stream(target, writer_));
  }
  bridge_.process->Signal(SIGTERM);
  for (HttpConnection& stream : streams) {
    // The harness fails the test where the last chunk is missing.
    while (stream.NextBlock().has_value()) {
    }
    EXPECT_TRUE(stream.AtEnd());
  }
  EXPECT_EQ(bridge_.process->Wait(), 0) << bridge_.process->Stderr();
}

TEST_F(EndTest, SigtermWithoutStreamsIsQuick) {
  Bridge patient(backends_.address, {"--drain-timeout", "10m"});
  EXPECT_EQ(patient.Call("GET", "/nothing").status, 404);
  patient.process->Signal(SIGTERM);
  EXPECT_EQ(patient.process->Wait(), 0);
}

TEST_F(EndTest, SecondSigtermEndsTheBridgeAtOnce) {
  Bridge patient(backends_.address, {"--drain-timeout", "10m"});
  // Many, so that the spread ends of some are far away.
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 50; ++i) {
    streams.push_back(patient.Stream("/prices/stream?symbols=A"));
  }
  patient.process->Signal(SIGTERM);
  WaitFor("the drain", [&] {
    return patient.process->Stderr().find("draining") != std::string::npos;
  });
  EXPECT_TRUE(patient.process->running());
  // What follows the message is not waited for: signals are repeated.
  WaitFor("the end", [&] {
    patient.process->Signal(SIGTERM);
    return !patient.process->running();
  });
  EXPECT_EQ(patient.process->Wait(), 128 + SIGTERM);
}

TEST_F(EndTest, DrainingBridgeTakesNoNewConnections) {
  Bridge patient(backends_.address, {"--drain-timeout", "10m"});
  HttpConnection kept(patient.address);
  kept.Send(patient.Request("GET", "/nothing"));
  EXPECT_EQ(kept.ReadAnswer().status, 404);
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 50; ++i) {
    streams.push_back(patient.Stream("/prices/stream?symbols=A"));
  }
  patient.process->Signal(SIGTERM);
  WaitFor("the drain", [&] {
    return patient.process->Stderr().find("draining") != std::string::npos;
  });
  kept.Send(patient.Request("GET", "/prices/stream?symbols=A"));
  const int status = kept.ReadHead().status;
  EXPECT_TRUE(status == 503 || status == 0) << status;  // or it was closed
}

TEST_F(EndTest, SigtermEndsTheBackendsWithZeroAndKeepsWhatTheyHave) {
  HttpConnection stream = bridge_.Stream("/notifications/stream", writer_);
  Notify("writer", "one");
  EXPECT_EQ(Data(stream.Event())["title"], "one");
  backends_.process->Signal(SIGTERM);
  EXPECT_EQ(backends_.process->Wait(), 0) << backends_.process->Stderr();
  backends_ = Backends(store_.path(), backends_.address);
  WaitForBackends();
  Notify("writer", "two");
  EXPECT_EQ(Data(stream.Event())["title"], "two");
}

TEST_F(EndTest, SighupReadsTheSchemaAgainWithoutDroppingStreams) {
  const std::string set = store_.path() + "/schema.binpb";
  const std::string builtin =
      ReadFile(RepositoryRoot() + "/gen/descriptors/builtin.binpb");
  WriteFile(set, builtin);
  Bridge bridge(backends_.address, {"--descriptor-set", set});
  HttpConnection stream = bridge.Stream("/prices/stream?symbols=A");
  const auto wait_for_log = [&](const std::string& words) {
    WaitFor(words, [&] {
      return bridge.process->Stderr().find(words) != std::string::npos;
    });
  };
  WriteFile(set, "half a schema");
  bridge.process->Signal(SIGHUP);
  wait_for_log("the current schema stays in use");
  EXPECT_EQ(bridge.Call("GET", "/prices/stream").status, 400);
  WriteFile(set, builtin);
  bridge.process->Signal(SIGHUP);
  wait_for_log("reload: schema loaded");
  Publish("A", 7);
  EXPECT_EQ(Data(stream.Event())["price"], 7);
  HttpConnection next = bridge.Stream("/prices/stream?symbols=A");
  EXPECT_EQ(Data(next.Event())["price"], 7);
}

}  // namespace
}  // namespace sse_bridge::testing
