// `/events`: many streams on one connection.

#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

// What comes after "stream=" in a query.
std::string Escape(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c)) {
      out.push_back(static_cast<char>(c));
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

std::string EventsOf(const std::vector<std::string>& streams) {
  std::string target = "/events";
  for (size_t i = 0; i < streams.size(); ++i) {
    target += (i == 0 ? "?stream=" : "&stream=") + Escape(streams[i]);
  }
  return target;
}

class EventsTest : public ServicesTest {
 protected:
  const std::string ann_ = Everything("ann");
};

TEST_F(EventsTest, DefaultsArePricesAndNotifications) {
  Publish("AAPL", 3);
  Notify("ann", "one");
  HttpConnection stream = bridge_.Stream("/events", ann_);
  std::map<std::string, SseEvent> first;
  while (first.size() < 2) {
    const SseEvent event = stream.Event();
    ASSERT_NE(event.event, "");
    first.emplace(event.event, event);
  }
  // The cookbook's listeners: `price` and `notification`.
  EXPECT_EQ(
      Names(first["price"].data),
      (std::vector<std::string>{"symbol", "price", "change", "timestamp"}));
  EXPECT_EQ(Data(first["price"])["symbol"], "AAPL");
  EXPECT_EQ(Names(first["notification"].data),
            (std::vector<std::string>{"id", "type", "title", "body", "read",
                                      "created_at"}));
  EXPECT_EQ(Data(first["notification"])["title"], "one");
  Notify("ann", "two");
  EXPECT_EQ(Data(stream.Event())["title"], "two");
  Publish("NVDA", 5);
  EXPECT_EQ(Data(stream.Event())["symbol"], "NVDA");
}

TEST_F(EventsTest, DefaultsThatAreNotAllowedAreLeftOut) {
  Publish("AAPL", 3);
  HttpConnection stream = bridge_.Stream("/events", bridge_.Token("ben"));
  std::string comments;
  std::string event;
  while (event.empty()) {
    const auto block = stream.NextBlock();
    ASSERT_TRUE(block.has_value());
    comments += block->comment + "\n";
    event = block->event;
  }
  EXPECT_EQ(event, "price");
  EXPECT_NE(comments.find("left out: notification"), std::string::npos)
      << comments;
  EXPECT_NE(comments.find("notifications:read"), std::string::npos) << comments;
}

TEST_F(EventsTest, NamedStreamsComeUnderTheirNames) {
  Publish("X", 1);
  Publish("Y", 2);
  Post("/tasks", writer_, {{"task_id", "t"}});
  HttpConnection stream = bridge_.Stream(
      EventsOf({"/prices/stream?symbols=X", "other:/prices/stream?symbols=Y",
                "/channels/c/stream", "/tasks/t/progress"}),
      ann_);
  std::map<std::string, json> seen;
  while (seen.size() < 4) {
    const SseEvent event = stream.Event();
    ASSERT_NE(event.event, "");
    seen[event.event] = Data(event);
  }
  EXPECT_EQ(seen["price"]["symbol"], "X");
  EXPECT_EQ(seen["other"]["symbol"], "Y");
  EXPECT_EQ(seen["channel"]["type"], "joined");
  EXPECT_EQ(seen["progress"]["status"], "pending");
}

TEST_F(EventsTest, OneIdResumesEveryStream) {
  const std::string target =
      EventsOf({"/notifications/stream", "room:/channels/c/stream",
                "/tasks/t/progress"});
  Post("/tasks", writer_, {{"task_id", "t"}});
  Notify("ann", "one");
  std::string id;
  {
    HttpConnection stream = bridge_.Stream(target, ann_);
    std::set<std::string> seen;
    bool sent = false;
    while (seen.size() < 3) {
      const SseEvent event = stream.Event();
      ASSERT_NE(event.event, "");
      if (!sent && event.event == "room") {
        Post("/channels/c/messages", ann_, {{"content", "one"}});
        sent = true;
      }
      // The last id is what a browser sends, whichever event had it.
      if (event.id.empty()) continue;
      id = event.id;
      if (Data(event).value("type", "") != "joined") seen.insert(event.event);
    }
  }
  Notify("ann", "two");
  Post("/channels/c/messages", ann_, {{"content", "two"}});
  bridge_.Call("PATCH", "/tasks/t", writer_, R"({"status":"running"})");
  HttpConnection stream = bridge_.Stream(target, ann_, id);
  std::map<std::string, json> seen;
  while (seen.size() < 3) {
    const SseEvent event = stream.Event();
    ASSERT_NE(event.event, "");
    json data = Data(event);
    if (data.value("type", "") == "joined") continue;
    // The first of each is what came after the id.
    seen.emplace(event.event, data);
  }
  EXPECT_EQ(seen["notification"]["title"], "two");
  EXPECT_EQ(seen["room"]["payload"]["content"], "two");
  EXPECT_EQ(seen["progress"]["status"], "running");
}

TEST_F(EventsTest, EndOfOneStreamLeavesTheOthers) {
  Post("/tasks", writer_, {{"task_id", "t"}});
  HttpConnection stream = bridge_.Stream(
      EventsOf({"/tasks/t/progress", "/prices/stream?symbols=X"}), ann_);
  EXPECT_EQ(stream.Event().event, "progress");
  bridge_.Call("PATCH", "/tasks/t", writer_, R"({"status":"completed"})");
  EXPECT_EQ(Data(stream.Event())["status"], "completed");
  const SseEvent end = stream.Event();
  ExpectStatusEvent(end, 0);
  EXPECT_EQ(Data(end)["stream"], "progress");
  Publish("X", 1);
  EXPECT_EQ(stream.Event().event, "price");
}

TEST_F(EventsTest, StreamThatFailsToOpenIsToldByItsName) {
  HttpConnection stream = bridge_.Stream(
      EventsOf({"/tasks/none/progress", "/prices/stream?symbols=X"}), ann_);
  const SseEvent end = stream.Event();
  ExpectStatusEvent(end, 5);
  EXPECT_EQ(Data(end)["stream"], "progress");
  Publish("X", 1);
  EXPECT_EQ(stream.Event().event, "price");
}

TEST_F(EventsTest, WhenNothingOpensTheAnswerIsTheError) {
  ExpectError(bridge_.Call("GET", EventsOf({"/tasks/none/progress"}), ann_),
              404, "no task");
}

TEST_F(EventsTest, WrongStreamsAreRefused) {
  for (const std::string wrong :
       {"/nothing", "nothing", "/prices", "/channels/c/messages",
        "two words:/prices/stream?symbols=X", "//prices/stream?symbols=X"}) {
    SCOPED_TRACE(wrong);
    ExpectFieldError(bridge_.Call("GET", EventsOf({wrong}), ann_), "stream");
  }
  // Two of one name.
  ExpectFieldError(bridge_.Call("GET",
                                EventsOf({"/prices/stream?symbols=X",
                                          "/prices/stream?symbols=Y"}),
                                ann_),
                   "stream");
  ExpectFieldError(bridge_.Call("GET", "/events?streams=x", ann_), "streams");
  ExpectFieldError(bridge_.Call("GET", EventsOf({"/prices/stream"}), ann_),
                   "symbols");
  std::vector<std::string> many;
  for (int i = 0; i < 33; ++i) {
    many.push_back("n" + std::to_string(i) + ":/prices/stream?symbols=X");
  }
  ExpectFieldError(bridge_.Call("GET", EventsOf(many), ann_), "stream");
  many.pop_back();
  ExpectError(bridge_.Call("GET", EventsOf(many), ann_), 429,
              "each of these 32 counts");
  Bridge wide(backends_.address, {"--max-streams-per-subject", "32"});
  const std::string ann = wide.Token("ann");
  EXPECT_EQ(wide.Stream(EventsOf(many), ann).NextBlock()->retry, "2000");
}

TEST_F(EventsTest, StreamsAskForTheirOwnAccess) {
  const std::string ben = bridge_.Token("ben");
  ExpectError(bridge_.Call("GET", EventsOf({"/notifications/stream"})), 401);
  ExpectError(bridge_.Call("GET", EventsOf({"/prices/stream?symbols=X",
                                            "/channels/c/stream"})),
              401);
  ExpectError(bridge_.Call("GET", EventsOf({"/admin/metrics/stream"}), ben),
              403, "admin");
  ExpectError(bridge_.Call("GET", EventsOf({"/notifications/stream"}), ben),
              403, "notifications:read");
  ExpectFieldError(
      bridge_.Call("GET", EventsOf({"/channels/c/stream?user_id=ann"}), ben),
      "user_id");
}

TEST_F(EventsTest, AnybodyBundlesWhatAnybodyMayRead) {
  Publish("X", 1);
  HttpConnection named = bridge_.Stream(
      EventsOf({"/prices/stream?symbols=X", "more:/prices/stream?symbols=X"}));
  EXPECT_EQ(Data(named.Event())["symbol"], "X");

  Publish("AAPL", 3);
  HttpConnection defaults = bridge_.Stream("/events");
  std::string comments;
  SseEvent event;
  while (event.event.empty()) {
    const auto block = defaults.NextBlock();
    ASSERT_TRUE(block.has_value());
    event = *block;
    comments += event.comment + "\n";
  }
  EXPECT_EQ(event.event, "price");
  EXPECT_NE(comments.find("left out: notification"), std::string::npos)
      << comments;
}

TEST_F(EventsTest, ATokenThatIsNotGoodIsNotTakenForNobodys) {
  const std::string expired = bridge_.Sign({{"sub", "ann"}, {"exp", 1}});
  ExpectError(bridge_.Call("GET", "/events", expired), 401, "token");
  ExpectError(bridge_.Call("GET", EventsOf({"/channels/c/stream"}), expired),
              401, "token");
  // What needs none is served as everywhere.
  bridge_.Stream(EventsOf({"/prices/stream?symbols=X"}), expired);
  ExpectError(bridge_.Call("GET", "/events?ticket=used"), 401);
}

TEST_F(EventsTest, OtherVerbsAreNotAllowed) {
  const HttpAnswer answer = bridge_.Call("PUT", "/events", ann_, "{}");
  ExpectError(answer, 405, "PUT");
  EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD, POST");
}

TEST_F(EventsTest, QuietOnesAreKeptAlive) {
  Bridge bridge(backends_.address, {"--keep-alive", "100ms"});
  const std::string ben = bridge.Token("ben");
  for (const std::string target : {"/events", "/channels/c/stream"}) {
    HttpConnection stream = bridge.Stream(target, ben);
    std::string comment;
    for (int i = 0; i < 20 && comment != "ping"; ++i) {
      const auto block = stream.NextBlock();
      ASSERT_TRUE(block.has_value());
      comment = block->comment;
    }
    EXPECT_EQ(comment, "ping") << target;
  }
}

}  // namespace
}  // namespace sse_bridge::testing
