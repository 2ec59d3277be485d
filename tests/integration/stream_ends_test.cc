// How a stream ends, and what the browser that comes back after that is told:
// EventSource reconnects after every end.

#include <nlohmann/json.hpp>
#include <set>

#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

class StreamEndsTest : public FaultsTest {
 protected:
  // All events of a stream that ends.
  std::vector<SseEvent> Whole(const std::string& target,
                              const std::string& last_event_id = "") {
    HttpConnection stream = bridge_->Stream(target, "", last_event_id);
    std::vector<SseEvent> events;
    while (auto block = stream.NextBlock()) {
      if (!block->data.empty()) events.push_back(*block);
    }
    return events;
  }

  HttpAnswer Back(const std::string& target, const std::string& id,
                  const std::string& accept = "",
                  const std::string& token = "") {
    HttpRequest request = bridge_->Request("GET", target, token);
    request.headers.emplace_back("Last-Event-ID", id);
    if (!accept.empty()) request.headers.emplace_back("Accept", accept);
    return Fetch(bridge_->address, request);
  }

  void EndAfter(const std::string& method, int events, int code) {
    Answer answer{.code = code, .message = "told"};
    for (int i = 1; i <= events; ++i) {
      answer.messages.push_back(FaultEvent(i, "e"));
    }
    backend_->Set(Path(method), answer);
  }
};

TEST_F(StreamEndsTest, WhoHasSeenTheEndIsNotServedAgain) {
  for (const std::string method : {"Plain", "Own", "Shared", "Lost"}) {
    SCOPED_TRACE(method);
    EndAfter(method, 3, 0);
    std::string path = "/" + method + "/x";
    path[1] = static_cast<char>(std::tolower(path[1]));
    const auto events = Whole(path);
    ASSERT_EQ(events.size(), 4u);
    ExpectStatusEvent(events[3], 0);
    const int started = backend_->seen().started;
    EXPECT_EQ(Back(path, events[3].id).status, 204);
    EXPECT_EQ(
        bridge_->Call("GET", path + "?lastEventId=" + events[3].id).status,
        204);
    EXPECT_EQ(backend_->seen().started, started);
    // It says nothing about another request, and nothing at another bridge
    // differs.
    EXPECT_EQ(Back(path + "y", events[3].id).status, 200);
    auto other = BridgeTo(backend_->address());
    HttpRequest request = other->Request("GET", path);
    request.headers.emplace_back("Last-Event-ID", events[3].id);
    EXPECT_EQ(Fetch(other->address, request).status, 204);
    // A first visit is one.
    EXPECT_EQ(Whole(path).size(), 4u);
  }
}

TEST_F(StreamEndsTest, AnErrorThatWouldComeAgainIsTheAnswer) {
  EndAfter("Plain", 2, 5);
  const auto events = Whole("/plain/x");
  ASSERT_EQ(events.size(), 3u);
  ExpectStatusEvent(events[2], 5);
  ExpectError(Back("/plain/x", events[2].id), 404, "ended");
  EXPECT_EQ(backend_->seen().started, 1);
}

TEST_F(StreamEndsTest, AnErrorThatMayPassIsTriedAgain) {
  for (const int code : {2, 8, 13, 14, 16}) {
    EndAfter("Plain", 2, code);
    const auto events = Whole("/plain/x");
    ASSERT_EQ(events.size(), 3u);
    ExpectStatusEvent(events[2], code);
    EXPECT_FALSE(events[2].has_id);
  }
}

TEST_F(StreamEndsTest, EndsThatAreMadeUpAreResets) {
  backend_->Set(Path("Own"),
                Answer{.messages = {FaultEvent(7, "e")}, .stay = true});
  for (const std::string id : {"sse-bridge:end.0.0123456789abcdef",
                               "sse-bridge:lost", "sse-bridge:"}) {
    HttpConnection stream = bridge_->Stream("/own/x", "", id);
    EXPECT_EQ(stream.Event().event, "reset");
    EXPECT_EQ(stream.Event().id, "7");
  }
}

TEST_F(StreamEndsTest, AStreamOfSeveralCallsEndsAsOne) {
  EndAfter("Parts", 1, 0);
  const std::string path = "/parts?parts=a&parts=b";
  const auto events = Whole(path);
  ASSERT_EQ(events.size(), 3u);
  ExpectStatusEvent(events[2], 0);
  EXPECT_EQ(Back(path, events[2].id).status, 204);
  EXPECT_EQ(Back("/parts?parts=c&parts=d", events[2].id).status, 200);
}

TEST_F(StreamEndsTest, StreamsOfABundleEndEachForItself) {
  EndAfter("Plain", 1, 0);
  EndAfter("Lost", 1, 7);
  backend_->Set(Path("Shared"), [](const std::string& request) {
    return AsksAfter(request, 5)
               ? Answer{.messages = {FaultEvent(6, "more")}, .stay = true}
               : Answer{.messages = {FaultEvent(5, "e")}, .stay = true};
  });
  const std::string ended =
      "/events?stream=p:%2Fplain%2Fx&stream=l:%2Flost%2Fx";
  const std::string target = ended + "&stream=s:%2Fshared%2Fx";
  bridge_ = BridgeTo(backend_->address(), {"--linger", "0s"});
  std::string id;
  {
    HttpConnection stream = bridge_->Stream(target);
    std::set<std::string> seen;
    while (seen.size() < 5) {
      const SseEvent event = stream.Event();
      if (event.has_id) id = event.id;
      seen.insert(event.event == "grpc-status"
                      ? "end of " + Data(event)["stream"].get<std::string>()
                      : event.event);
    }
  }
  WaitFor("the end of the call",
          [&] { return backend_->seen().cancelled == 1; });
  // Only what has not ended goes on.
  HttpConnection back = bridge_->Stream(target, "", id);
  const SseEvent next = back.Event();
  EXPECT_EQ(next.event, "s");
  EXPECT_EQ(Data(next)["text"], "more");
  const int started = backend_->seen().started;
  EXPECT_EQ(Back(ended, id).status, 204);
  EXPECT_EQ(backend_->seen().started, started);
}

TEST_F(StreamEndsTest, InJsonNothingIsTheEmptyArray) {
  backend_->Set(Path("Plain"), Answer{});
  EXPECT_EQ(bridge_->Call("GET", "/plain/x").status, 204);
  HttpRequest request = bridge_->Request("GET", "/plain/x");
  request.headers.emplace_back("Accept", "application/json");
  HttpAnswer answer = Fetch(bridge_->address, request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(json::parse(answer.body), json::array());
  request.headers.back().second = "application/x-ndjson";
  answer = Fetch(bridge_->address, request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(answer.body, "");
}

TEST_F(StreamEndsTest, JsonThatFailsOrIsCutOffIsStillJson) {
  HttpRequest request = bridge_->Request("GET", "/plain/x");
  request.headers.emplace_back("Accept", "application/json");
  EndAfter("Plain", 2, 5);
  const json failed = json::parse(Fetch(bridge_->address, request).body);
  ASSERT_EQ(failed.size(), 3u);
  EXPECT_EQ(failed[2]["error"]["code"], 5);

  backend_->Set(Path("Plain"),
                Answer{.messages = {FaultEvent(1, "e")}, .stay = true});
  auto bridge = BridgeTo(backend_->address(), {"--drain-timeout", "0s"});
  HttpConnection stream(bridge->address);
  stream.Send(request);
  EXPECT_EQ(stream.ReadHead().status, 200);
  HttpConnection also(bridge->address);
  also.Send(bridge->Request("GET", "/plain/x"));
  EXPECT_EQ(also.Event().id, "");
  bridge->process->Signal(SIGTERM);
  std::string body = stream.ReadRaw();
  body = body.substr(body.find('['));
  EXPECT_NE(body.find("\"code\":14"), std::string::npos) << body;
  EXPECT_NE(body.find("]\n"), std::string::npos) << body;
}

}  // namespace
}  // namespace sse_bridge::testing
