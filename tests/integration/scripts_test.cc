// The scripts that people call.

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
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
           {"--package Weather", "--package: 'Weather'"},
           {"--package @acme/a/b", "--package: '@acme/a/b'"},
           {"--license", "--license"},
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

TEST_F(GenTest, SaysWhatItWroteAndWhichMethodsItLeftOut) {
  const std::string own = copy_.path() + "/own";
  RunCommand("mkdir " + own);
  WriteFile(own + "/weather.proto", R"(
      syntax = "proto3";
      package acme.v1;
      import "google/api/annotations.proto";
      service Weather {
        rpc Get(City) returns (City) {
          option (google.api.http) = { get: "/weather/{name}" };
        }
        rpc Forgotten(City) returns (City);
        rpc Upload(stream City) returns (City) {
          option (google.api.http) = { post: "/upload" body: "*" };
        }
      }
      message City { string name = 1; })");
  const std::string out = copy_.path() + "/out";
  const CommandResult made = Gen(
      "--proto-dir " + own + " --out " + out +
      " --package @acme/weather --package-version 2.0.0-rc.1 --license MIT");
  EXPECT_EQ(made.code, 0) << made.output;
  for (const std::string& words :
       {"gen.sh: wrote " + out + "/descriptors/schema.binpb\n",
        "gen.sh: wrote " + out + "/openapi/openapi.yaml\n",
        "gen.sh: wrote " + out + "/ts, the npm package @acme/weather\n",
        std::string("acme.v1.Weather.Forgotten: not generated"),
        std::string("acme.v1.Weather.Upload")}) {
    EXPECT_NE(made.output.find(words), std::string::npos)
        << words << made.output;
  }
  // Both plugins have left it out; it is told once.
  const size_t told = made.output.find("Weather.Forgotten");
  EXPECT_EQ(made.output.find("Weather.Forgotten", told + 1), std::string::npos);
  const std::string json = ReadFile(out + "/ts/package.json");
  for (const char* words :
       {"\"name\": \"@acme/weather\"", "\"version\": \"2.0.0-rc.1\"",
        "\"license\": \"MIT\""}) {
    EXPECT_NE(json.find(words), std::string::npos) << json;
  }
  EXPECT_NE(
      Gen("--proto-dir " + own + " --out " + out + " --package-version one")
          .output.find("version: \"one\" is not a version"),
      std::string::npos);
}

TEST_F(GenTest, ImportsAreFoundInFoldersAndAmongTheUsualOnes) {
  const std::string own = copy_.path() + "/own";
  const std::string shared = copy_.path() + "/shared protos";
  const std::string more = copy_.path() + "/more";
  RunCommand("mkdir -p " + own + " " + Quoted(shared) + "/acme " + more);
  WriteFile(shared + "/acme/city.proto", R"(
      syntax = "proto3";
      package acme.v1;
      import "country.proto";
      message City { string name = 1; Country country = 2; })");
  WriteFile(more + "/country.proto", R"(
      syntax = "proto3";
      package acme.v1;
      message Country { string code = 1; })");
  WriteFile(own + "/weather.proto", R"(
      syntax = "proto3";
      package acme.v1;
      import "acme/city.proto";
      import "google/api/annotations.proto";
      import "google/api/client.proto";
      import "google/api/field_behavior.proto";
      import "google/api/field_info.proto";
      import "google/api/launch_stage.proto";
      import "google/api/resource.proto";
      import "google/api/routing.proto";
      import "google/api/visibility.proto";
      import "google/rpc/code.proto";
      import "google/rpc/status.proto";
      service Weather {
        option (google.api.default_host) = "weather.example.com";
        rpc Get(GetRequest) returns (City) {
          option (google.api.http) = { get: "/weather/{name}" };
          option (google.api.method_signature) = "name";
        }
      }
      message GetRequest {
        string name = 1 [
          (google.api.field_behavior) = REQUIRED,
          (google.api.resource_reference).type = "weather.example.com/City"
        ];
        google.rpc.Status status = 2;
        google.api.LaunchStage stage = 3;
        google.rpc.Code code = 4;
      })");
  const std::string out = copy_.path() + "/out";
  const std::string options = "--proto-dir " + own + " --out " + out;
  const CommandResult without = Gen(options);
  EXPECT_NE(without.code, 0);
  EXPECT_NE(without.output.find("acme/city.proto"), std::string::npos)
      << without.output;
  const CommandResult made =
      Gen(options + " -I " + Quoted(shared) + " -I" + more);
  EXPECT_EQ(made.code, 0) << made.output;
  // Only the files in --proto-dir are made into documents.
  EXPECT_NE(ReadFile(out + "/openapi/openapi.yaml").find("/weather/{name}"),
            std::string::npos);
  Bridge bridge("127.0.0.1:1",
                {"--descriptor-set", out + "/descriptors/schema.binpb"});
  ExpectError(bridge.Call("GET", "/weather/Oslo"), 503);
  EXPECT_EQ(Gen(options + " -I /none").code, 2);
  EXPECT_EQ(Gen("--image " + out + "/descriptors/schema.binpb --out " + out +
                " -I " + more)
                .code,
            2);
}

// install.sh on a machine whose os-release file is `release`.
CommandResult Install(const std::string& release, const std::string& sections) {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/os-release";
  WriteFile(file, release);
  return TryCommand("OS_RELEASE=" + Quoted(file) + " " +
                    Quoted(RepositoryRoot() + "/scripts/install.sh") + " " +
                    sections + " 2>&1 </dev/null");
}

TEST(InstallTest, StopsOnAnythingElseThanTheSupportedDebians) {
  for (const auto& [release, named] :
       std::vector<std::pair<std::string, std::string>>{
           {"ID=fedora\nVERSION_ID=42\n", "fedora 42"},
           {"ID=debian\nVERSION_ID=\"11\"\n", "debian 11"},
           {"ID=debian\n", "debian"},
           {"ID=ubuntu\nVERSION_ID=\"22.04\"\n", "ubuntu 22.04"},
           {"ID=linuxmint\nVERSION_ID=22\nID_LIKE=debian\n", "linuxmint 22"},
           {"", "unknown"}}) {
    for (const std::string sections : {"", "build"}) {
      const CommandResult result = Install(release, sections);
      EXPECT_EQ(result.code, 1) << release;
      EXPECT_NE(result.output.find("unsupported system: " + named),
                std::string::npos)
          << result.output;
      EXPECT_NE(result.output.find("Debian 12 or 13"), std::string::npos)
          << result.output;
    }
  }
}

TEST(InstallTest, TestsDoNotBeginOnUbuntu) {
  const CommandResult result = Install("ID=ubuntu\nVERSION_ID=\"24.04\"\n", "");
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.output.find("Debian 12 or 13"), std::string::npos)
      << result.output;
}

TEST(InstallTest, NoPackageHasAVersionInItsNameAndTheProgramsNeedNoBrowser) {
  std::istringstream lines(
      ReadFile(RepositoryRoot() + "/scripts/packages.txt"));
  std::set<std::string> packages[2];
  std::set<std::string>* section = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      ASSERT_TRUE(line == "[build]" || line == "[test]") << line;
      section = &packages[line == "[test]"];
      continue;
    }
    ASSERT_NE(section, nullptr) << line;
    section->insert(line);
    // libsqlite3-dev and the like: the number is the library's own.
    EXPECT_THAT(line, ::testing::Not(::testing::ContainsRegex("-[0-9]")));
  }
  EXPECT_TRUE(packages[0].contains("libgrpc++-dev"));
  for (const std::string name :
       {"chromium", "clang", "nginx", "libgtest-dev", "redis-server"}) {
    EXPECT_FALSE(packages[0].contains(name)) << name;
    EXPECT_TRUE(packages[1].contains(name)) << name;
  }
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

// With nothing else on the PATH a script that did more would fail.
TEST(ScriptsTest, HelpOfEachIsPrintedAndStartsNothing) {
  const TemporaryDirectory tools;
  RunCommand("cd " + tools.path() +
             " && for tool in bash dirname sed; do"
             " ln -s \"$(command -v $tool)\" $tool; done");
  std::stringstream scripts(
      TryCommand("ls " + Quoted(RepositoryRoot() + "/scripts") + "/*.sh")
          .output);
  int count = 0;
  for (std::string script; std::getline(scripts, script); ++count) {
    const CommandResult help =
        TryCommand("PATH=" + tools.path() + " " + tools.path() + "/bash " +
                   Quoted(script) + " --help 2>&1");
    EXPECT_EQ(help.code, 0) << script << ": " << help.output;
    // The comment at the top of the script.
    const std::string source = ReadFile(script);
    const size_t second_line = source.find('\n') + 3;
    EXPECT_EQ(help.output.substr(0, help.output.find('\n')),
              source.substr(second_line,
                            source.find('\n', second_line) - second_line))
        << script;
  }
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace sse_bridge::testing
