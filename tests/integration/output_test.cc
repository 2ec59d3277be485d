// What becomes of messages that are hard to show, of a backend that is lost,
// and of bytes, in each form that a client can ask for.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

constexpr char kSse[] = "text/event-stream";
constexpr char kLines[] = "application/x-ndjson";
constexpr char kArray[] = "application/json";

// A length-delimited field.
std::string Field(int number, const std::string& value) {
  std::string bytes = {static_cast<char>(number << 3 | 2)};
  size_t size = value.size();
  for (; size > 127; size >>= 7) bytes += static_cast<char>(size | 128);
  bytes += static_cast<char>(size);
  return bytes + value;
}

std::string Event(const std::string& id, const std::string& text) {
  return Field(1, id) + Field(3, text);
}

// Its timestamp is far beyond the year 9999.
std::string Unreadable(const std::string& id) {
  return Field(1, id) + Field(5, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f");
}

std::string HttpBody(const std::string& type, const std::string& data) {
  return Field(1, type) + Field(2, data);
}

class OutputTest : public ::testing::Test {
 protected:
  static std::string Path(const std::string& method) {
    return "/output.v1.Output/" + method;
  }

  HttpRequest Asking(const std::string& target, const std::string& accept) {
    HttpRequest request = bridge_->Request("GET", target, token_);
    if (!accept.empty()) request.headers.emplace_back("Accept", accept);
    return request;
  }

  HttpAnswer Get(const std::string& target, const std::string& accept = "") {
    return Fetch(bridge_->address, Asking(target, accept));
  }

  // The head was read, and is in *head.
  HttpConnection Open(const std::string& target, const std::string& accept,
                      HttpAnswer* head) {
    HttpConnection connection(bridge_->address);
    connection.Send(Asking(target, accept));
    *head = connection.ReadHead();
    EXPECT_EQ(head->status, 200) << target;
    return connection;
  }

  // Blocks up to the first event of the backend's, as "event|id|data".
  static std::vector<std::string> Blocks(HttpConnection* stream, int events) {
    std::vector<std::string> blocks;
    while (events > 0) {
      const auto block = stream->NextBlock();
      if (!block.has_value()) break;
      if (block->data.empty()) {
        if (block->comment == "upstream is away") blocks.push_back(": away");
        continue;
      }
      blocks.push_back(block->event + "|" + block->id + "|" + block->data);
      if (block->event != "upstream") --events;
    }
    return blocks;
  }

  // The backend is lost, and a new one takes its place when the test says so.
  void Stop() {
    port_ = backend_->port();
    backend_ = nullptr;
  }
  void Restart() {
    backend_ =
        std::make_unique<TestBackend>(TestBackend::Options{.port = port_});
  }

  int port_ = 0;
  std::unique_ptr<TestBackend> backend_ = std::make_unique<TestBackend>();
  std::unique_ptr<Bridge> bridge_ = std::make_unique<Bridge>(
      backend_->address(),
      std::vector<std::string>{"--descriptor-set", SSE_BRIDGE_OUTPUT_SCHEMA});
  std::string token_ = bridge_->Token("alice");
};

TEST_F(OutputTest, ValuesThatTheSchemaDoesNotCoverAreShownInEveryForm) {
  const std::string any = Field(1, "x/acme.New") + Field(2, "\x08\x01");
  const std::vector<std::string> messages = {
      Field(1, "i\xff") + Field(2, "n\xff") + Field(3, "a\xff\xfe") +
          Field(6, Field(3, "\xe2\x82")) +
          Field(7, Field(1, "k\xff") + Field(2, "v")),
      Event("2", "x") + Field(4, any),
      Event("3", "x") + Field(6, Field(4, any)),
  };
  const std::vector<json> expected = {
      json::parse(R"({"id": "i\ufffd", "name": "n\ufffd",
                      "text": "a\ufffd\ufffd", "inner": {"text": "\ufffd"},
                      "labels": {"k\ufffd": "v"}})"),
      json::parse(R"({"id": "2", "text": "x",
                      "any": {"@type": "x/acme.New", "value": "CAE="}})"),
      json::parse(R"({"id": "3", "text": "x", "inner":
                      {"any": {"@type": "x/acme.New", "value": "CAE="}}})"),
  };
  for (const std::string method : {"Own", "Shared", "Latest"}) {
    SCOPED_TRACE(method);
    backend_->Set(Path(method), Answer{.messages = messages});
    const std::string target = method == "Own"      ? "/own"
                               : method == "Shared" ? "/shared"
                                                    : "/latest";
    HttpAnswer head;
    HttpConnection stream = Open(target, kSse, &head);
    for (size_t i = 0; i < expected.size(); ++i) {
      const SseEvent event = stream.Event();
      EXPECT_EQ(json::parse(event.data), expected[i]);
      if (method != "Latest" && i == 0) {
        EXPECT_EQ(event.event, "n\xef\xbf\xbd");
        EXPECT_EQ(event.id, "i\xef\xbf\xbd");
      }
    }
    ExpectStatusEvent(stream.Event(), 0);
    EXPECT_EQ(json::parse(Get(target, kArray).body), json(expected));
    std::string lines;
    for (const json& each : expected) lines += each.dump() + "\n";
    std::string received = Get(target, kLines).body;
    std::vector<json> parsed;
    for (size_t at = 0, end;
         (end = received.find('\n', at)) != std::string::npos; at = end + 1) {
      parsed.push_back(json::parse(received.substr(at, end - at)));
    }
    EXPECT_EQ(parsed, expected);
  }
  backend_->Set(Path("One"), Answer{.messages = {messages[0]}});
  EXPECT_EQ(json::parse(Get("/one").body), expected[0]);
}

TEST_F(OutputTest, AMessageThatCannotBeShownCostsThatEventOnly) {
  const std::string why =
      "the backend's message cannot be shown as JSON: output.v1.Event.at: a "
      "timestamp is not within the years 0001 to 9999";
  for (const std::string method : {"Own", "Shared"}) {
    SCOPED_TRACE(method);
    backend_->Set(
        Path(method),
        Answer{.messages = {Event("1", "a"), Unreadable("2"),
                            std::string("\x0a\x7f\x01"), Event("3", "b")}});
    const std::string target = method == "Own" ? "/own" : "/shared";
    HttpAnswer head;
    HttpConnection stream = Open(target, kSse, &head);
    EXPECT_EQ(stream.Event().id, "1");
    SseEvent event = stream.Event();
    EXPECT_EQ(event.event, "unreadable");
    EXPECT_EQ(event.id, "2");
    EXPECT_EQ(json::parse(event.data), json({{"code", 15}, {"message", why}}));
    event = stream.Event();
    EXPECT_EQ(event.event, "unreadable");
    EXPECT_FALSE(event.has_id);
    EXPECT_EQ(json::parse(event.data)["code"], 15);
    EXPECT_EQ(stream.Event().id, "3");
    ExpectStatusEvent(stream.Event(), 0);

    const json array = json::parse(Get(target, kArray).body);
    ASSERT_EQ(array.size(), 4u) << array;
    EXPECT_EQ(array[0]["text"], "a");
    EXPECT_EQ(array[1]["unreadable"]["message"], why);
    EXPECT_EQ(array[2]["unreadable"]["code"], 15);
    EXPECT_EQ(array[3]["text"], "b");
    const std::string lines = Get(target, kLines).body;
    EXPECT_NE(lines.find("\n{\"unreadable\":{\"code\":15,"), std::string::npos)
        << lines;
  }
  // In a bundle it names its stream and moves it on.
  HttpConnection bundle =
      bridge_->Stream("/events?stream=a:/own&stream=b:/own", token_);
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    const SseEvent event = bundle.Event();
    if (event.event == "grpc-status") break;
    if (event.event != "unreadable" || !event.has_id) continue;
    const json data = json::parse(event.data);
    EXPECT_EQ(data["message"], why);
    const std::string stream = data["stream"];
    EXPECT_NE(event.id.find(stream + "=2"), std::string::npos) << event.id;
    ids.push_back(event.id);
  }
  EXPECT_GE(ids.size(), 1u);
}

TEST_F(OutputTest, ResumingGoesPastAMessageThatCannotBeShown) {
  backend_->Set(Path("Own"), [](const std::string& request) {
    return request == Field(1, "2")
               ? Answer{.messages = {Event("3", "b")}, .stay = true}
               : Answer{.messages = {Event("1", "a"), Unreadable("2")},
                        .code = 14,
                        .message = "lost"};
  });
  HttpAnswer head;
  HttpConnection stream = Open("/own", kSse, &head);
  const auto blocks = Blocks(&stream, 3);
  ASSERT_EQ(blocks.size(), 6u);
  EXPECT_EQ(blocks[1].substr(0, 13), "unreadable|2|");
  EXPECT_EQ(blocks[2], ": away");
  EXPECT_EQ(blocks[3], "upstream||{\"state\":\"away\"}");
  EXPECT_EQ(blocks[4], "upstream||{\"state\":\"back\"}");
  EXPECT_EQ(blocks[5].substr(0, 3), "|3|");
  // And so does a browser.
  HttpConnection returning = bridge_->Stream("/own", token_, "2");
  EXPECT_EQ(returning.Event().id, "3");
}

TEST_F(OutputTest, AUnaryAnswerThatCannotBeShownIsAnErrorThatNamesTheField) {
  backend_->Set(Path("One"), Answer{.messages = {Unreadable("2")}});
  ExpectError(Get("/one"), 500, "output.v1.Event.at");
  backend_->Set(Path("One"), Answer{.messages = {"\x0a\x7f\x01"}});
  ExpectError(Get("/one"), 500, "malformed");
}

TEST_F(OutputTest, AnOutageIsToldToEachStreamOnce) {
  for (const std::string method : {"Own", "Latest", "Parts", "Hidden"}) {
    backend_->Set(Path(method),
                  Answer{.messages = {Event("1", "a")}, .stay = true});
  }
  HttpAnswer head;
  HttpConnection own = Open("/own", kSse, &head);
  HttpConnection parts = Open("/parts?parts=x&parts=y&parts=z", kSse, &head);
  HttpConnection hidden = Open("/hidden", kSse, &head);
  HttpConnection bundle = bridge_->Stream(
      "/events?stream=o:/own&stream=p:/parts?parts%3Dx%26parts%3Dy", token_);
  HttpConnection latest = Open("/latest", kSse, &head);
  EXPECT_EQ(json::parse(latest.Event().data)["text"], "a");
  EXPECT_EQ(own.Event().id, "1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(parts.Event().id, "");
  EXPECT_EQ(hidden.Event().id, "1");
  for (int i = 0; i < 3; ++i) bundle.Event();
  Stop();
  for (HttpConnection* stream : {&own, &parts}) {
    SseEvent event;
    while (event.event != "upstream") {
      const auto block = stream->NextBlock();
      ASSERT_TRUE(block.has_value());
      event = *block;
    }
    EXPECT_EQ(event.data, "{\"state\":\"away\"}");
    EXPECT_FALSE(event.has_id);
  }
  // Who joins now is told too.
  while (latest.NextBlock()->event != "upstream") {
  }
  HttpConnection late = Open("/latest", kSse, &head);
  Restart();
  for (const std::string method : {"Own", "Latest", "Parts", "Hidden"}) {
    backend_->Set(Path(method),
                  Answer{.messages = {Event("2", "b")}, .stay = true});
  }
  EXPECT_EQ(Blocks(&own, 1).front(), "upstream||{\"state\":\"back\"}");
  const auto of_parts = Blocks(&parts, 3);
  EXPECT_EQ(std::count(of_parts.begin(), of_parts.end(),
                       "upstream||{\"state\":\"back\"}"),
            1);
  EXPECT_EQ(std::count(of_parts.begin(), of_parts.end(),
                       "upstream||{\"state\":\"away\"}"),
            0);
  for (const std::string& block : Blocks(&hidden, 1)) {
    EXPECT_EQ(block.find("upstream|"), std::string::npos) << block;
  }
  const auto of_bundle = Blocks(&bundle, 3);
  for (const std::string stream : {"o", "p"}) {
    for (const std::string state : {"away", "back"}) {
      EXPECT_EQ(std::count(of_bundle.begin(), of_bundle.end(),
                           "upstream||{\"stream\":\"" + stream +
                               "\",\"state\":\"" + state + "\"}"),
                1)
          << stream << " " << state;
    }
  }
  EXPECT_EQ(Blocks(&late, 2), (std::vector<std::string>{
                                  "||{\"id\":\"1\",\"text\":\"a\"}", ": away",
                                  "upstream||{\"state\":\"away\"}",
                                  "upstream||{\"state\":\"back\"}",
                                  "||{\"id\":\"2\",\"text\":\"b\"}"}));
}

TEST_F(OutputTest, StreamsOfHttpBodyAreBytes) {
  const Answer answer{.messages = {HttpBody("text/csv", "a,b\n"),
                                   HttpBody("text/plain", ""),
                                   HttpBody("", std::string("1,\0\n", 4))}};
  backend_->Set(Path("Bytes"), answer);
  backend_->Set(Path("SharedBytes"), answer);
  for (const std::string accept :
       {"", "*/*", "application/json", "text/plain", "text/csv",
        "application/x-ndjson", "text/html, text/event-stream;q=0.1"}) {
    for (const std::string target :
         {"/bytes", "/shared-bytes?parts=x&parts=y"}) {
      SCOPED_TRACE(target + " " + accept);
      HttpAnswer got = Get(target, accept);
      EXPECT_EQ(got.status, 200);
      EXPECT_EQ(got.headers["content-type"], "text/csv");
      EXPECT_EQ(got.headers["x-content-type-options"], "nosniff");
      EXPECT_EQ(got.headers["content-security-policy"],
                "default-src 'none'; sandbox");
      EXPECT_EQ(got.body, std::string("a,b\n1,\0\n", 8));
    }
  }
  HttpAnswer head;
  HttpConnection events = Open("/bytes", kSse, &head);
  EXPECT_EQ(head.headers["content-type"], "text/event-stream");
  EXPECT_EQ(events.Event().data,
            "{\"contentType\":\"text/csv\",\"data\":\"YSxiCg==\"}");
  HttpConnection asked(bridge_->address);
  HttpRequest request = Asking("/bytes", "");
  request.verb = "HEAD";
  asked.Send(request);
  head = asked.ReadAnswer(/*head_request=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.count("content-type"), 0u);
  // The unary method is as it was.
  backend_->Set(Path("Body"), Answer{.messages = {HttpBody("text/csv", "x")}});
  HttpAnswer body = Get("/body", "application/json");
  EXPECT_EQ(body.headers["content-type"], "text/csv");
  EXPECT_EQ(body.body, "x");
  backend_->Set(Path("Body"),
                Answer{.messages = {HttpBody("text/csv\r\nX-Evil: 1", "x")}});
  body = Get("/body");
  EXPECT_EQ(body.headers["content-type"], "application/octet-stream");
}

TEST_F(OutputTest, BytesThatFailBeforeTheFirstAreAnHttpError) {
  backend_->Set(
      Path("Bytes"),
      Answer{.open_first = true, .code = 5, .message = "no such file"});
  ExpectError(Get("/bytes"), 404, "no such file");
  backend_->Set(Path("Bytes"), Answer{.messages = {"\x0a\x7f"}});
  ExpectError(Get("/bytes"), 500, "cannot be read");
  backend_->Set(Path("Bytes"), Answer{.open_first = true});
  EXPECT_EQ(Get("/bytes").status, 204);
  // Unavailable is not tried again: no byte may come twice.
  backend_->Set(Path("Bytes"), Answer{.code = 14});
  ExpectError(Get("/bytes"), 503);
}

TEST_F(OutputTest, BytesThatFailLaterAreCutOff) {
  for (const Answer& end :
       {Answer{.messages = {HttpBody("text/csv", "abc")}, .code = 13},
        Answer{.messages = {HttpBody("text/csv", "abc")}, .code = 14},
        Answer{.messages = {HttpBody("text/csv", "abc"), "\x0a\x7f"}}}) {
    backend_->Set(Path("Bytes"), end);
    HttpConnection chunked(bridge_->address);
    chunked.Send(Asking("/bytes", ""));
    const std::string raw = chunked.ReadRaw();
    EXPECT_NE(raw.find("3\r\nabc\r\n"), std::string::npos) << raw;
    EXPECT_EQ(raw.find("\r\n0\r\n"), std::string::npos) << raw;
    EXPECT_EQ(raw.find("grpc-status"), std::string::npos) << raw;
  }
}

}  // namespace
}  // namespace sse_bridge::testing
