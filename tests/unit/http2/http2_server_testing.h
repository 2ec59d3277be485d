#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP2_HTTP2_SERVER_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP2_HTTP2_SERVER_TESTING_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/delivery/delivery.h"
#include "bridge/http/listener_drain.h"
#include "bridge/http2/http2_server.h"
#include "bridge/net/multiplexed_socket.h"
#include "tests/unit/delivery/delivery_testing.h"
#include "tests/unit/http2/http2_peer.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge::testing {

// A socket of the server that counts what is read from it.
class CountingSocket final : public Socket {
 public:
  CountingSocket(std::unique_ptr<Socket> socket, std::shared_ptr<size_t> read)
      : Socket(socket->fd(), {.unbuffered = true, .may_half_close = true}),
        socket_(std::move(socket)),
        read_(std::move(read)) {}

  Progress Handshake() override { return socket_->Handshake(); }
  ssize_t Send(const iovec* parts, int count) override {
    return socket_->Send(parts, count);
  }
  ssize_t Flush() override { return socket_->Flush(); }
  ssize_t Recv(char* buffer, size_t size) override {
    const ssize_t n = socket_->Recv(buffer, size);
    if (n > 0) *read_ += static_cast<size_t>(n);
    return n;
  }
  ssize_t Peek(char* buffer, size_t size) override {
    return socket_->Peek(buffer, size);
  }
  void ShutdownWrite() override { socket_->ShutdownWrite(); }
  void SetStreamOptions(const StreamSocketOptions& options) override {
    socket_->SetStreamOptions(options);
  }
  void ResetOnClose() override { socket_->ResetOnClose(); }

 private:
  const std::unique_ptr<Socket> socket_;
  const std::shared_ptr<size_t> read_;
};

// A client and its connection to the server.
struct Http2Client {
  explicit Http2Client(bool auto_window,
                       std::vector<nghttp2_settings_entry> settings)
      : peer(auto_window, std::move(settings)),
        read_by_server(std::make_shared<size_t>(0)) {}

  Http2Peer::Response& response(int32_t id) { return peer.responses[id]; }
  // Whether the connection has ended, in order or not.
  bool over() const { return wire->ended() || wire->broken(); }

  Http2Peer peer;
  std::unique_ptr<SimulatedClient> wire;
  std::shared_ptr<size_t> read_by_server;
  size_t given = 0;  // of what the wire has received
  bool silent = false;
};

// A stream that belongs to delivery.
struct OpenedStream {
  int32_t id = 0;
  ConnectionRef ref;
  std::shared_ptr<Closed> closed;
};

// An Http2Server on delivery's loops, all on a simulated network and clock, and
// its clients. The requests wait for the test to answer them. The parameter is
// the network's seed.
class Http2ServerFixture : public ::testing::TestWithParam<uint64_t> {
 protected:
  Http2ServerFixture()
      : network_(/*seed=*/GetParam(), {.max_delay = absl::Milliseconds(1),
                                       .max_buffer_bytes = size_t{64} << 10,
                                       .min_buffer_bytes = size_t{64} << 10}) {}

  void StartServer(ConnectionOptions options = {}) {
    Delivery::Options delivery;
    delivery.threads = 1;
    delivery.network = &network_;
    delivery.clock = network_.clock();
    delivery_ = std::make_unique<Delivery>(delivery);
    ASSERT_TRUE(delivery_->Start().ok());
    Http2Server::Settings settings;
    settings.ended = &ended_;
    server_ = std::make_shared<Http2Server>(delivery_.get(), settings);
    options.network = &network_;
    options.clock = network_.clock();
    options.rejections = &rejections_;
    server_->Start(
        options,
        [this](std::shared_ptr<HttpExchange> exchange) {
          ++passed_;
          if (has_space_) requests_.push_back(std::move(exchange));
          return has_space_;
        },
        &drain_);
  }

  Http2Client& Connect(const std::string& address = "192.0.2.1",
                       bool auto_window = true,
                       std::vector<nghttp2_settings_entry> settings = {}) {
    Http2Client& client =
        clients_.emplace_back(auto_window, std::move(settings));
    std::unique_ptr<Socket> socket;
    client.wire = network_.NewConnection(&socket);
    server_->Accept(std::make_unique<CountingSocket>(std::move(socket),
                                                     client.read_by_server),
                    address, "");
    return client;
  }

  // Connects a client whose first request, which gets the number 1, has been
  // read before the connection was accepted.
  Http2Client& ConnectWithRequest(const std::string& address = "192.0.2.1") {
    Http2Client& client = clients_.emplace_back(
        /*auto_window=*/true, std::vector<nghttp2_settings_entry>());
    std::unique_ptr<Socket> socket;
    client.wire = network_.NewConnection(&socket);
    client.peer.Request(Http2Peer::Get("/"));
    server_->Accept(std::move(socket), address, client.peer.Take());
    return client;
  }

  // Passes on what the clients have received and what they say to it.
  void Pump() {
    for (Http2Client& client : clients_) {
      const absl::string_view received = client.wire->received();
      if (client.given < received.size()) {
        EXPECT_TRUE(client.peer.Give(received.substr(client.given)));
        client.given = received.size();
      }
      if (!client.silent) client.wire->Send(client.peer.Take());
    }
  }

  // Returns false if the condition never holds.
  bool RunUntil(const std::function<bool()>& condition) {
    return network_.RunUntil([&] {
      Pump();
      return condition();
    });
  }
  // As RunUntil. Sends `bytes` again and again, as fast as they are read.
  bool SendUntil(Http2Client& client, const std::string& bytes,
                 const std::function<bool()>& condition) {
    size_t sent = *client.read_by_server;
    return RunUntil([&] {
      if (sent <= *client.read_by_server + bytes.size()) {
        client.wire->Send(bytes);
        sent += bytes.size();
      }
      return condition();
    });
  }
  void RunFor(absl::Duration time) {
    const int64_t end = Now() + absl::ToInt64Nanoseconds(time);
    network_.After(time, [] {});  // so that time passes
    RunUntil([&] { return Now() >= end; });
  }
  // Until whatever is on its way has arrived and had its effect.
  void Settle() { RunFor(absl::Milliseconds(100)); }
  int64_t Now() { return network_.clock()->MonotonicNanos(); }
  absl::Duration Since(int64_t then) { return absl::Nanoseconds(Now() - then); }

  std::shared_ptr<HttpExchange> NextRequest() {
    EXPECT_TRUE(RunUntil([&] { return !requests_.empty(); }));
    if (requests_.empty()) return nullptr;
    std::shared_ptr<HttpExchange> next = std::move(requests_.front());
    requests_.pop_front();
    return next;
  }
  static void Answer(const std::shared_ptr<HttpExchange>& exchange,
                     std::string body = "ok") {
    exchange->Respond({200, {}, std::move(body)});
  }
  // Connects a client that reads nothing of its answer of so many bytes, whose
  // window is larger than what fits into the connection.
  Http2Client& ConnectWithoutReading(const std::string& address, size_t bytes) {
    constexpr int32_t kWindow = 10'000'000;
    Http2Client& client =
        Connect(address, /*auto_window=*/true,
                {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}});
    nghttp2_submit_window_update(client.peer.session, 0, 0, kWindow);
    client.peer.Request(Http2Peer::Get("/"));
    const auto exchange = NextRequest();
    client.wire->SetReading(false);
    Answer(exchange, std::string(bytes, 'x'));
    return client;
  }
  // A request, and its answer.
  Http2Peer::Response& Get(Http2Client& client, const std::string& path = "/") {
    const int32_t id = client.peer.Request(Http2Peer::Get(path));
    Answer(NextRequest());
    EXPECT_TRUE(RunUntil([&] { return client.response(id).ended; }));
    return client.response(id);
  }
  OpenedStream OpenStream(Http2Client& client) {
    OpenedStream stream;
    stream.id = client.peer.Request(Http2Peer::Get("/stream"));
    StreamSpec spec;
    spec.socket = NextRequest()->DetachForStream().socket;
    spec.socket->multiplexed()->SetHead(
        200, {{"content-type", "text/event-stream"}});
    spec.chunked = false;
    stream.closed = std::make_shared<Closed>();
    spec.observer = std::make_unique<RecordingObserver>(stream.closed);
    stream.ref = delivery_->Open(std::move(spec));
    EXPECT_TRUE(
        RunUntil([&] { return client.response(stream.id).status() == "200"; }));
    return stream;
  }
  // Whether the stream's next event arrives.
  bool Delivers(Http2Client& client, const OpenedStream& stream) {
    const std::string text = absl::StrCat("event ", ++events_);
    delivery_->Send(stream.ref, Event(text));
    return RunUntil([&] {
      return absl::StrContains(client.response(stream.id).body, text);
    });
  }

  int64_t Ended(const std::string& reason) const {
    const auto counts = ended_.Snapshot();
    const auto it = counts.find({reason, ""});
    return it == counts.end() ? 0 : it->second;
  }
  int64_t Rejected(const std::string& status) const {
    const auto counts = rejections_.Snapshot();
    const auto it = counts.find({status, ""});
    return it == counts.end() ? 0 : it->second;
  }
  // Whether no request is in flight.
  bool Idle() { return drain_.WaitUntilIdle(absl::InfinitePast()); }

  SimulatedNetwork network_;
  LabelledCounter ended_, rejections_;
  ListenerDrain drain_;
  bool has_space_ = true;
  int passed_ = 0;  // to the sink
  int events_ = 0;
  std::unique_ptr<Delivery> delivery_;
  std::shared_ptr<Http2Server> server_;
  std::list<Http2Client> clients_;
  std::list<std::shared_ptr<HttpExchange>> requests_;
};

// The seeds of each test, whose rule must hold whatever the schedule.
inline constexpr uint64_t kFirstSeed = 1;
inline constexpr uint64_t kSeedsEnd = 11;

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP2_HTTP2_SERVER_TESTING_H_
