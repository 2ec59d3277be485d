// Who may call what the schema says nothing of, what happens when a schema has
// lost what it said, and who may read what describes it.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Nobody is there: a call that is let in is answered 503.
constexpr char kNobody[] = "127.0.0.1:1";

constexpr char kOpenAndClosed[] = R"(
syntax = "proto3";
package acme.reports.v1;
import "google/api/annotations.proto";
import "sse/v1/sse.proto";
service Reports {
  rpc Silent(Empty) returns (Empty) {
    option (google.api.http) = { get: "/silent" };
  }
  rpc SaysNothing(Empty) returns (Empty) {
    option (google.api.http) = { get: "/says-nothing" };
    option (sse.v1.access) = {};
  }
  rpc Open(Empty) returns (Empty) {
    option (google.api.http) = { get: "/open" };
    option (sse.v1.access) = { public: true };
  }
  rpc Closed(Empty) returns (Empty) {
    option (google.api.http) = { get: "/closed" };
    option (sse.v1.access) = { roles { any_of: "auditor" } };
  }
  rpc Unrouted(Empty) returns (Empty);
  rpc Watch(Empty) returns (stream Empty) {
    option (google.api.http) = { get: "/watch" };
    option (sse.v1.stream) = { bundle { by_default: true } };
  }
}
service OpenReports {
  option (sse.v1.default_access) = { public: true };
  rpc Silent(Empty) returns (Empty) {
    option (google.api.http) = { get: "/open-reports" };
  }
}
message Empty {}
)";

class DefaultAccessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TemporaryDirectory;
    RunCommand("mkdir " + directory_->path() + "/protos");
    WriteFile(directory_->path() + "/protos/reports.proto", kOpenAndClosed);
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
               directory_->path() + "/protos --out " + directory_->path());
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::vector<std::string> Options(std::vector<std::string> more) {
    more.insert(more.end(), {"--descriptor-set",
                             directory_->path() + "/descriptors/schema.binpb"});
    return more;
  }

  static int Status(const Bridge& bridge, const std::string& path,
                    const std::string& token = "") {
    return bridge.Call("GET", path, token).status;
  }

  // Of the method that says nothing.
  static json Security(const Bridge& bridge) {
    return json::parse(bridge.Call("GET", "/openapi.json")
                           .body)["paths"]["/silent"]["get"]["security"];
  }

  static TemporaryDirectory* directory_;
};

TemporaryDirectory* DefaultAccessTest::directory_ = nullptr;

TEST_F(DefaultAccessTest, WithKeysAMethodThatSaysNothingNeedsAToken) {
  Bridge bridge(kNobody,
                Options({"--default-access=auto", "--default-routes"}));
  const std::string token = bridge.Token("ada");
  for (const char* path : {"/silent", "/says-nothing", "/watch", "/events",
                           "/acme.reports.v1.Reports/Unrouted"}) {
    EXPECT_EQ(Status(bridge, path), 401) << path;
    EXPECT_EQ(Status(bridge, path, token), 503) << path;
  }
  EXPECT_EQ(Status(bridge, "/open"), 503);
  EXPECT_EQ(Status(bridge, "/open-reports"), 503);
  EXPECT_EQ(Status(bridge, "/closed", token), 403);
  EXPECT_FALSE(Security(bridge).empty());
  const std::string schema = bridge.Call("GET", "/schema.json").body;
  const json methods = json::parse(schema)["services"][0]["methods"];
  EXPECT_EQ(methods[0]["name"], "Silent");
  EXPECT_EQ(methods[0]["access"]["authenticated"], true);
  EXPECT_EQ(methods[2]["access"]["public"], true);
}

TEST_F(DefaultAccessTest, WithoutKeysItIsPublicUnlessSaidOtherwise) {
  Bridge open(kNobody, Options({"--default-access=auto"}), Bridge::Key::kNone);
  EXPECT_EQ(Status(open, "/silent"), 503);
  EXPECT_EQ(Status(open, "/closed"), 401);
  EXPECT_TRUE(Security(open).empty());
  Bridge closed(kNobody, Options({"--default-access=authenticated"}),
                Bridge::Key::kNone);
  EXPECT_EQ(Status(closed, "/silent"), 401);
  EXPECT_EQ(Status(closed, "/open"), 503);
}

TEST_F(DefaultAccessTest, PublicIsForThoseWhoAskForIt) {
  Bridge bridge(kNobody, Options({"--default-access=public"}));
  EXPECT_EQ(Status(bridge, "/silent"), 503);
  EXPECT_EQ(Status(bridge, "/closed"), 401);
}

TEST_F(DefaultAccessTest, DeniedIsNobodyAndToldToWhoeverAsks) {
  Bridge bridge(kNobody,
                Options({"--default-access=denied", "--default-routes"}));
  const std::string token = bridge.Token("ada", "--role auditor");
  for (const char* path : {"/silent", "/says-nothing", "/watch",
                           "/acme.reports.v1.Reports/Unrouted"}) {
    const HttpAnswer answer = bridge.Call("GET", path, token);
    ExpectError(answer, 403);
    EXPECT_THAT(answer.body, HasSubstr("default_access is denied")) << path;
  }
  EXPECT_EQ(Status(bridge, "/open"), 503);
  EXPECT_EQ(Status(bridge, "/closed", token), 503);
  EXPECT_THAT(bridge.Call("GET", "/openapi.json").body,
              Not(HasSubstr("/silent")));
  const json schema = json::parse(bridge.Call("GET", "/schema.json").body);
  EXPECT_EQ(schema["not_served"].size(), 4u);
  EXPECT_EQ(schema["not_served"][0]["method"],
            "acme.reports.v1.Reports.Silent");
}

TEST_F(DefaultAccessTest, AFileThatLostItsOptionsIsNotServed) {
  ForeignBackend lossy(/*lossy_reflection=*/true);
  // With another schema beside it, since a bridge that serves nothing does not
  // start.
  Bridge bridge(lossy.address, Options({"--reflect"}));
  const std::string service = "/acme.observatory.v2.Telescopes/";
  const std::string token = bridge.Token("ada", "--role admin");
  for (const char* method : {"WhoAmI", "Describe", "Count?to=2", "Hidden"}) {
    for (const std::string& as : {std::string(), token}) {
      const HttpAnswer answer = bridge.Call("GET", service + method, as);
      ExpectError(answer, 501);
      EXPECT_THAT(answer.body, HasSubstr("acme_observatory_v2.proto"));
      EXPECT_THAT(answer.body, HasSubstr("options were lost"));
    }
  }
  const json schema = json::parse(bridge.Call("GET", "/schema.json").body);
  EXPECT_EQ(schema["services"].size(), 2u);
  EXPECT_EQ(schema["not_served"].size(), 8u);
  EXPECT_THAT(
      RunCommand(BridgeProgram() + " check --reflect --upstream " +
                 lossy.address + " 2>&1 || true"),
      AllOf(HasSubstr("nothing can be served"),
            HasSubstr("acme.observatory.v2.Telescopes.WhoAmI is not served")));
}

// A schema with one method that cannot be served.
class PartialSchemaTest : public DefaultAccessTest {
 protected:
  static std::string Broken() {
    const std::string folder = directory_->path() + "/broken";
    std::string proto = kOpenAndClosed;
    const std::string path = "\"/silent\"";
    proto.replace(proto.find(path), path.size(), "\"/silent/{gone}\"");
    RunCommand("mkdir -p " + folder);
    WriteFile(folder + "/reports.proto", proto);
    RunCommand("protoc -I " + folder + " -I " + RepositoryRoot() +
               "/proto --include_imports --include_source_info -o " + folder +
               "/schema.binpb reports.proto");
    return folder + "/schema.binpb";
  }
};

TEST_F(PartialSchemaTest, MethodThatCannotBeServedIsLeftOutAndReported) {
  const std::string set = Broken();
  Bridge bridge(kNobody, {"--descriptor-set", set});
  EXPECT_EQ(Status(bridge, "/open"), 503);
  const HttpAnswer answer = bridge.Call("GET", "/silent/x");
  ExpectError(answer, 501);
  EXPECT_THAT(answer.body, HasSubstr("reports.proto:8"));
  EXPECT_THAT(bridge.process->Stderr(),
              HasSubstr("acme.reports.v1.Reports.Silent is not served"));
  const json schema = json::parse(bridge.Call("GET", "/schema.json").body);
  ASSERT_EQ(schema["not_served"].size(), 1u);
  EXPECT_EQ(schema["not_served"][0]["method"],
            "acme.reports.v1.Reports.Silent");
  EXPECT_EQ(schema["not_served"][0]["where"], "reports.proto:7");

  const std::string check = BridgeProgram() + " check --upstream " + kNobody +
                            " --descriptor-set " + set;
  EXPECT_THAT(RunCommand(check + " 2>/dev/null"),
              AllOf(HasSubstr("NOT SERVED (1)"),
                    HasSubstr("acme.reports.v1.Reports.Silent is not served"),
                    HasSubstr("GET /open")));
  EXPECT_THAT(
      RunCommand(check + " --strict 2>&1 || echo exit $?"),
      AllOf(HasSubstr("reports.proto:8: acme.reports.v1.Reports.Silent"),
            HasSubstr("exit 2")));
}

TEST_F(PartialSchemaTest, ReloadThatWouldStopServingAMethodIsRefused) {
  const std::string broken = ReadFile(Broken());
  const std::string set = directory_->path() + "/reloaded.binpb";
  WriteFile(set, ReadFile(directory_->path() + "/descriptors/schema.binpb"));
  Bridge bridge(kNobody, {"--descriptor-set", set});
  EXPECT_EQ(Status(bridge, "/silent"), 503);
  WriteFile(set, broken);
  bridge.process->Signal(SIGHUP);
  WaitFor("the refusal", [&] {
    return bridge.process->Stderr().find("the current schema stays in use") !=
           std::string::npos;
  });
  EXPECT_THAT(bridge.process->Stderr(),
              HasSubstr("acme.reports.v1.Reports.Silent is not served"));
  EXPECT_EQ(Status(bridge, "/silent"), 503);
}

class DocumentsTest : public DefaultAccessTest {
 protected:
  static constexpr const char* kDocuments[] = {"/schema.json", "/openapi.json",
                                               "/openapi.yaml",
                                               "/openapi.json?version=3.1"};
};

TEST_F(DocumentsTest, GoWithThePagesUnlessAskedFor) {
  Bridge bare(kNobody, Options({"--no-pages"}));
  Bridge asked(kNobody, Options({"--no-pages", "--documents=public"}));
  Bridge off(kNobody, Options({"--documents=off"}));
  Bridge all(kNobody, Options({}));
  for (const char* path : kDocuments) {
    for (const char* verb : {"GET", "HEAD", "POST"}) {
      EXPECT_EQ(bare.Call(verb, path).status, 404) << verb << path;
      EXPECT_EQ(off.Call(verb, path).status, 404) << verb << path;
    }
    EXPECT_EQ(Status(asked, path), 200) << path;
    EXPECT_EQ(Status(all, path), 200) << path;
    EXPECT_EQ(all.Call("POST", path).status, 405) << path;
  }
  EXPECT_EQ(Status(asked, "/explorer"), 404);
  EXPECT_EQ(Status(off, "/explorer"), 200);
}

TEST_F(DocumentsTest, CanNeedAToken) {
  Bridge bridge(kNobody, Options({"--documents=authenticated"}));
  for (const char* path : kDocuments) {
    EXPECT_EQ(Status(bridge, path), 401) << path;
    EXPECT_EQ(Status(bridge, path, "nonsense"), 401) << path;
    EXPECT_EQ(Status(bridge, path, bridge.Token("ada")), 200) << path;
  }
  EXPECT_EQ(Status(bridge, "/explorer"), 200);
}

}  // namespace
}  // namespace sse_bridge::testing
