// The five services behave as the cookbook has it: routes, event names, JSON
// field by field.

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

constexpr char kType[] = "type.googleapis.com/realtime.v1.";

std::string Symbols(int count) {
  Strings symbols;
  for (int i = 0; i < count; ++i) symbols.push_back("S" + std::to_string(i));
  return json({{"symbols", symbols}}).dump();
}

absl::Time TimeOf(const json& value) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, value.get<std::string>(),
                              &time, &error))
      << error;
  return time;
}

class PricesTest : public ServicesTest {};

TEST_F(PricesTest, UpdatesHaveTheCookbooksShape) {
  Publish("X", 10);
  for (const std::string verb : {"GET", "POST"}) {
    HttpConnection stream(bridge_.address);
    stream.Send(verb == "GET"
                    ? bridge_.Request(verb, "/prices/stream?symbols=X")
                    : bridge_.Request(verb, "/prices/stream", "",
                                      R"({"symbols":["X"]})"));
    EXPECT_EQ(stream.ReadHead().status, 200);
    const SseEvent event = stream.Event();
    EXPECT_EQ(event.event, "");
    EXPECT_EQ(event.id, "");
    EXPECT_EQ(Names(event.data),
              (Strings{"symbol", "price", "change", "timestamp"}));
    json price = Data(event);
    EXPECT_EQ(price["symbol"], "X");
    EXPECT_EQ(price["price"], 10);
    EXPECT_EQ(price["change"], 0);  // zero values are printed
    EXPECT_TRUE(IsTimestamp(price["timestamp"]));
  }
}

TEST_F(PricesTest, ChangeIsTheDifferenceToThePriceBefore) {
  HttpConnection stream = bridge_.Stream("/prices/stream?symbols=Y");
  Publish("Y", 10.25);
  EXPECT_EQ(Data(stream.Event())["change"], 0);
  Publish("Y", 9.5);
  json second = Data(stream.Event());
  EXPECT_EQ(second["price"], 9.5);
  EXPECT_EQ(second["change"], -0.75);
}

TEST_F(PricesTest, StreamHasItsSymbolsAndNoOthers) {
  HttpConnection stream =
      bridge_.Stream("/prices/stream?symbols=A&symbols=B%2FC");
  Publish("Z", 1);
  Publish("B/C", 2);
  EXPECT_EQ(Data(stream.Event())["symbol"], "B/C");
  Publish("A", 3);
  EXPECT_EQ(Data(stream.Event())["symbol"], "A");
}

TEST_F(PricesTest, PublishingAnswersWithTheUpdate) {
  json update = Post("/prices", writer_, {{"symbol", "P"}, {"price", 1.5}});
  EXPECT_EQ(update["symbol"], "P");
  EXPECT_EQ(update["price"], 1.5);
  EXPECT_TRUE(IsTimestamp(update["timestamp"]));
  const auto publish = [&](const std::string& body) {
    return bridge_.Call("POST", "/prices", writer_, body);
  };
  ExpectFieldError(publish(R"({"symbol":"P","price":0})"), "price");
  ExpectFieldError(publish(R"({"symbol":"P","price":"Infinity"})"), "price");
  ExpectFieldError(publish(R"({"price":1})"), "symbol");
}

TEST_F(PricesTest, WrongSymbolsNameTheField) {
  const auto post = [&](const std::string& body) {
    return bridge_.Call("POST", "/prices/stream", "", body);
  };
  const std::string too_long(33, 'x');
  ExpectFieldError(post(""), "symbols");
  ExpectFieldError(post("{}"), "symbols");
  ExpectFieldError(post(R"({"symbols":[]})"), "symbols");
  ExpectFieldError(post(Symbols(11)), "symbols");
  ExpectFieldError(post(R"({"symbols":[""]})"), "symbols[0]");
  ExpectFieldError(post(R"({"symbols":["A",""]})"), "symbols[1]");
  ExpectFieldError(post(R"({"symbols":["A","A"]})"), "symbols");
  ExpectFieldError(post(R"({"symbols":[")" + too_long + R"("]})"),
                   "symbols[0]");
  ExpectFieldError(post(R"({"symbols":["A",7]})"), "symbols[1]");
  ExpectFieldError(post(R"({"symbols":"A"})"), "symbols");
  ExpectFieldError(post(R"({"symbols":{"0":"A"}})"), "symbols");
  ExpectFieldError(post(R"({"symbolz":["A"]})"), "symbolz");
  ExpectFieldError(bridge_.Call("GET", "/prices/stream"), "symbols");
  ExpectFieldError(bridge_.Call("GET", "/prices/stream?symbols="),
                   "symbols[0]");
  ExpectFieldError(bridge_.Call("GET", "/prices/stream?symbol=A"), "symbol");
}

TEST_F(PricesTest, MalformedJsonTellsThePlace) {
  for (const std::string body :
       {R"({"symbols":["A"})", R"({"symbols":["A"]} x)", "symbols",
        R"({'symbols':['A']})"}) {
    SCOPED_TRACE(body);
    ExpectError(bridge_.Call("POST", "/prices/stream", "", body), 400,
                "line 1");
  }
  ExpectError(bridge_.Call("POST", "/prices/stream", "", "[]"), 400, "body");
}

TEST_F(PricesTest, TenSymbolsAreAllowed) {
  HttpConnection stream(bridge_.address);
  stream.Send(bridge_.Request("POST", "/prices/stream", "", Symbols(10)));
  EXPECT_EQ(stream.ReadHead().status, 200);
  Publish("S9", 1);
  EXPECT_EQ(Data(stream.Event())["symbol"], "S9");
}

TEST_F(PricesTest, SimulatedMarketMovesTheDefaultSymbols) {
  Backends market("", "127.0.0.1:0", {"--market-interval=20ms"});
  Bridge bridge(market.address);
  HttpConnection stream =
      bridge.Stream("/prices/stream?symbols=AAPL&symbols=MSFT");
  for (int i = 0; i < 10; ++i) {
    json price = Data(stream.Event());
    EXPECT_GT(price["price"], 0);
    EXPECT_TRUE(price["symbol"] == "AAPL" || price["symbol"] == "MSFT");
  }
}

class NotificationsTest : public ServicesTest {};

TEST_F(NotificationsTest, UnreadComeFirstAndThenNew) {
  const std::string ann = Everything("ann");
  const std::string first = Notify("ann", "one");
  Notify("ben", "not yours");
  Notify("ann", "two");
  HttpConnection stream = bridge_.Stream("/notifications/stream", ann);
  SseEvent event = stream.Event();
  EXPECT_EQ(event.event, "unread");
  EXPECT_NE(event.id, "");
  EXPECT_EQ(Names(event.data),
            (Strings{"id", "type", "title", "body", "read", "created_at"}));
  json data = Data(event);
  EXPECT_EQ(data["id"], first);
  EXPECT_EQ(data["type"], "");
  EXPECT_EQ(data["title"], "one");
  EXPECT_EQ(data["body"], "");
  EXPECT_EQ(data["read"], false);
  EXPECT_TRUE(IsTimestamp(data["created_at"]));
  event = stream.Event();
  EXPECT_EQ(event.event, "unread");
  EXPECT_EQ(Data(event)["title"], "two");
  Post("/notifications", writer_,
       {{"user_id", "ann"}, {"type", "t"}, {"title", "three"}, {"body", "b"}});
  event = stream.Event();
  EXPECT_EQ(event.event, "new");
  data = Data(event);
  EXPECT_EQ(data["type"], "t");
  EXPECT_EQ(data["title"], "three");
  EXPECT_EQ(data["body"], "b");
}

TEST_F(NotificationsTest, BrowserThatComesBackGetsWhatItMissed) {
  const std::string ann = Everything("ann");
  Notify("ann", "one");
  std::string id;
  {
    HttpConnection stream = bridge_.Stream("/notifications/stream", ann);
    id = stream.Event().id;
  }
  Notify("ann", "two");
  Notify("ann", "three");
  HttpConnection resumed = bridge_.Stream("/notifications/stream", ann, id);
  const SseEvent event = resumed.Event();
  EXPECT_EQ(event.event, "new");
  EXPECT_EQ(Data(event)["title"], "two");
  EXPECT_EQ(Data(resumed.Event())["title"], "three");
}

TEST_F(NotificationsTest, WhatWasReadIsNotUnread) {
  const std::string ann = Everything("ann");
  const std::string one = Notify("ann", "one");
  Notify("ann", "two");
  for (int i = 0; i < 2; ++i) {  // reading twice is no mistake
    json read = Post("/notifications/" + one + "/read", ann, {});
    EXPECT_EQ(read["id"], one);
    EXPECT_EQ(read["read"], true);
  }
  HttpConnection stream = bridge_.Stream("/notifications/stream", ann);
  EXPECT_EQ(Data(stream.Event())["title"], "two");
}

TEST_F(NotificationsTest, NobodyReadsAnothersNotification) {
  const std::string one = Notify("ann", "one");
  const auto read = [&](const std::string& id, const std::string& user) {
    return bridge_.Call("POST", "/notifications/" + id + "/read",
                        Everything(user));
  };
  ExpectError(read(one, "ben"), 404, "no notification");
  ExpectError(read("nothing", "ann"), 404, "no notification");
  HttpConnection stream =
      bridge_.Stream("/notifications/stream", Everything("ann"));
  EXPECT_EQ(Data(stream.Event())["id"], one);
}

TEST_F(NotificationsTest, WrongOnesNameTheField) {
  const auto create = [&](const std::string& body) {
    return bridge_.Call("POST", "/notifications", writer_, body);
  };
  ExpectFieldError(create(R"({"user_id":"ann"})"), "title");
  ExpectFieldError(create(R"({"title":"t"})"), "user_id");
  ExpectFieldError(create(R"({"user_id":"ann","title":"t","read":true})"),
                   "read");
}

class TasksTest : public ServicesTest {
 protected:
  HttpAnswer Update(const std::string& task, const std::string& body,
                    const std::string& verb = "PATCH") {
    return bridge_.Call(verb, "/tasks/" + task, writer_, body);
  }
};

TEST_F(TasksTest, StreamRunsToTheEndOfTheTask) {
  const std::string ann = bridge_.Token("ann");
  EXPECT_EQ(Post("/tasks", writer_, {{"task_id", "t"}}),
            json({{"task_id", "t"}, {"status", "pending"}, {"progress", 0}}));
  HttpConnection stream = bridge_.Stream("/tasks/t/progress", ann);
  SseEvent event = stream.Event();
  EXPECT_EQ(event.event, "");
  EXPECT_NE(event.id, "");
  EXPECT_EQ(Names(event.data), (Strings{"task_id", "status", "progress"}));
  EXPECT_EQ(Data(event)["progress"], 0);
  EXPECT_EQ(
      Update("t", R"({"status":"running","progress":0.5,"message":"half"})")
          .status,
      200);
  event = stream.Event();
  EXPECT_EQ(Names(event.data),
            (Strings{"task_id", "status", "progress", "message"}));
  EXPECT_EQ(Data(event), json({{"task_id", "t"},
                               {"status", "running"},
                               {"progress", 0.5},
                               {"message", "half"}}));
  EXPECT_EQ(
      Update("t", R"({"status":"failed","progress":0.5,"error":"e"})", "POST")
          .status,
      200);
  event = stream.Event();
  EXPECT_EQ(Names(event.data),
            (Strings{"task_id", "status", "progress", "error"}));
  EXPECT_EQ(Data(event)["status"], "failed");
  EXPECT_EQ(Data(event)["error"], "e");
  ExpectStatusEvent(stream.Event(), 0);
  EXPECT_FALSE(stream.NextBlock().has_value());
}

TEST_F(TasksTest, ReconnectAfterTheEndGets204) {
  Post("/tasks", writer_, {{"task_id", "t"}});
  HttpConnection stream = bridge_.Stream("/tasks/t/progress", writer_);
  stream.Event();
  EXPECT_EQ(
      json::parse(Update("t", R"({"status":"completed"})").body)["progress"],
      1);
  const std::string last = stream.Event().id;
  ExpectStatusEvent(stream.Event(), 0);
  HttpRequest back = bridge_.Request("GET", "/tasks/t/progress", writer_);
  back.headers.emplace_back("Last-Event-ID", last);
  EXPECT_EQ(Fetch(bridge_.address, back).status, 204);
  // Also when the bridge has forgotten the shared stream.
  EXPECT_EQ(
      bridge_.Call("GET", "/tasks/t/progress?last_event_id=" + last, writer_)
          .status,
      204);
}

TEST_F(TasksTest, LateSubscriberGetsTheCurrentStateFirst) {
  Post("/tasks", writer_, {{"task_id", "t"}});
  Update("t", R"({"status":"running","progress":0.25})");
  HttpConnection first = bridge_.Stream("/tasks/t/progress", writer_);
  EXPECT_EQ(Data(first.Event())["progress"], 0.25);
  HttpConnection second = bridge_.Stream("/tasks/t/progress", writer_);
  EXPECT_EQ(Data(second.Event())["progress"], 0.25);
  Update("t", R"({"status":"completed"})");
  for (HttpConnection* stream : {&first, &second}) {
    EXPECT_EQ(Data(stream->Event())["status"], "completed");
    ExpectStatusEvent(stream->Event(), 0);
  }
  // One who was never there still learns how it ended.
  HttpConnection third = bridge_.Stream("/tasks/t/progress", writer_);
  EXPECT_EQ(Data(third.Event())["status"], "completed");
  ExpectStatusEvent(third.Event(), 0);
}

TEST_F(TasksTest, UnknownAndEndedTasksAreTold) {
  ExpectError(bridge_.Call("GET", "/tasks/none/progress", writer_), 404,
              "no task none");
  ExpectError(Update("none", R"({"status":"running"})"), 404, "no task none");
  const std::string made_up =
      Post("/tasks", writer_, json::object())["task_id"];
  EXPECT_NE(made_up, "");
  ExpectError(bridge_.Call("POST", "/tasks", writer_,
                           json({{"task_id", made_up}}).dump()),
              409, "already");
  Update(made_up, R"({"status":"completed"})");
  ExpectError(Update(made_up, R"({"status":"running"})"), 400, "has ended");
}

TEST_F(TasksTest, WrongUpdatesNameTheField) {
  Post("/tasks", writer_, {{"task_id", "t"}});
  ExpectFieldError(Update("t", R"({"status":"sleeping"})"), "status");
  ExpectFieldError(Update("t", R"({"status":"running","progress":1.5})"),
                   "progress");
  ExpectFieldError(Update("t", R"({"status":"running","progress":-0.1})"),
                   "progress");
  ExpectFieldError(
      bridge_.Call("POST", "/tasks", writer_, R"({"task_id":"no spaces"})"),
      "task_id");
}

class ChannelsTest : public ServicesTest {
 protected:
  const std::string ann_ = bridge_.Token("ann");
  const std::string ben_ = bridge_.Token("ben");
};

TEST_F(ChannelsTest, EventsHaveTheCookbooksNamesAndShapes) {
  HttpConnection stream = bridge_.Stream("/channels/general/stream", ann_);
  SseEvent event = stream.Event();
  EXPECT_EQ(event.event, "system");
  EXPECT_EQ(Names(event.data), (Strings{"type", "payload"}));
  const std::string type = kType;
  EXPECT_EQ(Data(event),
            json({{"type", "joined"},
                  {"payload",
                   {{"@type", type + "Joined"}, {"channel", "general"}}}}));
  const auto about_ben = [&](const std::string& name,
                             const std::string& message) {
    return json({{"type", name},
                 {"payload",
                  {{"@type", type + message},
                   {"channel", "general"},
                   {"user_id", "ben"}}}});
  };
  {
    HttpConnection other = bridge_.Stream("/channels/general/stream", ben_);
    EXPECT_EQ(other.Event().event, "system");
    event = stream.Event();
    EXPECT_EQ(event.event, "join");
    EXPECT_EQ(Data(event), about_ben("join", "MemberJoined"));

    EXPECT_EQ(Post("/channels/general/typing", ben_, {}), json::object());
    event = stream.Event();
    EXPECT_EQ(event.event, "typing");
    EXPECT_EQ(event.id, "");
    EXPECT_EQ(Data(event), about_ben("typing", "Typing"));

    Post("/channels/general/messages", ben_, {{"content", "<hi>"}});
    // He who typed is not told of it: his next event is the message.
    for (HttpConnection* each : {&stream, &other}) {
      event = each->Event();
      // Ann's arrival is told in the background: it may be after Ben's.
      if (event.event == "join" && Data(event)["payload"]["user_id"] == "ann") {
        event = each->Event();
      }
      EXPECT_EQ(event.event, "message");
      EXPECT_NE(event.id, "");
      json data = Data(event);
      EXPECT_EQ(data["type"], "message");
      EXPECT_EQ(
          Names(nlohmann::ordered_json::parse(event.data)["payload"].dump()),
          (Strings{"@type", "id", "channel", "user_id", "username", "content",
                   "timestamp"}));
      json payload = data["payload"];
      EXPECT_EQ(payload["@type"], type + "ChatMessage");
      EXPECT_NE(payload["id"], "");
      EXPECT_EQ(payload["channel"], "general");
      EXPECT_EQ(payload["user_id"], "ben");
      EXPECT_EQ(payload["username"], "ben");
      EXPECT_EQ(payload["content"], "<hi>");
      EXPECT_TRUE(IsTimestamp(payload["timestamp"]));
    }
  }
  event = stream.Event();
  EXPECT_EQ(event.event, "leave");
  EXPECT_EQ(Data(event), about_ben("leave", "MemberLeft"));
}

TEST_F(ChannelsTest, SenderIsTheVerifiedUserWhateverTheBodySays) {
  ExpectFieldError(bridge_.Call("POST", "/channels/c/messages", ben_,
                                R"({"content":"hi","user_id":"ann"})"),
                   "user_id");
  ExpectFieldError(bridge_.Call("GET", "/channels/c/stream?user_id=ann", ben_),
                   "user_id");
  ExpectFieldError(bridge_.Call("POST", "/channels/c/typing?user_id=ann", ben_),
                   "user_id");
  json message = Post("/channels/c/messages", ben_, {{"content", "hi"}});
  EXPECT_EQ(message["user_id"], "ben");
}

TEST_F(ChannelsTest, HistoryIsPagedOldestFirst) {
  for (const std::string content : {"one", "two", "three"}) {
    Post("/channels/c/messages", ann_, {{"content", content}});
  }
  const auto list = [&](const std::string& query) {
    return json::parse(
        bridge_.Call("GET", "/channels/c/messages" + query, ben_).body);
  };
  json all = list("");
  ASSERT_EQ(all["messages"].size(), 3u);
  EXPECT_EQ(all["messages"][0]["content"], "one");
  EXPECT_EQ(all["next_page_token"], "");
  json page = list("?page_size=2");
  ASSERT_EQ(page["messages"].size(), 2u);
  const std::string token = page["next_page_token"];
  json rest = list("?page_size=2&page_token=" + token);
  ASSERT_EQ(rest["messages"].size(), 1u);
  EXPECT_EQ(rest["messages"][0]["content"], "three");
  ExpectFieldError(
      bridge_.Call("GET", "/channels/c/messages?page_size=501", ben_),
      "page_size");
  EXPECT_EQ(
      json::parse(bridge_.Call("GET", "/channels/quiet/messages", ben_).body),
      json({{"messages", json::array()}, {"next_page_token", ""}}));
}

TEST_F(ChannelsTest, MissedMessagesComeAfterAReconnect) {
  std::string id;
  {
    HttpConnection stream = bridge_.Stream("/channels/c/stream", ann_);
    stream.Event();
    Post("/channels/c/messages", ben_, {{"content", "one"}});
    id = stream.Event().id;
  }
  Post("/channels/c/messages", ben_, {{"content", "two"}});
  HttpConnection stream = bridge_.Stream("/channels/c/stream", ann_, id);
  EXPECT_EQ(stream.Event().event, "system");
  EXPECT_EQ(Data(stream.Event())["payload"]["content"], "two");
}

TEST_F(ChannelsTest, MembersAreThoseWithAStream) {
  const auto members = [&] {
    return json::parse(
        bridge_.Call("GET", "/channels/c/members", ann_).body)["user_ids"];
  };
  EXPECT_EQ(members(), json::array());
  {
    HttpConnection one = bridge_.Stream("/channels/c/stream", ben_);
    HttpConnection two = bridge_.Stream("/channels/c/stream", ann_);
    one.Event();
    two.Event();
    EXPECT_EQ(members(), json({"ann", "ben"}));
  }
  WaitFor("everybody to leave", [&] { return members().empty(); });
}

TEST_F(ChannelsTest, PrivateChannelRefusesTheUninvited) {
  const std::string eve = bridge_.Token("eve");
  const std::string channel = "/channels/private-x";
  ExpectError(bridge_.Call("GET", channel + "/stream", ben_), 403,
              "cannot join channel");
  Post(channel + "/members", ann_, {{"invitee", "ben"}});
  for (const std::string& token : {ann_, ben_}) {
    HttpConnection stream = bridge_.Stream(channel + "/stream", token);
    EXPECT_EQ(stream.Event().event, "system");
  }
  ExpectError(bridge_.Call("GET", channel + "/stream", eve), 403,
              "cannot join channel");
  ExpectError(bridge_.Call("GET", channel + "/messages", eve), 403);
  ExpectError(bridge_.Call("POST", channel + "/messages", eve,
                           R"({"content":"let me in"})"),
              403);
  ExpectError(
      bridge_.Call("POST", channel + "/members", eve, R"({"invitee":"eve"})"),
      403, "owner");
}

TEST_F(ChannelsTest, TabThatClosesDoesNotLogItsSiblingOut) {
  HttpConnection ann = bridge_.Stream("/channels/c/stream", ann_);
  EXPECT_EQ(ann.Event().event, "system");
  HttpConnection stays = bridge_.Stream("/channels/c/stream", ben_);
  EXPECT_EQ(stays.Event().event, "system");
  EXPECT_EQ(ann.Event().event, "join");
  {
    HttpConnection closes = bridge_.Stream("/channels/c/stream", ben_);
    EXPECT_EQ(closes.Event().event, "system");
  }
  std::this_thread::sleep_for(std::chrono::seconds(3));  // more than the grace
  Post("/channels/c/messages", ben_, {{"content", "still here"}});
  EXPECT_EQ(ann.Event().event, "message") << "neither join nor leave";
  EXPECT_EQ(stays.Event().event, "message");
}

TEST_F(ChannelsTest, MessageToSomeMembersIsSeenByThemAndTheSender) {
  const std::string eve = bridge_.Token("eve");
  HttpConnection stream = bridge_.Stream("/channels/c/stream", eve);
  const std::string id = stream.Event().id;
  HttpConnection bens = bridge_.Stream("/channels/c/stream", ben_);
  EXPECT_EQ(bens.Event().event, "system");
  Post("/channels/c/messages", ann_, {{"content", "psst"}, {"to", {"ben"}}});
  Post("/channels/c/messages", ann_, {{"content", "hello"}});
  const auto next = [](HttpConnection* from) {
    SseEvent event;
    do {
      event = from->Event();
    } while (event.event != "message");
    return Data(event)["payload"]["content"].get<std::string>();
  };
  EXPECT_EQ(next(&bens), "psst");
  EXPECT_EQ(next(&bens), "hello");
  EXPECT_EQ(next(&stream), "hello");
  // Neither after a reconnect, nor in the history.
  HttpConnection back = bridge_.Stream("/channels/c/stream", eve, id);
  EXPECT_EQ(next(&back), "hello");
  for (const auto& [token, count] :
       {std::pair(eve, 1u), std::pair(ben_, 2u), std::pair(ann_, 2u)}) {
    json history =
        json::parse(bridge_.Call("GET", "/channels/c/messages", token).body);
    EXPECT_EQ(history["messages"].size(), count);
  }
}

TEST_F(ChannelsTest, RemovedMemberStopsReceivingWithinTheRenewalTime) {
  const std::string channel = "/channels/private-y";
  Post(channel + "/members", ann_, {{"invitee", "ben"}});
  Bridge quick(backends_.address, {"--descriptor-set", ShortLeaseSchema()});
  HttpConnection anns = bridge_.Stream(channel + "/stream", ann_);
  EXPECT_EQ(anns.Event().event, "system");
  HttpConnection bens = quick.Stream(channel + "/stream", ben_);
  EXPECT_EQ(bens.Event().event, "system");
  ExpectError(bridge_.Call("DELETE", channel + "/members/ann", ben_), 403,
              "owner");
  EXPECT_EQ(bridge_.Call("DELETE", channel + "/members/ben", ann_).status, 200);
  const SseEvent end = bens.Event();
  EXPECT_EQ(end.event, "grpc-status");
  EXPECT_EQ(Data(end)["code"], 7);
  ExpectError(bridge_.Call("GET", channel + "/stream", ben_), 403,
              "cannot join channel");
  Post(channel + "/messages", ann_, {{"content", "alone"}});
  SseEvent event = anns.Event();
  while (event.event != "message") event = anns.Event();
  EXPECT_EQ(Data(event)["payload"]["content"], "alone");
}

class MetricsTest : public ServicesTest {};

TEST_F(MetricsTest, SamplesHaveTheCookbooksShapeOneASecond) {
  HttpConnection stream = bridge_.Stream("/admin/metrics/stream", writer_);
  std::vector<absl::Time> times;
  for (int i = 0; i < 3; ++i) {
    const SseEvent event = stream.Event();
    EXPECT_EQ(event.event, "");
    EXPECT_EQ(
        Names(event.data),
        (Strings{"timestamp", "active_users", "requests_per_sec", "error_rate",
                 "avg_latency_ms", "cpu_usage", "memory_usage"}));
    json data = Data(event);
    EXPECT_TRUE(IsTimestamp(data["timestamp"]));
    EXPECT_TRUE(data["active_users"].is_number_integer());
    for (const std::string part : {"error_rate", "cpu_usage", "memory_usage"}) {
      EXPECT_TRUE(data[part].is_number()) << part;
      EXPECT_GE(data[part], 0) << part;
      EXPECT_LE(data[part], 1) << part;
    }
    EXPECT_GT(data["memory_usage"], 0);
    EXPECT_GE(data["requests_per_sec"], 0);
    EXPECT_GE(data["avg_latency_ms"], 0);
    times.push_back(TimeOf(data["timestamp"]));
  }
  // By the samples' own clock, so that a busy machine does no harm.
  EXPECT_GE(times[2] - times[0], absl::Milliseconds(1500));
  EXPECT_LE(times[2] - times[0], absl::Seconds(10));
}

TEST_F(MetricsTest, CallsAndUsersAreCounted) {
  HttpConnection stream = bridge_.Stream("/admin/metrics/stream", writer_);
  HttpConnection room =
      bridge_.Stream("/channels/c/stream", bridge_.Token("ben"));
  Notify("ann", "one");
  bridge_.Call("GET", "/tasks/none/progress", writer_);
  bool counted = false;
  for (int i = 0; i < 15 && !counted; ++i) {
    json data = Data(stream.Event());
    counted = data["active_users"] >= 1 && data["requests_per_sec"] > 0 &&
              data["avg_latency_ms"] > 0 && data["error_rate"] > 0;
  }
  EXPECT_TRUE(counted);
}

using RestartTest = ServicesTest;

TEST_F(RestartTest, BrowsersStayAndMissNothing) {
  const std::string ann = Everything("ann");
  HttpConnection notifications = bridge_.Stream("/notifications/stream", ann);
  HttpConnection prices = bridge_.Stream("/prices/stream?symbols=R");
  Post("/tasks", writer_, {{"task_id", "t"}});
  HttpConnection task = bridge_.Stream("/tasks/t/progress", ann);
  HttpConnection channel = bridge_.Stream("/channels/c/stream", ann);
  Notify("ann", "one");
  EXPECT_EQ(Data(notifications.Event())["title"], "one");
  Publish("R", 1);
  EXPECT_EQ(Data(prices.Event())["price"], 1);
  EXPECT_EQ(Data(task.Event())["status"], "pending");
  EXPECT_EQ(channel.Event().event, "system");
  Post("/channels/c/messages", ann, {{"content", "one"}});
  EXPECT_EQ(channel.Event().event, "message");

  KillAndRestartBackends();
  WaitForBackends();

  Notify("ann", "two");
  const SseEvent event = notifications.Event();
  EXPECT_EQ(event.event, "new");
  EXPECT_EQ(Data(event)["title"], "two");
  EXPECT_EQ(
      bridge_.Call("PATCH", "/tasks/t", writer_, R"({"status":"completed"})")
          .status,
      200);
  EXPECT_EQ(Data(task.Event())["status"], "completed");
  ExpectStatusEvent(task.Event(), 0);
  Post("/channels/c/messages", ann, {{"content", "two"}});
  SseEvent next = channel.Event();
  if (next.event == "system") next = channel.Event();
  EXPECT_EQ(Data(next)["payload"]["content"], "two");
  // Live values are not resumed: the next one counts.
  WaitFor("the price after the restart", [&] {
    Publish("R", 2);
    return Data(prices.Event())["price"] == 2;
  });
}

}  // namespace
}  // namespace sse_bridge::testing
