// Streams that admit each client, with a schema and a backend that this
// project's C++ has never seen.

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

class AdmissionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    generated_ = new TemporaryDirectory;
    RunCommand(RepositoryRoot() + "/scripts/gen.sh --proto-dir " + Folder() +
               " --out " + generated_->path());
  }
  static void TearDownTestSuite() { delete generated_; }

  static std::string Folder() {
    return RepositoryRoot() + "/tests/foreign/rooms";
  }
  static std::string DescriptorSet() {
    return generated_->path() + "/descriptors/schema.binpb";
  }

  json Say(const std::string& text, const json& readers = json::array()) {
    const HttpAnswer answer =
        bridge_.Call("POST", "/rooms/a", bridge_.Token("speaker"),
                     json({{"text", text}, {"readers", readers}}).dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  json Counts() {
    return json::parse(bridge_.Call("GET", "/counts").body, nullptr, false);
  }
  HttpConnection Enter(const std::string& guest,
                       const std::string& last_id = "") {
    HttpConnection stream =
        bridge_.Stream("/rooms/a", bridge_.Token(guest), last_id);
    EXPECT_EQ(Data(stream.Event()), "welcome " + guest);
    return stream;
  }

  static TemporaryDirectory* generated_;
  Process backend_{
      {"node", Folder() + "/backend.js", RepositoryRoot() + "/proto"}};
  const std::string address_ = backend_.WaitForLine("listening on ");
  Bridge bridge_{address_, {"--descriptor-set", DescriptorSet()}};
};

TemporaryDirectory* AdmissionTest::generated_ = nullptr;

TEST_F(AdmissionTest, GuestsShareOneCallAndEachHasAVisit) {
  Say("before");
  HttpConnection ann = Enter("ann"), ben = Enter("ben"), tab = Enter("ben");
  Say("hello");
  for (HttpConnection* each : {&ann, &ben, &tab}) {
    EXPECT_EQ(Data(each->Event()), "hello");
  }
  json counts = Counts();
  EXPECT_EQ(counts["watches"], 1);
  EXPECT_EQ(counts["visits"].size(), 3u);
  EXPECT_EQ(counts["leaseSeconds"], 3);
  tab.Close();
  WaitFor("the visit to end", [&] { return Counts()["visits"].size() == 2; });
  Say("again");
  EXPECT_EQ(Data(ben.Event()), "again") << "the other tab stays";
}

TEST_F(AdmissionTest, RefusalIsAnHttpError) {
  bridge_.Call("POST", "/bans/eve", bridge_.Token("speaker"));
  const HttpAnswer refused =
      bridge_.Call("GET", "/rooms/a", bridge_.Token("eve"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("eve may not come in"), std::string::npos);
  EXPECT_EQ(bridge_.Call("GET", "/rooms/a").status, 401);
  EXPECT_EQ(Counts().value("watches", 0), 0);
}

TEST_F(AdmissionTest, GuestWhoIsBannedLaterIsShownOut) {
  HttpConnection ann = Enter("ann"), ben = Enter("ben");
  bridge_.Call("POST", "/bans/ben", bridge_.Token("speaker"));
  const SseEvent end = ben.Event();
  EXPECT_EQ(end.event, "grpc-status");
  EXPECT_EQ(Data(end)["code"], 7);
  Say("still here");
  EXPECT_EQ(Data(ann.Event()), "still here");
}

TEST_F(AdmissionTest, EventsAreSeenOnlyByTheirReadersAlsoWhenReplayed) {
  HttpConnection ann = Enter("ann"), ben = Enter("ben");
  Say("all");
  const std::string id = ben.Event().id;
  Say("secret", {"ann"});
  Say("open");
  EXPECT_EQ(Data(ann.Event()), "all");
  EXPECT_EQ(Data(ann.Event()), "secret");
  EXPECT_EQ(Data(ben.Event()), "open");
  HttpConnection back = Enter("ben", id);
  EXPECT_EQ(Data(back.Event()), "open");
  HttpConnection anns = Enter("ann", id);
  EXPECT_EQ(Data(anns.Event()), "secret");
}

TEST_F(AdmissionTest, PartsOfABundleAreAdmittedEach) {
  HttpConnection stream = bridge_.Stream(
      "/events?stream=a:/rooms/a&stream=b:/rooms/b", bridge_.Token("ann"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Data(stream.Event()), "welcome ann");
  }
  EXPECT_EQ(Counts()["visits"].size(), 2u);
  stream.Close();
  WaitFor("the visits to end", [&] { return Counts()["visits"].empty(); });
}

TEST_F(AdmissionTest, BridgeThatStopsDismissesItsGuests) {
  HttpConnection ann = Enter("ann");
  Bridge other(address_, {"--descriptor-set", DescriptorSet()});
  bridge_.process->Signal(SIGTERM);
  EXPECT_EQ(bridge_.process->Wait(), 0);
  json counts = json::parse(other.Call("GET", "/counts").body, nullptr, false);
  EXPECT_TRUE(counts.value("visits", json()).empty()) << counts;
}

TEST_F(AdmissionTest, CheckTellsWhoAdmits) {
  const std::string table =
      RunCommand(BridgeProgram() + " check --upstream 127.0.0.1:1" +
                 " --descriptor-set " + DescriptorSet());
  EXPECT_NE(table.find("admitted by acme.rooms.v1.Doorman.Admit"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("renew 1s lease 3s"), std::string::npos) << table;
  EXPECT_NE(table.find("only_to=readers"), std::string::npos) << table;
}

}  // namespace
}  // namespace sse_bridge::testing
