// What only the bridge's own gRPC client does; unary_call_test.cc,
// stream_call_test.cc, call_status_test.cc and grpc_upstream_test.cc run with
// both clients.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/upstream/direct/grpc_wire.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/raw_http2.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

constexpr char kDirectPath[] = "/test.Service/Unary";

std::string Goaway(char last_stream) {
  return FrameOf(/*GOAWAY=*/7, 0, 0,
                 std::string(3, '\0') + last_stream + std::string(4, '\0'));
}

// Serves one connection after the other, each by the script of its number.
class ScriptedServer {
 public:
  // Returns what is sent when a request has arrived.
  using Script = std::function<std::string(int connection)>;

  explicit ScriptedServer(Script script)
      : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] {
      for (int number = 0;; ++number) {
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) return;
        ++connections_;
        Serve(fd, script(number));
        close(fd);
      }
    });
  }
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  int port() const { return port_; }
  int connections() const { return connections_; }

 private:
  static void Serve(int fd, const std::string& answer) {
    Send(fd, Settings());
    std::string in;
    bool answered = false;
    char buffer[4096];
    ssize_t count = 0;
    while ((count = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
      in.append(buffer, static_cast<size_t>(count));
      if (answered || !HasRequest(in)) continue;
      answered = true;
      Send(fd, answer);
    }
  }

  static void Send(int fd, const std::string& bytes) {
    EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  const int listener_;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

std::unique_ptr<GrpcUpstream> DirectTo(const std::string& address,
                                       GrpcUpstreamOptions options = {}) {
  options.address = address;
  auto upstream = GrpcUpstream::Create(options);
  EXPECT_TRUE(upstream.ok()) << upstream.status();
  return *std::move(upstream);
}

absl::StatusOr<std::string> CallDirect(GrpcUpstream* upstream,
                                       CallOptions options = {}) {
  if (options.deadline == absl::InfiniteFuture()) {
    options.deadline = absl::Now() + absl::Minutes(1);
  }
  std::promise<absl::StatusOr<std::string>> promise;
  const auto call = upstream->StartUnary(
      kDirectPath, "request", std::move(options),
      [&promise](const absl::Status& status, std::string response) {
        if (status.ok()) {
          promise.set_value(std::move(response));
        } else {
          promise.set_value(status);
        }
      });
  return promise.get_future().get();
}

const char kMessage[] = "message";

std::string FramedMessage() { return GrpcPrefix(7) + kMessage; }

TEST(DirectClientTest, CallThatGoawayLeavesUnprocessedMoves) {
  ScriptedServer server([](int connection) {
    return connection == 0 ? Goaway(0) : AnswerOn(1, FramedMessage());
  });
  const auto upstream = DirectTo(server.address());
  const auto answer = CallDirect(upstream.get());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, kMessage);
  EXPECT_EQ(server.connections(), 2);
}

TEST(DirectClientTest, CallThatGoawayDoesNotConcernEndsThere) {
  ScriptedServer server(
      [](int) { return Goaway(1) + AnswerOn(1, FramedMessage()); });
  const auto upstream = DirectTo(server.address());
  for (int i = 1; i <= 3; ++i) {
    const auto answer = CallDirect(upstream.get());
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(server.connections(), i);
  }
}

TEST(DirectClientTest, CallThatMayHaveBeenProcessedIsNotRepeated) {
  ScriptedServer server([](int) {
    return FrameOf(/*RST_STREAM=*/3, 0, 1, std::string("\0\0\0\7", 4));
  });
  const auto upstream = DirectTo(server.address());
  EXPECT_EQ(CallDirect(upstream.get()).status(),
            absl::UnavailableError("the connection to the backend was lost"));
  EXPECT_EQ(server.connections(), 1);
}

TEST(DirectClientTest, CompressedMessageIsRefused) {
  std::string data = FramedMessage();
  data[0] = 1;
  ScriptedServer server([&](int) { return AnswerOn(1, data); });
  const auto upstream = DirectTo(server.address());
  EXPECT_EQ(CallDirect(upstream.get()).status(),
            absl::InternalError("the backend answered with a compressed "
                                "message, which the bridge does not accept"));
}

TEST(DirectClientTest, SecondMessageIsAnError) {
  ScriptedServer server(
      [&](int) { return AnswerOn(1, FramedMessage() + FramedMessage()); });
  const auto upstream = DirectTo(server.address());
  EXPECT_EQ(CallDirect(upstream.get()).status(),
            absl::InternalError("the backend answered with two messages"));
}

TEST(DirectClientTest, AnswerThatEndsWithinAMessageIsAnError) {
  ScriptedServer server([&](int) {
    return AnswerOn(1, FramedMessage() + FramedMessage().substr(0, 3));
  });
  const auto upstream = DirectTo(server.address());
  EXPECT_EQ(CallDirect(upstream.get()).status(),
            absl::InternalError("the backend's answer cannot be read"));
}

TEST(DirectClientTest, SilentConnectionIsClosedAndAnotherOneUsed) {
  ScriptedServer server([](int connection) {
    return connection == 0 ? "" : AnswerOn(1, FramedMessage());
  });
  GrpcUpstreamOptions options;
  options.keepalive_time = absl::Milliseconds(100);
  options.keepalive_timeout = absl::Milliseconds(100);
  const auto upstream = DirectTo(server.address(), options);
  EXPECT_EQ(CallDirect(upstream.get()).status(),
            absl::UnavailableError("the connection to the backend was lost"));
  EXPECT_TRUE(CallDirect(upstream.get()).ok());
}

TEST(DirectClientTest, NameWithSeveralAddressesTriesEach) {
  // "localhost" may have ::1 too, where nobody listens.
  TestBackend backend;
  Answer answer;
  answer.messages = {"response"};
  backend.Set(kDirectPath, answer);
  const auto upstream = DirectTo(absl::StrCat("localhost:", backend.port()));
  const auto got = CallDirect(upstream.get());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(backend.seen().host, absl::StrCat("localhost:", backend.port()));
}

TEST(DirectClientTest, UnknownNameIsUnavailable) {
  const auto upstream = DirectTo("name.invalid:50051");
  EXPECT_EQ(CallDirect(upstream.get()).status(),
            absl::UnavailableError("the backend cannot be reached"));
}

TEST(DirectClientTest, LargeRequestsAndMetadataArriveWhole) {
  TestBackend backend;
  Answer answer;
  answer.messages = {"response"};
  backend.Set(kDirectPath, answer);
  const auto upstream = DirectTo(backend.address());
  CallOptions options;
  options.metadata = {{"X-Upper", "1"},
                      {"x-bytes-bin", std::string("\0\xff\x80z", 4)}};
  std::promise<absl::Status> promise;
  const std::string request(size_t{3} << 20, 'r');
  const auto call = upstream->StartUnary(
      kDirectPath, request, options,
      [&promise](const absl::Status& status, const std::string&) {
        promise.set_value(status);
      });
  EXPECT_EQ(promise.get_future().get(), absl::OkStatus());
  const TestBackend::Seen seen = backend.seen();
  EXPECT_EQ(seen.request, request);
  Metadata sent;
  for (const auto& each : seen.metadata) {
    if (each.first[0] == 'x') sent.push_back(each);
  }
  std::sort(sent.begin(), sent.end());
  EXPECT_EQ(sent, (Metadata{{"x-bytes-bin", std::string("\0\xff\x80z", 4)},
                            {"x-upper", "1"}}));
}

}  // namespace
}  // namespace sse_bridge
