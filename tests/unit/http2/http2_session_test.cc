#include "bridge/http2/http2_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/http2/http2_peer.h"

namespace sse_bridge {
namespace {

constexpr uint8_t kRstType = 3;
constexpr uint8_t kSettingsType = 4;
constexpr uint8_t kPingType = 6;
constexpr uint8_t kWindowType = 8;
constexpr uint8_t kContinuationType = 9;

// Accepts everything.
class SinkSocket : public DescriptorSocket {
 public:
  SinkSocket() : DescriptorSocket(-1, {.unbuffered = true}) {}
  ssize_t Send(const iovec* parts, int count) override {
    size_t total = 0;
    for (int i = 0; i < count; ++i) {
      got.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
      total += parts[i].iov_len;
    }
    return static_cast<ssize_t>(total);
  }
  std::string got;
};

// A server that records what happens, and its client.
class Http2SessionTest : public testing::Test,
                         protected Http2Session::Observer {
 protected:
  void Start(Http2Session::Options options = {}, bool auto_window = true,
             std::vector<nghttp2_settings_entry> settings = {}) {
    options_ = options;
    Observer* const observer = this;
    server_ = std::make_unique<Http2Session>(&options_, observer, 0);
    client_ = std::make_unique<Http2Peer>(auto_window, std::move(settings));
    Exchange();
  }

  void OnRequest(Http2Stream* stream) override {
    requests_.push_back(stream->id);
    refused_[stream->id] = stream->request->refused();
    parsed_[stream->id] = stream->request->Take();
  }
  void OnClosed(Http2Stream* stream) override { closed_.push_back(stream->id); }

  // Sends what the server has written.
  void ToClient() {
    for (;;) {
      server_->Pump();
      if (server_->output().empty()) return;
      const bool full = server_->output().full();
      uint64_t writes = 0, bytes = 0;
      server_->output().Flush(&socket_, &writes, &bytes);
      if (full) {
        server_->OutputHasSpace();
        server_->TakeWritable();
      }
      ASSERT_TRUE(client_->Give(std::exchange(socket_.got, {})));
    }
  }
  // Until neither has anything to say.
  void Exchange() {
    for (;;) {
      ToClient();
      const std::string bytes = client_->Take();
      if (bytes.empty()) return;
      alive_ = server_->Receive(bytes, now_) && alive_;
    }
  }
  // Bytes that no client of nghttp2 would send.
  bool Raw(const std::string& bytes) { return server_->Receive(bytes, now_); }

  Http2Stream* BeginStream(const std::string& path) {
    const int32_t id = client_->Request(Http2Peer::Get(path));
    Exchange();
    Http2Stream* const stream = server_->Find(id);
    server_->Begin(stream, {200, {{"content-type", "text/event-stream"}}, ""});
    return stream;
  }
  size_t Write(Http2Stream* stream, const std::string& bytes) {
    // The output points to it until it is flushed.
    written_.push_back(bytes);
    const iovec part{written_.back().data(), written_.back().size()};
    return server_->Write(stream, &part, 1);
  }

  Http2Session::Options options_;
  std::unique_ptr<Http2Session> server_;
  std::unique_ptr<Http2Peer> client_;
  std::list<std::string> written_;
  SinkSocket socket_;
  int64_t now_ = 0;
  bool alive_ = true;
  std::vector<int32_t> requests_, closed_;
  std::map<int32_t, int> refused_;
  std::map<int32_t, ParsedRequest> parsed_;
};

TEST_F(Http2SessionTest, AnswersARequest) {
  Start();
  auto fields = Http2Peer::Get("/v1/x?a=b");
  fields.emplace_back("cookie", "a=1");
  fields.emplace_back("cookie", "b=2");
  fields.emplace_back("x-one", "1");
  const int32_t id = client_->Request(fields);
  Exchange();
  ASSERT_EQ(requests_, std::vector<int32_t>{id});
  const ParsedRequest& request = parsed_[id];
  EXPECT_EQ(request.verb, "GET");
  EXPECT_EQ(request.target, "/v1/x?a=b");
  const HttpHeaders expected = {
      {"x-one", "1"}, {"host", "localhost"}, {"cookie", "a=1; b=2"}};
  EXPECT_EQ(request.headers, expected);

  server_->Respond(server_->Find(id),
                   {201,
                    {{"Content-Type", "text/plain"},
                     {"Connection", "close"},
                     {"X-Two", "a\r\nb"}},
                    "hello"},
                   false);
  Exchange();
  const Http2Peer::Response& response = client_->responses[id];
  EXPECT_EQ(response.status(), "201");
  EXPECT_EQ(response.header("content-type"), "text/plain");
  EXPECT_EQ(response.header("content-length"), "5");
  EXPECT_EQ(response.header("connection"), "");
  EXPECT_EQ(response.header("x-two"), "a  b");
  EXPECT_NE(response.header("date"), "");
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.ended);
  EXPECT_EQ(closed_, std::vector<int32_t>{id});
  EXPECT_EQ(server_->held_bytes(), 0u);
}

TEST_F(Http2SessionTest, TheAnswerToHeadHasNoBody) {
  Start();
  auto fields = Http2Peer::Get("/");
  fields[0].second = "HEAD";
  const int32_t id = client_->Request(fields);
  Exchange();
  server_->Respond(server_->Find(id), {200, {}, "hello"}, true);
  Exchange();
  EXPECT_EQ(client_->responses[id].header("content-length"), "5");
  EXPECT_EQ(client_->responses[id].body, "");
  EXPECT_TRUE(client_->responses[id].ended);
}

TEST_F(Http2SessionTest, ALargeAnswerIsSentWithinTheWindows) {
  Start();
  const int32_t id = client_->Request(Http2Peer::Get("/"));
  Exchange();
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) body += std::to_string(i);
  server_->Respond(server_->Find(id), {200, {}, body}, false);
  Exchange();
  EXPECT_EQ(client_->responses[id].body, body);
  EXPECT_TRUE(client_->responses[id].ended);
}

TEST_F(Http2SessionTest, ABodyArrives) {
  Start();
  auto fields = Http2Peer::Get("/");
  fields[0].second = "POST";
  const std::string body(300'000, 'b');
  const int32_t id = client_->Request(fields, body, true);
  Exchange();
  EXPECT_EQ(parsed_[id].body, body);
}

TEST_F(Http2SessionTest, TheBodyHasItsBound) {
  Http2Session::Options options;
  options.framing.max_body_bytes = 1000;
  Start(options);
  auto fields = Http2Peer::Get("/");
  fields[0].second = "POST";
  const int32_t fits = client_->Request(fields, std::string(1000, 'b'), true);
  const int32_t not_ = client_->Request(fields, std::string(1001, 'b'), true);
  Exchange();
  EXPECT_EQ(refused_[fits], 0);
  EXPECT_EQ(refused_[not_], 413);
  // Also announced, before the body arrives.
  fields.emplace_back("content-length", "1001");
  const int32_t announced =
      client_->Request(fields, std::string(1001, 'b'), true);
  Exchange();
  EXPECT_EQ(refused_[announced], 413);
}

// Not all clients read an answer if they are told at once to stop sending.
TEST_F(Http2SessionTest, TheRestOfARefusedRequestIsDiscardedUpToABound) {
  Http2Session::Options options;
  options.framing.max_body_bytes = 1000;
  Start(options, /*auto_window=*/true);
  auto fields = Http2Peer::Get("/");
  fields[0].second = "POST";
  const std::string body(size_t{3} << 20, 'b');
  fields.emplace_back("content-length", std::to_string(body.size()));
  const int32_t id = client_->Request(fields, body, true);
  std::string bytes = client_->Take();
  ASSERT_TRUE(Raw(bytes));
  ASSERT_EQ(refused_[id], 413);
  server_->Respond(server_->Find(id), {413, {}, "too large"}, false);
  ToClient();
  EXPECT_EQ(client_->responses[id].status(), "413");
  EXPECT_EQ(client_->responses[id].body, "too large");
  EXPECT_EQ(client_->responses[id].reset, -1);
  Exchange();
  EXPECT_EQ(client_->responses[id].reset, NGHTTP2_NO_ERROR);
  EXPECT_EQ(server_->held_bytes(), 0u);
}

TEST_F(Http2SessionTest, TheHeaderListHasItsBound) {
  Http2Session::Options options;
  options.framing.max_head_bytes = 1000;
  options.framing.max_headers = 1000;
  Start(options);
  // ":method" and so on, each with 4 bytes as HTTP/1.1 has.
  const auto fields = Http2Peer::Get("/");
  size_t bytes = 0;
  for (const auto& [name, value] : fields) {
    bytes += name.size() + value.size() + 4;
  }
  const size_t left = 1000 - bytes - std::string("x").size() - 4;
  auto fits = fields;
  fits.emplace_back("x", std::string(left, 'v'));
  auto over = fields;
  over.emplace_back("x", std::string(left + 1, 'v'));
  const int32_t first = client_->Request(fits);
  const int32_t second = client_->Request(over);
  Exchange();
  EXPECT_EQ(refused_[first], 0);
  EXPECT_EQ(refused_[second], 431);
  EXPECT_TRUE(alive_);
}

TEST_F(Http2SessionTest, TheNumberOfHeadersHasItsBound) {
  Http2Session::Options options;
  options.framing.max_headers = 10;
  Start(options);
  auto fields = Http2Peer::Get("/");
  for (int i = 0; i < 10; ++i) fields.emplace_back("x", "");
  const int32_t fits = client_->Request(fields);
  fields.emplace_back("x", "");
  const int32_t over = client_->Request(fields);
  Exchange();
  EXPECT_EQ(refused_[fits], 0);
  EXPECT_EQ(refused_[over], 431);
}

// A few bytes of HPACK stand for very many fields.
TEST_F(Http2SessionTest, AHeaderBombEndsTheConnection) {
  Start();
  // "x" with a long value enters the dynamic table; each 0xbe stands for it.
  // 3900 is 127 + 3773, in groups of seven bits.
  std::string block(
      "\x82\x86\x84\x01\x01"
      "a\x40\x01x\x7f\xbd\x1d",
      12);
  block += std::string(3900, 'v') + std::string(5000, '\xbe');
  EXPECT_FALSE(Raw(Http2Peer::Frame(1, 5, 1, block)));
  ToClient();
  EXPECT_EQ(server_->failure(), Http2Session::Failure::kHead);
  EXPECT_EQ(client_->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_LT(server_->held_bytes(), 100'000u);
}

TEST_F(Http2SessionTest, ALongEventIdDoesNotCount) {
  Http2Session::Options options;
  options.framing.max_head_bytes = 1000;
  Start(options);
  auto fields = Http2Peer::Get("/");
  fields.emplace_back("last-event-id", std::string(8000, 'i'));
  const int32_t id = client_->Request(fields);
  Exchange();
  EXPECT_EQ(refused_[id], 0);
}

TEST_F(Http2SessionTest, MalformedTargetsAndHostsAreRefused) {
  Start();
  auto fields = Http2Peer::Get("/");
  fields.emplace_back("host", "other");
  const int32_t other = client_->Request(fields);
  fields.back().second = "LOCALHOST:80";
  const int32_t same = client_->Request(fields);
  auto bad_host = Http2Peer::Get("/");
  bad_host[2].second = "a b";
  const int32_t bad = client_->Request(bad_host);
  const int32_t fragment = client_->Request(Http2Peer::Get("/a#b"));
  Exchange();
  EXPECT_EQ(refused_[other], 400);
  EXPECT_EQ(refused_[same], 0);
  EXPECT_NE(refused_.count(bad) == 0 ? 400 : refused_[bad], 0);
  EXPECT_NE(refused_.count(fragment) == 0 ? 400 : refused_[fragment], 0);
}

TEST_F(Http2SessionTest, StreamsHaveTheirBound) {
  Http2Session::Options options;
  options.max_streams = 3;
  Start(options);
  for (int i = 0; i < 3; ++i) client_->Request(Http2Peer::Get("/"));
  Exchange();
  EXPECT_EQ(requests_.size(), 3u);
  // ":method: GET", ":scheme: http" and ":path: /" of the static table, and a
  // literal ":authority: a".
  const std::string block(
      "\x82\x86\x84\x01\x01"
      "a",
      6);
  // There is space again once one has ended.
  server_->Respond(server_->Find(1), {204, {}, ""}, false);
  ToClient();
  EXPECT_EQ(server_->streams(), 2u);
  Raw(Http2Peer::Frame(1, 5, 7, block));
  EXPECT_EQ(requests_.size(), 4u);
  // A client that ignores the limit has broken the protocol.
  Raw(Http2Peer::Frame(1, 5, 9, block));
  EXPECT_EQ(requests_.size(), 4u);
  ToClient();
  EXPECT_EQ(client_->goaway, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_TRUE(server_->over());
  closed_.clear();
  server_->DropStreams();
  EXPECT_EQ(closed_.size(), 3u);
}

TEST_F(Http2SessionTest, StreamsShareABatch) {
  Start();
  Http2Stream* const one = BeginStream("/1");
  Http2Stream* const two = BeginStream("/2");
  Exchange();
  ASSERT_TRUE(server_->output().empty());
  EXPECT_EQ(Write(one, "first"), 5u);
  EXPECT_EQ(Write(two, "second"), 6u);
  EXPECT_EQ(server_->output().unsent_bytes(), 9u + 5 + 9 + 6);
  ToClient();
  EXPECT_EQ(client_->responses[one->id].body, "first");
  EXPECT_EQ(client_->responses[two->id].body, "second");
  EXPECT_EQ(client_->responses[one->id].header("content-length"), "");
  EXPECT_FALSE(client_->responses[one->id].ended);
}

TEST_F(Http2SessionTest, AnEndedStreamIsClosed) {
  Start();
  Http2Stream* const stream = BeginStream("/");
  const int32_t id = stream->id;
  Write(stream, "all");
  server_->End(stream);
  Exchange();
  EXPECT_TRUE(client_->responses[id].ended);
  EXPECT_EQ(client_->responses[id].reset, -1);
  EXPECT_EQ(closed_, std::vector<int32_t>{id});
}

TEST_F(Http2SessionTest, AFullWindowOfOneStreamDelaysNoOther) {
  Start({}, /*auto_window=*/false);
  Http2Stream* const slow = BeginStream("/slow");
  Http2Stream* const quick = BeginStream("/quick");
  Exchange();
  const std::string much(200'000, 's');
  size_t sent = 0;
  for (int i = 0; i < 20; ++i) {
    sent += Write(slow, much);
    ToClient();
  }
  // It leaves a part of the connection's window, which is as large as its own.
  EXPECT_EQ(sent, 65535u - 65535 / 4);
  EXPECT_TRUE(slow->waiting);
  EXPECT_EQ(Write(quick, "still sent"), 10u);
  ToClient();
  EXPECT_EQ(client_->responses[quick->id].body, "still sent");

  // The client reads: the stream may go on.
  nghttp2_session_consume(client_->session, slow->id, sent);
  ASSERT_TRUE(Raw(client_->Take()));
  const std::vector<int32_t> writable = server_->TakeWritable();
  EXPECT_NE(std::find(writable.begin(), writable.end(), slow->id),
            writable.end());
  EXPECT_GT(Write(slow, much), 0u);
}

TEST_F(Http2SessionTest, TheConnectionsWindowIsRespected) {
  Start({}, /*auto_window=*/false,
        {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000'000}});
  Http2Stream* const one = BeginStream("/1");
  Http2Stream* const two = BeginStream("/2");
  Exchange();
  const std::string much(40'000, 'x');
  size_t sent = 0;
  for (int i = 0; i < 20; ++i) {
    sent += Write(one, much);
    sent += Write(two, much);
    ToClient();
  }
  EXPECT_EQ(sent, 65535u);
  EXPECT_TRUE(one->waiting && two->waiting);
  nghttp2_session_consume_connection(client_->session, 65535);
  ASSERT_TRUE(Raw(client_->Take()));
  EXPECT_EQ(server_->TakeWritable().size(), 2u);
}

// A later SETTINGS changes the windows of open streams.
TEST_F(Http2SessionTest, AWindowOfOneByteIsUsed) {
  Start({}, /*auto_window=*/false, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}});
  Http2Stream* const stream = BeginStream("/");
  Exchange();
  EXPECT_EQ(Write(stream, "abc"), 1u);
  ToClient();
  EXPECT_EQ(client_->responses[stream->id].body, "a");
  const nghttp2_settings_entry larger = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                         3};
  nghttp2_submit_settings(client_->session, 0, &larger, 1);
  ASSERT_TRUE(Raw(client_->Take()));
  EXPECT_EQ(server_->TakeWritable(), std::vector<int32_t>{stream->id});
  EXPECT_EQ(Write(stream, "bc"), 2u);
  ToClient();
  EXPECT_EQ(client_->responses[stream->id].body, "abc");
}

TEST_F(Http2SessionTest, AResetStreamIsClosed) {
  Start();
  Http2Stream* const stream = BeginStream("/");
  const int32_t id = stream->id;
  nghttp2_submit_rst_stream(client_->session, 0, id, NGHTTP2_CANCEL);
  Exchange();
  EXPECT_EQ(closed_, std::vector<int32_t>{id});
  EXPECT_EQ(server_->Find(id), nullptr);
}

TEST_F(Http2SessionTest, GoAwayLetsOpenStreamsEnd) {
  Start();
  Http2Stream* const stream = BeginStream("/");
  const int32_t id = stream->id;
  server_->AnnounceGoAway();
  Exchange();
  EXPECT_EQ(client_->last_stream, INT32_MAX);
  server_->GoAway();
  Exchange();
  EXPECT_EQ(client_->goaway, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client_->last_stream, id);
  EXPECT_FALSE(server_->over());
  Write(stream, "last");
  server_->End(stream);
  Exchange();
  EXPECT_EQ(client_->responses[id].body, "last");
  EXPECT_TRUE(client_->responses[id].ended);
  EXPECT_TRUE(server_->over());
}

// Each flood passes up to its bound, and then ends the connection.
class Http2FloodTest : public Http2SessionTest {
 protected:
  void Floods(const std::string& frame, int bound) {
    Start();
    // The client's SETTINGS and its acknowledgement of ours have cost some.
    guard_cost_ = 2 * 20;
    const int left = (2000 - guard_cost_) / (2000 / bound);
    for (int i = 0; i < left; ++i) {
      ASSERT_TRUE(Raw(frame)) << i;
      ToClient();
    }
    bool alive = true;
    for (int i = 0; i < 2 && alive; ++i) alive = Raw(frame);
    EXPECT_FALSE(alive);
    EXPECT_EQ(server_->failure(), Http2Session::Failure::kFlood);
    // The client does not read on after acknowledgements that it did not
    // expect.
    server_->Pump();
    uint64_t writes = 0, bytes = 0;
    server_->output().Flush(&socket_, &writes, &bytes);
    ASSERT_GE(socket_.got.size(), 17u);
    const std::string goaway = socket_.got.substr(socket_.got.size() - 17);
    EXPECT_EQ(goaway[3], 7);
    EXPECT_EQ(goaway[16], NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_TRUE(server_->over());
  }
  int guard_cost_ = 0;
};

TEST_F(Http2FloodTest, Ping) {
  Floods(Http2Peer::Frame(kPingType, 0, 0, "12345678"), 200);
}
TEST_F(Http2FloodTest, Settings) {
  Floods(Http2Peer::Frame(kSettingsType, 0, 0, ""), 100);
}
TEST_F(Http2FloodTest, WindowUpdate) {
  Floods(Http2Peer::Frame(kWindowType, 0, 0, std::string("\0\0\0\1", 4)), 2000);
}
TEST_F(Http2FloodTest, Priority) {
  Floods(Http2Peer::Frame(2, 0, 1, std::string("\0\0\0\0\1", 5)), 1000);
}
TEST_F(Http2FloodTest, UnknownFrames) {
  Floods(Http2Peer::Frame(99, 0, 0, "x"), 400);
}

TEST_F(Http2FloodTest, RapidReset) {
  Start();
  bool alive = true;
  int served = 0;
  for (; served < 1000 && alive; ++served) {
    const int32_t id = client_->Request(Http2Peer::Get("/"));
    std::string bytes = client_->Take();
    nghttp2_submit_rst_stream(client_->session, 0, id, NGHTTP2_CANCEL);
    alive = Raw(bytes + client_->Take());
    ToClient();
  }
  EXPECT_FALSE(alive);
  EXPECT_EQ(server_->failure(), Http2Session::Failure::kFlood);
  EXPECT_GE(served, 190);
  EXPECT_LE(served, 201);
}

TEST_F(Http2FloodTest, HeadsThatAreTooLarge) {
  Http2Session::Options options;
  options.framing.max_head_bytes = 4000;
  options.framing.max_event_id_line_bytes = 0;
  Start(options);
  auto fields = Http2Peer::Get("/");
  fields.emplace_back("x", std::string(5000, 'x'));
  int refused = 0;
  for (; refused < 100 && alive_; ++refused) {
    const int32_t id = client_->Request(fields);
    Exchange();
    if (!alive_ || server_->Find(id) == nullptr) break;
    EXPECT_EQ(refused_[id], 431);
    server_->Respond(server_->Find(id), {431, {}, ""}, false);
    Exchange();
  }
  EXPECT_EQ(refused, 40);
  EXPECT_EQ(server_->failure(), Http2Session::Failure::kFlood);
  EXPECT_EQ(client_->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2FloodTest, Continuation) {
  Start();
  ASSERT_TRUE(Raw(Http2Peer::Frame(1, 1, 1, "\x82")));
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(Raw(Http2Peer::Frame(kContinuationType, 0, 1, ""))) << i;
  }
  EXPECT_FALSE(Raw(Http2Peer::Frame(kContinuationType, 0, 1, "")));
}

TEST_F(Http2FloodTest, EmptyData) {
  Start();
  auto fields = Http2Peer::Get("/");
  fields[0].second = "POST";
  const int32_t id = client_->Request(fields, std::string(100, 'x'), true);
  std::string head = client_->Take();
  head.resize(head.size() - 109);  // without its DATA
  ASSERT_TRUE(Raw(head));
  int admitted = 0;
  while (admitted < 1000 && Raw(Http2Peer::Frame(0, 0, id, ""))) ++admitted;
  EXPECT_EQ(admitted, (2000 - 40) / 10);
}

TEST_F(Http2FloodTest, GarbageEndsTheConnection) {
  Start();
  Raw(Http2Peer::Frame(0, 0, 0, "data on stream 0"));
  ToClient();
  EXPECT_EQ(client_->goaway, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_TRUE(server_->over());
}

TEST_F(Http2FloodTest, WhatIsNoPrefaceEndsTheConnection) {
  Http2Session::Options options;
  Observer* const observer = this;
  Http2Session session(&options, observer, 0);
  EXPECT_FALSE(session.Receive("GET / HTTP/1.1\r\n\r\n.......", 0));
}

}  // namespace
}  // namespace sse_bridge
