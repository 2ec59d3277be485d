// The five services behave as the cookbook has it.

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

const std::vector<std::string>& Names(const json& object) {
  static thread_local std::vector<std::string> names;
  names.clear();
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

bool IsTimestamp(const json& value) {
  static const std::regex form(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?Z)");
  return value.is_string() && std::regex_match(value.get<std::string>(), form);
}

class FiveServicesTest : public ::testing::Test {
 protected:
  FiveServicesTest()
      : backends_(store_.path()),
        bridge_(backends_.address, {"--auth-cookie", "session"}) {}

  std::string Everything(const std::string& subject) {
    return bridge_.Token(
        subject,
        "--role admin --scope notifications:read --scope notifications:write "
        "--scope prices:publish --scope tasks:write");
  }

  void ExpectError(const HttpAnswer& answer, int status,
                   const std::string& words) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    const json error = json::parse(answer.body)["error"];
    EXPECT_EQ(error["code"], status);
    EXPECT_NE(error["message"].get<std::string>().find(words),
              std::string::npos)
        << answer.body;
  }

  TemporaryDirectory store_;
  Backends backends_;
  Bridge bridge_;
};

TEST_F(FiveServicesTest, PricesHaveTheCookbooksShape) {
  const std::string token = Everything("ann");
  bridge_.Call("POST", "/prices", token, R"({"symbol":"X","price":10})");
  for (const std::string verb : {"GET", "POST"}) {
    HttpConnection stream(bridge_.address);
    stream.Send(verb == "GET"
                    ? bridge_.Request("GET", "/prices/stream?symbols=X")
                    : bridge_.Request("POST", "/prices/stream", "",
                                      R"({"symbols":["X"]})"));
    const HttpAnswer head = stream.ReadHead();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
    EXPECT_EQ(head.headers.at("cache-control"), "no-store");
    EXPECT_EQ(head.headers.at("x-accel-buffering"), "no");
    const auto event = stream.NextEvent();
    EXPECT_EQ(event->event, "");
    const json price = json::parse(event->data);
    EXPECT_EQ(Names(price), (std::vector<std::string>{"change", "price",
                                                      "symbol", "timestamp"}));
    EXPECT_EQ(price["price"], 10);
    EXPECT_EQ(price["change"], 0);
    EXPECT_TRUE(IsTimestamp(price["timestamp"]));
  }
}

TEST_F(FiveServicesTest, WrongSymbolsNameTheField) {
  const auto post = [&](const std::string& body) {
    return bridge_.Call("POST", "/prices/stream", "", body);
  };
  ExpectError(post("{}"), 400, "symbols");
  ExpectError(post(R"({"symbols":[]})"), 400, "symbols");
  ExpectError(
      post(R"({"symbols":["A","B","C","D","E","F","G","H","I","J","K"]})"), 400,
      "symbols");
  ExpectError(post(R"({"symbols":["A",""]})"), 400, "symbols[1]");
  ExpectError(post(R"({"symbols":["A",7]})"), 400, "symbols[1]");
  ExpectError(post(R"({"symbolz":["A"]})"), 400, "symbolz");
  ExpectError(post(R"({"symbols":["A"})"), 400, "line 1");
  ExpectError(bridge_.Call("GET", "/prices/stream"), 400, "symbols");
  HttpConnection ten(bridge_.address);
  ten.Send(bridge_.Request(
      "POST", "/prices/stream", "",
      R"({"symbols":["A","B","C","D","E","F","G","H","I","J"]})"));
  EXPECT_EQ(ten.ReadHead().status, 200);
}

TEST_F(FiveServicesTest, NotificationsAreUnreadFirstThenNew) {
  const std::string token = Everything("ann");
  const auto create = [&](const std::string& user, const std::string& title) {
    const HttpAnswer answer =
        bridge_.Call("POST", "/notifications", token,
                     json({{"user_id", user}, {"title", title}}).dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body)["id"].get<std::string>();
  };
  const std::string first = create("ann", "one");
  create("ben", "not yours");
  create("ann", "two");
  HttpConnection stream = bridge_.Stream("/notifications/stream", token);
  auto event = stream.NextEvent();
  EXPECT_EQ(event->event, "unread");
  const json one = json::parse(event->data);
  EXPECT_EQ(Names(one), (std::vector<std::string>{"body", "created_at", "id",
                                                  "read", "title", "type"}));
  EXPECT_EQ(one["title"], "one");
  EXPECT_EQ(one["read"], false);
  EXPECT_TRUE(IsTimestamp(one["created_at"]));
  event = stream.NextEvent();
  EXPECT_EQ(event->event, "unread");
  const std::string second_id = event->id;
  create("ann", "three");
  event = stream.NextEvent();
  EXPECT_EQ(event->event, "new");
  EXPECT_EQ(json::parse(event->data)["title"], "three");

  // A browser that comes back gets what it missed, and only that.
  HttpConnection resumed =
      bridge_.Stream("/notifications/stream", token, second_id);
  EXPECT_EQ(json::parse(resumed.NextEvent()->data)["title"], "three");

  EXPECT_EQ(json::parse(
                bridge_.Call("POST", "/notifications/" + first + "/read", token)
                    .body)["read"],
            true);
  HttpConnection again = bridge_.Stream("/notifications/stream", token);
  EXPECT_EQ(json::parse(again.NextEvent()->data)["title"], "two");
  ExpectError(bridge_.Call("POST", "/notifications/" + first + "/read",
                           Everything("ben")),
              404, "no notification");
}

TEST_F(FiveServicesTest, TaskStreamsToItsEndAndStaysFinished) {
  const std::string token = Everything("ann");
  EXPECT_EQ(bridge_.Call("POST", "/tasks", token, R"({"task_id":"t"})").status,
            200);
  ExpectError(bridge_.Call("POST", "/tasks", token, R"({"task_id":"t"})"), 409,
              "already");
  HttpConnection stream = bridge_.Stream("/tasks/t/progress", token);
  auto event = stream.NextEvent();
  EXPECT_EQ(event->event, "");
  EXPECT_EQ(json::parse(event->data),
            json({{"task_id", "t"}, {"status", "pending"}, {"progress", 0}}));
  bridge_.Call("PATCH", "/tasks/t", token,
               R"({"status":"running","progress":0.5,"message":"half"})");
  event = stream.NextEvent();
  EXPECT_EQ(json::parse(event->data), json({{"task_id", "t"},
                                            {"status", "running"},
                                            {"progress", 0.5},
                                            {"message", "half"}}));
  bridge_.Call("POST", "/tasks/t", token,
               R"({"status":"failed","progress":0.5,"error":"no luck"})");
  event = stream.NextEvent();
  EXPECT_EQ(json::parse(event->data)["error"], "no luck");
  const std::string last = event->id;
  event = stream.NextEvent();
  EXPECT_EQ(event->event, "grpc-status");
  EXPECT_FALSE(stream.NextBlock().has_value());

  HttpRequest back = bridge_.Request("GET", "/tasks/t/progress", token);
  back.headers.emplace_back("Last-Event-ID", last);
  EXPECT_EQ(Fetch(bridge_.address, back).status, 204);
  ExpectError(bridge_.Call("PATCH", "/tasks/t", token,
                           R"({"status":"running","progress":0.6})"),
              400, "has ended");
  ExpectError(bridge_.Call("GET", "/tasks/none/progress", token), 404,
              "no task");
}

TEST_F(FiveServicesTest, ChannelCarriesMessagesJoinsTypingAndLeaves) {
  const std::string ann = bridge_.Token("ann"), ben = bridge_.Token("ben");
  HttpConnection stream = bridge_.Stream("/channels/general/stream", ann);
  auto event = stream.NextEvent();
  EXPECT_EQ(event->event, "system");
  EXPECT_EQ(json::parse(event->data),
            json({{"type", "joined"},
                  {"payload",
                   {{"@type", "type.googleapis.com/realtime.v1.Joined"},
                    {"channel", "general"}}}}));
  {
    HttpConnection other = bridge_.Stream("/channels/general/stream", ben);
    other.NextEvent();
    EXPECT_EQ(stream.NextEvent()->event, "join");
    EXPECT_EQ(bridge_.Call("POST", "/channels/general/typing", ben).status,
              200);
    event = stream.NextEvent();
    EXPECT_EQ(event->event, "typing");
    EXPECT_EQ(json::parse(event->data)["payload"]["user_id"], "ben");
    ExpectError(bridge_.Call("POST", "/channels/general/messages", ben,
                             R"({"content":"hi","user_id":"ann"})"),
                400, "user_id");
    bridge_.Call("POST", "/channels/general/messages", ben,
                 R"({"content":"<hi>"})");
    event = stream.NextEvent();
    EXPECT_EQ(event->event, "message");
    EXPECT_NE(event->id, "");
    const json payload = json::parse(event->data)["payload"];
    EXPECT_EQ(Names(payload),
              (std::vector<std::string>{"@type", "channel", "content", "id",
                                        "timestamp", "user_id", "username"}));
    EXPECT_EQ(payload["user_id"], "ben");
    EXPECT_EQ(payload["content"], "<hi>");
    EXPECT_TRUE(IsTimestamp(payload["timestamp"]));
  }
  EXPECT_EQ(stream.NextEvent()->event, "leave");
  const json history =
      json::parse(bridge_.Call("GET", "/channels/general/messages", ann).body);
  EXPECT_EQ(history["messages"].size(), 1u);
}

TEST_F(FiveServicesTest, PrivateChannelRefusesTheUninvited) {
  const std::string ann = bridge_.Token("ann"), ben = bridge_.Token("ben");
  ExpectError(bridge_.Call("GET", "/channels/private-x/stream", ben), 403,
              "cannot join channel");
  EXPECT_EQ(bridge_
                .Call("POST", "/channels/private-x/members", ann,
                      R"({"invitee":"ben"})")
                .status,
            200);
  EXPECT_EQ(
      bridge_.Stream("/channels/private-x/stream", ben).NextEvent()->event,
      "system");
  ExpectError(
      bridge_.Call("GET", "/channels/private-x/stream", bridge_.Token("eve")),
      403, "cannot join channel");
}

TEST_F(FiveServicesTest, MetricsAreForAdministrators) {
  ExpectError(
      bridge_.Call("GET", "/admin/metrics/stream", bridge_.Token("ann")), 403,
      "admin");
  HttpConnection stream =
      bridge_.Stream("/admin/metrics/stream", Everything("ann"));
  const json first = json::parse(stream.NextEvent()->data);
  EXPECT_EQ(Names(first),
            (std::vector<std::string>{"active_users", "avg_latency_ms",
                                      "cpu_usage", "error_rate", "memory_usage",
                                      "requests_per_sec", "timestamp"}));
  EXPECT_TRUE(first["active_users"].is_number_integer());
  EXPECT_NE(json::parse(stream.NextEvent()->data)["timestamp"],
            first["timestamp"]);
}

TEST_F(FiveServicesTest, EventsCarriesTheDefaultStreamsAndResumesThem) {
  const std::string token = Everything("ann");
  bridge_.Call("POST", "/prices", token, R"({"symbol":"AAPL","price":3})");
  bridge_.Call("POST", "/notifications", token,
               R"({"user_id":"ann","title":"one"})");
  std::string id;
  {
    HttpConnection stream = bridge_.Stream("/events", token);
    bool price = false, notification = false;
    while (!price || !notification) {
      const auto event = stream.NextEvent();
      price |= event->event == "price";
      notification |= event->event == "notification";
      if (!event->id.empty()) id = event->id;
    }
  }
  bridge_.Call("POST", "/notifications", token,
               R"({"user_id":"ann","title":"two"})");
  HttpConnection stream = bridge_.Stream("/events", token, id);
  for (;;) {
    const auto event = stream.NextEvent();
    if (event->event != "notification") continue;
    EXPECT_EQ(json::parse(event->data)["title"], "two");
    break;
  }
  ExpectError(bridge_.Call("GET", "/events?stream=/nothing", token), 400,
              "stream");
  HttpConnection named = bridge_.Stream(
      "/events?stream=room:%2Fchannels%2Fa%2Fstream", bridge_.Token("ben"));
  EXPECT_EQ(named.NextEvent()->event, "room");
}

TEST_F(FiveServicesTest, TokensDecideWhoGetsIn) {
  for (const std::string target :
       {"/notifications/stream", "/tasks/t/progress", "/channels/a/stream",
        "/admin/metrics/stream", "/events"}) {
    const HttpAnswer answer = bridge_.Call("GET", target);
    ExpectError(answer, 401, "");
    EXPECT_EQ(answer.headers.at("www-authenticate").substr(0, 6), "Bearer");
    ExpectError(bridge_.Call("GET", target, "not.a.token"), 401,
                "invalid token");
  }
  ExpectError(
      bridge_.Call("GET", "/notifications/stream", bridge_.Token("ann")), 403,
      "notifications:read");
  ExpectError(bridge_.Call("POST", "/tasks", bridge_.Token("ann"), "{}"), 403,
              "tasks:write");
  HttpRequest cookie = bridge_.Request("GET", "/channels/general/messages");
  cookie.headers.emplace_back("Cookie", "session=" + bridge_.Token("ann"));
  EXPECT_EQ(Fetch(bridge_.address, cookie).status, 200);
}

TEST_F(FiveServicesTest, StreamEndsWhenItsTokenExpires) {
  HttpConnection stream = bridge_.Stream("/channels/general/stream",
                                         bridge_.Token("ann", "--ttl 2"));
  EXPECT_EQ(stream.NextEvent()->event, "system");
  const auto end = stream.NextEvent();
  EXPECT_EQ(end->event, "grpc-status");
  EXPECT_EQ(json::parse(end->data)["code"], 16);
  EXPECT_FALSE(stream.NextBlock().has_value());
}

TEST_F(FiveServicesTest, EleventhStreamOfAUserIsRefusedUntilOneEnds) {
  const std::string token = bridge_.Token("ann");
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(bridge_.Stream("/channels/general/stream", token));
  }
  ExpectError(bridge_.Call("GET", "/channels/general/stream", token), 429,
              "too many connections");
  EXPECT_EQ(bridge_.Stream("/channels/general/stream", bridge_.Token("ben"))
                .NextEvent()
                ->event,
            "system");
  streams.pop_back();
  HttpAnswer head;
  for (int i = 0; i < 100 && head.status != 200; ++i) {
    HttpConnection next(bridge_.address);
    next.Send(bridge_.Request("GET", "/channels/general/stream", token));
    head = next.ReadHead();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(head.status, 200);
}

TEST_F(FiveServicesTest, TotalLimitAnswers503WithRetryAfter) {
  Bridge small(backends_.address, {"--max-streams", "2"});
  HttpConnection one = small.Stream("/prices/stream?symbols=A");
  HttpConnection two = small.Stream("/prices/stream?symbols=A");
  const HttpAnswer third = small.Call("GET", "/prices/stream?symbols=A");
  EXPECT_EQ(third.status, 503);
  EXPECT_EQ(third.headers.count("retry-after"), 1u);
}

TEST_F(FiveServicesTest, BackendRestartClosesNoBrowser) {
  const std::string token = Everything("ann");
  HttpConnection stream = bridge_.Stream("/notifications/stream", token);
  bridge_.Call("POST", "/notifications", token,
               R"({"user_id":"ann","title":"one"})");
  EXPECT_EQ(json::parse(stream.NextEvent()->data)["title"], "one");
  backends_.process->Signal(SIGKILL);
  backends_.process->Wait();
  Backends again(store_.path(), backends_.address);
  HttpAnswer answer;
  // The connection to the backend comes back after its backoff.
  for (int i = 0; i < 100 && answer.status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    answer = bridge_.Call("POST", "/notifications", token,
                          R"({"user_id":"ann","title":"two"})");
  }
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(stream.NextEvent()->data)["title"], "two");
}

TEST_F(FiveServicesTest, SigtermEndsStreamsWholeAndExitsWithZero) {
  HttpConnection stream = bridge_.Stream("/prices/stream?symbols=A");
  bridge_.process->Signal(SIGTERM);
  while (stream.NextBlock().has_value()) {
  }
  EXPECT_EQ(bridge_.process->Wait(), 0);
  backends_.process->Signal(SIGTERM);
  EXPECT_EQ(backends_.process->Wait(), 0);
}

TEST(CommandLineTest, WrongOptionsAreNamed) {
  for (const auto& [option, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"--listen=nowhere", "--listen"},
           {"--upstream=:1", ":1"},
           {"--workers=0", "--workers"},
           {"--descriptor-set=/none", "/none"},
           {"--auth-key=/none", "/none"},
           {"--queue-bytes=1", "--queue-bytes"}}) {
    Process process({BridgeProgram(), "--upstream", "127.0.0.1:1", option});
    EXPECT_EQ(process.Wait(), 2) << option;
    EXPECT_NE(process.Stderr().find(words), std::string::npos)
        << option << ": " << process.Stderr();
  }
}

}  // namespace
}  // namespace sse_bridge::testing
