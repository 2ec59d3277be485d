// How the bridge uses its connections to backends: how many streams they carry,
// how it notices that one is dead, and what it takes from them.

#include <csignal>
#include <sstream>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"
#include "tests/integration/link_proxy.h"

namespace sse_bridge::testing {
namespace {

// tests/foreign/wire/backend.js.
struct WireBackend {
  explicit WireBackend(std::vector<std::string> arguments) {
    std::vector<std::string> argv = {
        "node", RepositoryRoot() + "/tests/foreign/wire/backend.js"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    process = std::make_unique<Process>(argv);
    address = process->WaitForLine("listening on ");
  }
  std::unique_ptr<Process> process;
  std::string address;
};

class ConnectionsTest : public FaultsTest {
 protected:
  // One stream more, which must bring an event.
  static HttpConnection Open(const Bridge& bridge, const std::string& target) {
    HttpConnection stream = bridge.Stream(target);
    stream.Event();
    return stream;
  }

  static int PeakMegabytes(const Process& process) {
    std::istringstream lines(
        ReadFile("/proc/" + std::to_string(process.pid()) + "/status"));
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("VmHWM:", 0) == 0) return std::stoi(line.substr(6)) / 1024;
    }
    ADD_FAILURE() << "no VmHWM";
    return 0;
  }

  std::string Metadata(const std::string& name) const {
    const auto seen = backend_->seen();
    for (const auto& [key, value] : seen.metadata) {
      if (key == name) return value;
    }
    return "";
  }
};

class StreamLimitTest : public ConnectionsTest,
                        public ::testing::WithParamInterface<int> {};

// grpc-js, as its users configure it.
TEST_P(StreamLimitTest, StreamsBeyondTheBackendsLimitGetAnotherConnection) {
  const int limit = GetParam();
  Process backend({"env", "MAX_CONCURRENT_STREAMS=" + std::to_string(limit),
                   "node", RepositoryRoot() + "/tests/foreign/backend.js",
                   RepositoryRoot() + "/proto"});
  TemporaryDirectory files;
  const std::string schema = files.path() + "/schema";
  RunCommand("protoc -I " + RepositoryRoot() + "/tests/foreign/proto -I " +
             RepositoryRoot() + "/proto --include_imports -o " + schema +
             " observatory.proto");
  const Bridge bridge(backend.WaitForLine("listening on "),
                      {"--descriptor-set", schema});
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 2 * limit + 1; ++i) {
    streams.push_back(Open(bridge, "/v2/sites/limit/telescopes/" +
                                       std::to_string(i) +
                                       ":watch?bands=radio"));
  }
  const HttpAnswer answer = bridge.Call("GET", "/v2/sites/limit/telescopes/1");
  EXPECT_EQ(answer.status, 200) << answer.body;
}

INSTANTIATE_TEST_SUITE_P(Limits, StreamLimitTest, ::testing::Values(3, 100));

TEST_F(ConnectionsTest, LimitThatIsLoweredLaterIsNoticed) {
  WireBackend backend({"live", "8", "2"});
  auto bridge = BridgeTo(backend.address);
  std::vector<HttpConnection> streams;
  const auto open = [&](int count) {
    for (int i = 0; i < count; ++i) {
      streams.push_back(
          Open(*bridge, "/own/" + std::to_string(streams.size())));
    }
  };
  open(5);
  backend.process->Signal(SIGUSR2);
  EXPECT_EQ(backend.process->WaitForLine("limit "), "2");
  open(6);
  EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
}

TEST_F(ConnectionsTest, EndOfAllConnectionsIsAClear503) {
  auto bridge = BridgeTo(
      backend_->address(),
      {"--upstream-streams-per-connection=2", "--upstream-max-connections=3"});
  const Answer stays{.messages = {FaultEvent(1, "a")}, .stay = true};
  backend_->Set(Path("Own"), stays);
  backend_->Set(Path("Ask"), Answer{.messages = {FaultEvent(1, "answer")}});
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(Open(*bridge, "/own/" + std::to_string(i)));
  }
  const HttpAnswer refused = bridge->Call("GET", "/own/more");
  ExpectError(refused, 503, "all connections to the backend are in use");
  EXPECT_EQ(refused.headers.count("retry-after"), 1u);
  EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
  // Slots become free.
  streams.pop_back();
  WaitFor("a free slot", [&] {
    HttpConnection stream(bridge->address);
    stream.Send(bridge->Request("GET", "/own/again"));
    return stream.ReadHead().status == 200;
  });
}

TEST_F(ConnectionsTest, PathThatGoesDarkOnAQuietStreamIsNoticed) {
  LinkProxy link(backend_->address());
  auto bridge = BridgeTo(
      link.address(),
      {"--upstream-keepalive=1s", "--upstream-keepalive-timeout=500ms"});
  backend_->Set(Path("Own"), [](const std::string& request) {
    return Answer{.messages = {FaultEvent(AsksAfter(request, 1) ? 2 : 1, "e")},
                  .stay = true};
  });
  HttpConnection stream = bridge->Stream("/own/x");
  EXPECT_EQ(stream.Event().id, "1");
  // gRPC by itself pings twice and then no more.
  WaitFor("quiet", [&] { return backend_->seen().questions > 6; });
  EXPECT_EQ(backend_->seen().started, 1);
  link.Swallow(true);
  for (bool away = false; !away;) {
    const auto block = stream.NextBlock();
    ASSERT_TRUE(block.has_value());
    away = block->comment == "upstream is away";
  }
  link.Swallow(false);
  EXPECT_EQ(stream.Event().id, "2");
}

TEST_F(ConnectionsTest, LargeErrorDetailsArrive) {
  google::rpc::BadRequest bad;
  for (int i = 0; i < 400; ++i) {
    auto* violation = bad.add_field_violations();
    violation->set_field("rows[" + std::to_string(i) + "].price");
    violation->set_description("must be greater than zero");
  }
  google::rpc::Status status;
  status.set_code(3);
  status.add_details()->PackFrom(bad);
  for (const char* method : {"Ask", "Own"}) {
    backend_->Set(Path(method), Answer{.code = 3,
                                       .message = "bad rows",
                                       .details = status.SerializeAsString()});
  }
  for (const char* target : {"/ask/x", "/own/x"}) {
    const HttpAnswer answer = bridge_->Call("GET", target);
    ExpectError(answer, 400, "bad rows");
    EXPECT_NE(answer.body.find("rows[399].price"), std::string::npos);
  }
}

TEST_F(ConnectionsTest, MetadataBeyondTheLimitAreTheBackendsFault) {
  WireBackend backend({"trailers", "20000"});
  auto strict = BridgeTo(backend.address, {"--upstream-max-metadata=8KiB"});
  auto generous = BridgeTo(backend.address);
  for (const char* target : {"/ask/x", "/own/x"}) {
    ExpectError(strict->Call("GET", target), 500,
                "larger than upstream_max_metadata allows");
    ExpectError(generous->Call("GET", target), 400, "bad rows");
  }
}

TEST_F(ConnectionsTest, DetailsThatCannotBeReadAreAnError) {
  WireBackend backend({"trailers", "0", "!!!notbase64"});
  auto bridge = BridgeTo(backend.address);
  for (const char* target : {"/ask/x", "/own/x"}) {
    EXPECT_GE(bridge->Call("GET", target).status, 500);
  }
  EXPECT_TRUE(bridge->process->running());
}

TEST_F(ConnectionsTest, CompressedMessagesAreRefusedBeforeTheyAreInflated) {
  for (const char* encoding : {"gzip", "deflate"}) {
    SCOPED_TRACE(encoding);
    WireBackend backend({"bomb", "300", encoding});
    auto bridge = BridgeTo(backend.address);
    for (const char* target : {"/ask/x", "/own/x", "/live/x"}) {
      ExpectError(bridge->Call("GET", target), 500, "compressed");
    }
    EXPECT_LT(PeakMegabytes(*bridge->process), 150);
    // Of reflection as well.
    Process reflecting(
        {BridgeProgram(), "check", "--reflect", "--upstream", backend.address});
    EXPECT_NE(reflecting.Wait(60), 0);
    const std::string told = reflecting.Stderr();
    EXPECT_NE(told.find("compressed"), std::string::npos) << told;
  }
}

TEST_F(ConnectionsTest, MetadataOfAFileGoWithEveryCall) {
  TemporaryDirectory files;
  const std::string file = files.path() + "/metadata";
  WriteFile(file, "# the backend's\nX-Api-Key: s3cret-one\n");
  auto bridge =
      BridgeTo(backend_->address(), {"--upstream-metadata-file", file,
                                     "--upstream-authority=api.example.com"});
  backend_->Set(Path("Ask"), Answer{.messages = {FaultEvent(1, "a")}});
  backend_->Set(Path("Own"),
                Answer{.messages = {FaultEvent(1, "a")}, .stay = true});
  EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
  EXPECT_EQ(Metadata("x-api-key"), "s3cret-one");
  EXPECT_EQ(backend_->seen().host, "api.example.com");
  HttpConnection stream = Open(*bridge, "/own/x");
  EXPECT_EQ(Metadata("x-api-key"), "s3cret-one");

  WriteFile(file + ".new", "x-api-key: s3cret-two\n");
  ASSERT_EQ(rename((file + ".new").c_str(), file.c_str()), 0);
  WaitFor("the new key", [&] {
    EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
    return Metadata("x-api-key") == "s3cret-two";
  });
  // What cannot be used leaves the old in force.
  WriteFile(file + ".new", "s3cret-three\n");
  ASSERT_EQ(rename((file + ".new").c_str(), file.c_str()), 0);
  WaitFor("the log", [&] {
    return bridge->process->Stderr().find("line 1: expected `name: value`") !=
           std::string::npos;
  });
  EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
  EXPECT_EQ(Metadata("x-api-key"), "s3cret-two");
  EXPECT_EQ(bridge->process->Stderr().find("s3cret"), std::string::npos);
}

TEST_F(ConnectionsTest, SettingsOfOneServiceAreForItsBackendOnly) {
  TemporaryDirectory files;
  const std::string file = files.path() + "/key=metadata";
  WriteFile(file, "x-api-key: s3cret\n");
  auto bridge = BridgeTo(
      "127.0.0.1:1", {"--upstream=faults.v1.Faults=" + backend_->address(),
                      "--upstream-metadata-file=faults.v1.Faults=" + file,
                      "--upstream-authority=faults.v1.Faults=faults.internal:1",
                      "--upstream-authority=other.internal"});
  backend_->Set(Path("Ask"), Answer{.messages = {FaultEvent(1, "a")}});
  EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
  EXPECT_EQ(Metadata("x-api-key"), "s3cret");
  EXPECT_EQ(backend_->seen().host, "faults.internal:1");
}

TEST_F(ConnectionsTest, EitherClientServes) {
  backend_->Set(Path("Ask"), Answer{.messages = {FaultEvent(1, "a")}});
  for (const bool direct : {true, false}) {
    auto bridge =
        BridgeTo(backend_->address(),
                 {direct ? "--upstream-direct" : "--no-upstream-direct"});
    EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
    const bool by_grpc =
        Metadata("user-agent").find("grpc-c++/") != std::string::npos;
    EXPECT_EQ(by_grpc, !direct) << Metadata("user-agent");
  }
}

TEST_F(ConnectionsTest, SettingsThatMakeNoSenseStopTheStart) {
  TemporaryDirectory files;
  const std::string file = files.path() + "/metadata";
  WriteFile(file, "ok: 1\nx-api-key s3cret\n");
  for (const auto& [options, word] :
       std::vector<std::pair<std::string, std::string>>{
           {"--upstream-metadata-file " + file, "line 2"},
           {"--upstream-metadata-file /nowhere", "/nowhere"},
           {"--upstream-metadata-file a.B=/nowhere", "no --upstream=a.B="},
           {"--upstream-authority a/b", "not allowed in a host"},
           {"--upstream-authority a --upstream-authority b", "already given"},
           {"--upstream-tls-name a", "--upstream-tls"},
           {"--upstream-max-connections 4 --upstream-channels 4",
            "upstream_channels"}}) {
    const CommandResult result = TryCommand(
        BridgeProgram() + " --upstream 127.0.0.1:1 " + options + " 2>&1");
    EXPECT_EQ(result.code, 2) << options;
    EXPECT_NE(result.output.find(word), std::string::npos)
        << options << ": " << result.output;
    EXPECT_EQ(result.output.find("s3cret"), std::string::npos);
  }
}

}  // namespace
}  // namespace sse_bridge::testing
