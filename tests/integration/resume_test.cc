// A browser that comes back: what it missed, or a `reset` that says that nobody
// knows.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

constexpr int kOutOfRange = 11;

class ResumeTest : public FaultsTest {
 protected:
  // The backend keeps what is after 20, and sends 30 to those who begin.
  void KeepFrom20(const std::string& method) {
    backend_->Set(Path(method), [](const std::string& request) {
      if (AsksAfter(request, 20)) {
        return Answer{.messages = {FaultEvent(21, "e21")}, .stay = true};
      }
      if (request.find('\x18') != std::string::npos) {
        return Answer{.code = kOutOfRange,
                      .message = "no longer kept",
                      .details = CursorExpired("20")};
      }
      return Answer{.messages = {FaultEvent(30, "e30")}, .stay = true};
    });
  }

  static void ExpectReset(const SseEvent& event, const std::string& requested,
                          const std::string& oldest) {
    EXPECT_EQ(event.event, "reset");
    EXPECT_EQ(event.id, "");
    EXPECT_EQ(Data(event),
              json({{"requested", requested}, {"oldest", oldest}}));
  }
};

TEST_F(ResumeTest, AnIdThatTheBackendKeepsIsResumed) {
  for (const std::string method : {"Own", "Shared"}) {
    KeepFrom20(method);
    const std::string path = method == "Own" ? "/own/x" : "/shared/x";
    EXPECT_EQ(bridge_->Stream(path, "", "20").Event().id, "21");
    // For those who cannot set headers.
    EXPECT_EQ(bridge_->Stream(path + "?last_event_id=20").Event().id, "21");
  }
}

TEST_F(ResumeTest, AnExpiredIdIsToldAndTheStreamBeginsAnew) {
  for (const std::string method : {"Own", "Shared"}) {
    SCOPED_TRACE(method);
    KeepFrom20(method);
    const std::string path = method == "Own" ? "/own/x" : "/shared/x";
    HttpConnection stream = bridge_->Stream(path, "", "7");
    ExpectReset(stream.Event(), "7", "20");
    EXPECT_EQ(stream.Event().id, "30");
  }
}

TEST_F(ResumeTest, AnIdThatIsNoneOfTheMethodsIsToldToo) {
  for (const std::string method : {"Own", "Shared"}) {
    KeepFrom20(method);
    const std::string path = method == "Own" ? "/own/x" : "/shared/x";
    HttpConnection stream = bridge_->Stream(path, "", "no \"number\"");
    const SseEvent event = stream.Event();
    EXPECT_EQ(event.event, "reset");
    EXPECT_EQ(Data(event),
              json({{"requested", "no \"number\""}, {"oldest", ""}}));
    EXPECT_EQ(stream.Event().id, "30");
  }
}

TEST_F(ResumeTest, WithoutResumptionTheRingBufferDecides) {
  backend_->Set(Path("Buffered"),
                Answer{.messages = {FaultEvent(1, "a"), FaultEvent(2, "b"),
                                    FaultEvent(3, "c")},
                       .stay = true});
  HttpConnection first = bridge_->Stream("/buffered/x");
  for (const std::string id : {"1", "2", "3"}) EXPECT_EQ(first.Event().id, id);
  HttpConnection known = bridge_->Stream("/buffered/x", "", "1");
  EXPECT_EQ(known.Event().id, "2");
  HttpConnection unknown = bridge_->Stream("/buffered/x", "", "99");
  ExpectReset(unknown.Event(), "99", "1");
  // Another stream of the method: its buffer does not have that id.
  HttpConnection other = bridge_->Stream("/buffered/y", "", "2");
  ExpectReset(other.Event(), "2", "");
  EXPECT_EQ(other.Event().id, "1");
  EXPECT_EQ(backend_->seen().started, 2);

  backend_->Set(Path("Lost"),
                Answer{.messages = {FaultEvent(5, "e")}, .stay = true});
  HttpConnection lost = bridge_->Stream("/lost/x", "", "4");
  ExpectReset(lost.Event(), "4", "");
  EXPECT_EQ(lost.Event().id, "5");
}

TEST_F(ResumeTest, BoundedBufferForgetsTheOldest) {
  auto bridge = BridgeTo(backend_->address(), {"--replay-events", "2"});
  backend_->Set(Path("Buffered"),
                Answer{.messages = {FaultEvent(1, "a"), FaultEvent(2, "b"),
                                    FaultEvent(3, "c"), FaultEvent(4, "d")},
                       .stay = true});
  HttpConnection first = bridge->Stream("/buffered/x");
  for (const std::string id : {"1", "2", "3", "4"}) {
    const SseEvent event = first.Event();
    EXPECT_EQ(event.id, id) << event.event << ": " << event.data;
  }
  EXPECT_EQ(bridge->Stream("/buffered/x", "", "3").Event().id, "4");
  ExpectReset(bridge->Stream("/buffered/x", "", "2").Event(), "2", "3");
}

TEST_F(ResumeTest, ARefusalOfTheNewBeginningIsARefusal) {
  backend_->Set(Path("Own"), [](const std::string& request) {
    return request.find('\x18') != std::string::npos
               ? Answer{.code = kOutOfRange, .details = CursorExpired("")}
               : Answer{.code = 7, .message = "not any more"};
  });
  HttpRequest request = bridge_->Request("GET", "/own/x");
  request.headers.emplace_back("Last-Event-ID", "7");
  ExpectError(Fetch(bridge_->address, request), 403, "not any more");
}

TEST_F(ResumeTest, OutOfRangeForAnotherReasonIsAnError) {
  backend_->Set(Path("Own"), Answer{.code = kOutOfRange, .message = "no page"});
  HttpRequest request = bridge_->Request("GET", "/own/x");
  request.headers.emplace_back("Last-Event-ID", "7");
  ExpectError(Fetch(bridge_->address, request), 400, "no page");
  EXPECT_EQ(backend_->seen().started, 1);
}

TEST_F(ResumeTest, RunningStreamsAreToldWhenTheirPositionIsLost) {
  backend_->Set(Path("Shared"),
                Answer{.messages = {FaultEvent(5, "e")}, .stay = true});
  HttpConnection stream = bridge_->Stream("/shared/x");
  EXPECT_EQ(stream.Event().id, "5");
  const int port = backend_->port();
  backend_ = nullptr;
  backend_ = std::make_unique<TestBackend>(TestBackend::Options{.port = port});
  KeepFrom20("Shared");
  ExpectReset(stream.Event(), "5", "20");
  EXPECT_EQ(stream.Event().id, "30");
}

TEST_F(ResumeTest, JsonFormsShowIt) {
  KeepFrom20("Own");
  HttpConnection stream(bridge_->address);
  HttpRequest request = bridge_->Request("GET", "/own/x?last_event_id=7");
  request.headers.emplace_back("Accept", "application/x-ndjson");
  stream.Send(request);
  EXPECT_EQ(stream.ReadHead().status, 200);
  backend_->Set(Path("Own"), [](const std::string& request) {
    return request.find('\x18') != std::string::npos
               ? Answer{.code = kOutOfRange, .details = CursorExpired("20")}
               : Answer{.messages = {FaultEvent(1, "a")}};
  });
  const HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(
      answer.body.find("{\"reset\":{\"requested\":\"7\",\"oldest\":\"20\"}}\n"),
      0u)
      << answer.body;
}

TEST_F(ResumeTest, BundleResumesAllAndTellsWhichStreamIsReset) {
  KeepFrom20("Shared");
  backend_->Set(Path("Buffered"),
                Answer{.messages = {FaultEvent(1, "a"), FaultEvent(2, "b")},
                       .stay = true});
  const std::string token = bridge_->Token("ann");
  const std::string target =
      "/events?stream=%2Fshared%2Fx&stream=%2Fbuffered%2Fx";
  HttpConnection whole = bridge_->Stream(target, token, "shared=20&buffered=1");
  std::string last;
  bool shared = false, buffered = false;
  while (!HasFailure() && (!shared || !buffered)) {
    const SseEvent event = whole.Event();
    if (event.event == "shared") {
      EXPECT_EQ(Data(event)["id"], "21");
      shared = true;
    } else if (event.event == "buffered" && Data(event)["id"] == "2") {
      buffered = true;
    } else {
      // Nothing was buffered yet.
      EXPECT_TRUE(event.event == "reset" || Data(event)["id"] == "1")
          << event.data;
    }
    last = event.id;
  }
  EXPECT_EQ(last, "shared=21&buffered=2");

  HttpConnection gap = bridge_->Stream(target, token, "shared=7&buffered=1");
  shared = buffered = false;
  while (!HasFailure() && (!shared || !buffered)) {
    const SseEvent event = gap.Event();
    if (event.event == "reset") {
      EXPECT_EQ(Data(event)["stream"], "shared");
      EXPECT_EQ(Data(event)["requested"], "7");
      EXPECT_EQ(Data(event)["oldest"], "20");
      EXPECT_EQ(event.id.find("shared"), std::string::npos) << event.id;
    } else if (event.event == "buffered") {
      EXPECT_EQ(Data(event)["id"], "2");
      buffered = true;
    } else {
      EXPECT_EQ(Data(event)["id"], "30");
      shared = true;
    }
  }

  HttpConnection nonsense = bridge_->Stream(target, token, "nonsense");
  std::set<std::string> reset;
  while (reset.size() < 2) {
    const SseEvent event = nonsense.Event();
    if (event.event != "reset") continue;
    EXPECT_EQ(Data(event)["requested"], "nonsense");
    reset.insert(Data(event)["stream"].get<std::string>());
  }

  ExpectError(bridge_->Call("GET", "/events?stream=reset:%2Fshared%2Fx", token),
              400, "NAME:PATH");
}

TEST_F(ResumeTest, EachElementOfASharedStreamStandsWhereItStood) {
  backend_->Set(Path("Parts"), [](const std::string& request) {
    const bool a = request.find("part-a") != std::string::npos;
    Answer answer{.stay = true};
    const int first = a ? 1 : 101;
    for (int id = first; id < first + 3; ++id) {
      if (request.find('\x18') == std::string::npos ||
          static_cast<unsigned char>(request.back()) < id) {
        answer.messages.push_back(FaultEvent(id, a ? "a" : "b"));
      }
    }
    return answer;
  });
  const std::string target = "/parts?parts=part-a&parts=part-b";
  HttpConnection stream = bridge_->Stream(target);
  std::string last;
  for (int i = 0; i < 6; ++i) last = stream.Event().id;
  EXPECT_EQ(last, "part-a=3&part-b=103");
  HttpConnection back = bridge_->Stream(target, "", "part-a=2&part-b=101");
  std::vector<std::string> texts;
  for (int i = 0; i < 3; ++i) texts.push_back(Data(back.Event())["id"]);
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, (std::vector<std::string>{"102", "103", "3"}));
}

class ServicesResumeTest : public ServicesTest {};

TEST_F(ServicesResumeTest, AnotherUsersIdRevealsNothing) {
  const std::string ann = Everything("ann"), ben = Everything("ben");
  HttpConnection anns = bridge_.Stream("/notifications/stream", ann);
  Notify("ann", "secret 1");
  const std::string id = anns.Event().id;
  Notify("ann", "secret 2");
  Notify("ben", "ben's");
  HttpConnection bens = bridge_.Stream("/notifications/stream", ben, id);
  Notify("ben", "last");
  for (;;) {
    const SseEvent event = bens.Event();
    EXPECT_EQ(event.data.find("secret"), std::string::npos) << event.data;
    if (event.data.find("last") != std::string::npos) break;
  }
}

TEST_F(ServicesResumeTest, WhoJoinedMissesNoMessageAlsoBeforeTheFirst) {
  const std::string ann = Everything("ann");
  HttpConnection stream = bridge_.Stream("/channels/room/stream", ann);
  const SseEvent joined = stream.Event();
  EXPECT_EQ(joined.event, "system");
  EXPECT_NE(joined.id, "");
  stream.Close();
  Post("/channels/room/messages", writer_, {{"content", "missed"}});
  HttpConnection back = bridge_.Stream("/channels/room/stream", ann, joined.id);
  EXPECT_EQ(back.Event().event, "system");
  const SseEvent message = back.Event();
  EXPECT_EQ(message.event, "message");
  EXPECT_EQ(Data(message)["payload"]["content"], "missed");
}

TEST_F(ServicesResumeTest, PricesResumeWithTheLastOfEachSymbol) {
  HttpConnection first = bridge_.Stream("/prices/stream?symbols=A&symbols=B");
  Publish("A", 1);
  Publish("B", 2);
  first.Event();
  first.Event();
  first.Close();
  Publish("A", 3);
  Publish("A", 4);
  HttpConnection back = bridge_.Stream("/prices/stream?symbols=A&symbols=B");
  std::map<std::string, double> prices;
  while (prices["A"] != 4 || prices["B"] != 2) {
    const json price = Data(back.Event());
    ASSERT_TRUE(price.is_object());
    prices[price["symbol"]] = price["price"];
  }
}

}  // namespace
}  // namespace sse_bridge::testing
