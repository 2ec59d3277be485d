// --service-config: routes and options for a schema that may not be edited.

#include <csignal>
#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Nobody listens there.
constexpr char kNobody[] = "127.0.0.1:1";

constexpr char kPlain[] = R"(
syntax = "proto3";
package acme.plain.v1;
service Weather {
  rpc Get(City) returns (City);
  rpc Watch(City) returns (stream City);
}
message City { string name = 1; string user = 2; }
)";

constexpr char kConfig[] = R"(
type: google.api.Service
http:
  rules:
  - selector: acme.plain.v1.Weather.Get
    get: /weather/{name}
  - selector: acme.plain.v1.Weather.Watch
    get: /weather/{name}/stream
sse:
  rules:
  - selector: acme.plain.v1.Weather
    access: {scopes: [{any_of: ['weather:read']}], subject_into: user}
  - selector: acme.plain.v1.Weather.Watch
    stream: {shared: true, event: weather}
)";

class ServiceConfigTest : public ::testing::Test {
 protected:
  ServiceConfigTest() {
    RunCommand("mkdir " + directory_.path() + "/protos");
    WriteFile(directory_.path() + "/protos/weather.proto", kPlain);
    WriteFile(config_, kConfig);
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " +
               directory_.path() + "/protos --out " + directory_.path() +
               " --service-config " + config_);
  }

  std::vector<std::string> Options() const {
    return {"--descriptor-set", directory_.path() + "/descriptors/schema.binpb",
            "--service-config", config_};
  }

  TemporaryDirectory directory_;
  const std::string config_ = directory_.path() + "/weather.yaml";
};

TEST_F(ServiceConfigTest, MethodsAreServedAsItSays) {
  Bridge bridge(kNobody, Options());
  const std::string token = bridge.Token("ada", "--scope weather:read");
  for (const char* path : {"/weather/Oslo", "/weather/Oslo/stream"}) {
    ExpectError(bridge.Call("GET", path), 401);
    ExpectError(bridge.Call("GET", path, bridge.Token("ada")), 403);
    ExpectError(bridge.Call("GET", path, token), 503);
  }
  ExpectError(bridge.Call("GET", "/acme.plain.v1.Weather/Get", token), 404);
  const json paths =
      json::parse(bridge.Call("GET", "/openapi.json").body)["paths"];
  EXPECT_EQ(paths.size(), 3u);  // with /events
  EXPECT_TRUE(paths.contains("/weather/{name}/stream"));
}

TEST_F(ServiceConfigTest, GeneratedDocumentsFollowIt) {
  EXPECT_THAT(
      ReadFile(directory_.path() + "/openapi/openapi.yaml"),
      AllOf(HasSubstr("/weather/{name}/stream:"), HasSubstr("weather:read")));
}

TEST_F(ServiceConfigTest, ReloadReadsItAgain) {
  Bridge bridge(kNobody, Options());
  const std::string token = bridge.Token("ada", "--scope weather:read");
  const auto reload = [&](const std::string& text, const std::string& log) {
    WriteFile(config_, text);
    bridge.process->Signal(SIGHUP);
    WaitFor(log, [&] {
      return bridge.process->Stderr().find(log) != std::string::npos;
    });
  };
  std::string text = kConfig;
  reload(text + "  - {selector: acme.plain.v1.Gone, access: {public: true}}\n",
         "matches no method");
  ExpectError(bridge.Call("GET", "/weather/Oslo", token), 503);
  text.replace(text.find("/weather/{name}\n"), 16, "/meteo/{name}\n");
  reload(text, "reload: schema loaded");
  ExpectError(bridge.Call("GET", "/weather/Oslo", token), 404);
  ExpectError(bridge.Call("GET", "/meteo/Oslo", token), 503);
}

TEST_F(ServiceConfigTest, ErrorsNameTheSettingAndTheLine) {
  WriteFile(config_, "http:\n  rules:\n  - {selector: a.B.C, gte: /x}\n");
  const CommandResult check = TryCommand(
      BridgeProgram() + " check --upstream " + kNobody + " --descriptor-set " +
      directory_.path() + "/descriptors/schema.binpb --service-config " +
      config_ + " 2>&1");
  EXPECT_EQ(check.code, 2);
  EXPECT_THAT(
      check.output,
      AllOf(HasSubstr("--service-config"),
            HasSubstr(config_ + ":3:23: http.rules[a.B.C]: there is no field "
                                "\"gte\"")));
}

TEST_F(ServiceConfigTest, ReflectionGetsItsOptionsToo) {
  WriteFile(config_, R"(
http:
  rules:
  - {selector: acme.observatory.v2.Telescopes.Count, get: '/counted/{to}'}
sse:
  rules:
  - selector: acme.observatory.v2.Telescopes.Count
    stream: {event: counted}
)");
  ForeignBackend backend;
  Bridge bridge(backend.address, {"--reflect", "--service-config", config_});
  const SseEvent event = bridge.Stream("/counted/1").Event();
  EXPECT_EQ(event.event, "counted");
  EXPECT_EQ(Data(event)["number"], "1");
  ExpectError(bridge.Call("GET", "/v2/count/1"), 404);
}

TEST_F(ServiceConfigTest, WhatReflectionLostIsNotMadeUpFor) {
  WriteFile(config_, R"(
http:
  rules:
  - {selector: acme.observatory.v2.Telescopes.Count, get: '/counted/{to}'}
sse:
  rules:
  - {selector: acme.observatory.v2.Telescopes.Count, access: {public: true}}
)");
  ForeignBackend lossy(/*lossy_reflection=*/true);
  // The rules of its request are lost too, and cannot be given.
  const CommandResult check =
      TryCommand(BridgeProgram() + " check --reflect --upstream " +
                 lossy.address + " --service-config " + config_ + " 2>&1");
  EXPECT_EQ(check.code, 2);
  EXPECT_THAT(
      check.output,
      AllOf(HasSubstr("nothing can be served"),
            HasSubstr("acme.observatory.v2.Telescopes.Count is not served")));
}

}  // namespace
}  // namespace sse_bridge::testing
