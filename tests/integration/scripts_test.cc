// The scripts that people call.

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

std::string Quoted(const std::string& path) { return "'" + path + "'"; }

// A copy of what gen.sh reads and writes.
class GenTest : public ::testing::Test {
 protected:
  GenTest() {
    const std::string root = Quoted(RepositoryRoot());
    RunCommand("cd " + root + " && mkdir -p " + copy_.path() +
               "/gen && cp -r scripts proto " + copy_.path() +
               " && cp -r gen/descriptors gen/openapi gen/ts " + copy_.path() +
               "/gen");
  }

  CommandResult Gen(const std::string& options) {
    return TryCommand("SSE_BRIDGE_PLUGINS=" + Quoted(SSE_BRIDGE_PLUGINS_BUILT) +
                      " " + copy_.path() + "/scripts/gen.sh " + options +
                      " 2>&1");
  }

  void AppendToProto(const std::string& file, const std::string& text) {
    const std::string path = copy_.path() + "/proto/" + file;
    WriteFile(path, ReadFile(path) + text);
  }

  TemporaryDirectory copy_;
};

TEST_F(GenTest, CheckPassesOnWhatIsCommitted) {
  const CommandResult check = Gen("--check");
  EXPECT_EQ(check.code, 0) << check.output;
}

TEST_F(GenTest, CheckFailsOnAChangedProtoUntilItIsGenerated) {
  AppendToProto("realtime/v1/prices.proto", "\nmessage Added {}\n");
  const CommandResult stale = Gen("--check");
  EXPECT_EQ(stale.code, 1);
  EXPECT_NE(stale.output.find("gen/descriptors/builtin.binpb is stale"),
            std::string::npos)
      << stale.output;
  const CommandResult made = Gen("");
  EXPECT_EQ(made.code, 0) << made.output;
  EXPECT_EQ(Gen("--check").code, 0);
}

TEST_F(GenTest, CheckFailsOnAChangedComment) {
  // Comments are part of the descriptors: documents are made of them.
  const std::string path = copy_.path() + "/proto/realtime/v1/prices.proto";
  std::string text = ReadFile(path);
  const std::string before = "// Prices of financial instruments";
  const size_t at = text.find(before);
  ASSERT_NE(at, std::string::npos);
  WriteFile(path, text.replace(at, before.size(), "// The prices"));
  EXPECT_EQ(Gen("--check").code, 1);
}

TEST_F(GenTest, BrokenProtoIsTold) {
  AppendToProto("realtime/v1/prices.proto", "\nmessage {\n");
  const CommandResult broken = Gen("--check");
  EXPECT_NE(broken.code, 0);
  EXPECT_NE(broken.output.find("prices.proto"), std::string::npos);
}

TEST_F(GenTest, WrongOptionsAreNamed) {
  const std::string empty = copy_.path() + "/empty";
  RunCommand("mkdir " + empty);
  for (const auto& [options, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"--frobnicate", "--frobnicate"},
           {"--proto-dir", "--proto-dir"},
           {"--proto-dir " + empty, "--out"},
           {"--proto-dir /none --out " + empty, "/none"},
           {"--proto-dir " + empty + " --out " + empty, empty}}) {
    const CommandResult result = Gen(options);
    EXPECT_EQ(result.code, 2) << options;
    EXPECT_NE(result.output.find(words), std::string::npos) << result.output;
  }
}

TEST_F(GenTest, SomebodysOwnProtosNeedNoCopies) {
  const std::string own = copy_.path() + "/own protos";
  RunCommand("mkdir " + Quoted(own));
  WriteFile(own + "/weather.proto", R"(
      syntax = "proto3";
      package acme.v1;
      import "google/api/annotations.proto";
      import "sse/v1/sse.proto";
      service Weather {
        rpc Watch(City) returns (stream City) {
          option (google.api.http) = { get: "/weather/{name}/stream" };
          option (sse.v1.stream) = { shared: true };
        }
      }
      message City { string name = 1; })");
  const std::string out = copy_.path() + "/own out";
  EXPECT_EQ(Gen("--proto-dir " + Quoted(own) + " --out " + Quoted(out)).code,
            0);
  // The bridge takes it, although nobody serves it.
  Bridge bridge("127.0.0.1:1",
                {"--descriptor-set", out + "/descriptors/schema.binpb"});
  ExpectError(bridge.Call("GET", "/weather/Oslo/stream"), 503);
  ExpectError(bridge.Call("GET", "/prices/stream"), 404);
}

using TokenTest = ServicesTest;

TEST_F(TokenTest, TokenOpensWhatItsScopesAndRolesName) {
  const std::string token = bridge_.Token(
      "ann", "--scope notifications:read --scope tasks:write --ttl 60");
  bridge_.Stream("/notifications/stream", token);
  EXPECT_EQ(bridge_.Call("POST", "/tasks", token, "{}").status, 200);
  ExpectError(bridge_.Call("GET", "/admin/metrics/stream", token), 403);
  bridge_.Stream("/admin/metrics/stream", bridge_.Token("ann", "--role admin"));
}

TEST_F(TokenTest, WrongUseIsTold) {
  const std::string script = Quoted(RepositoryRoot() + "/scripts/token.sh");
  for (const auto& [options, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "SUBJECT"},
           {"ann --key /none", "/none"},
           {"ann --ttl soon --key " + bridge_.directory.path() + "/key",
            "--ttl"},
           {"ann --frobnicate", "--frobnicate"}}) {
    const CommandResult result = TryCommand(script + " " + options + " 2>&1");
    EXPECT_EQ(result.code, 2) << options;
    EXPECT_NE(result.output.find(words), std::string::npos) << result.output;
  }
}

}  // namespace
}  // namespace sse_bridge::testing
