// The direct client without anything of gRPC, for ThreadSanitizer: calls that
// several threads start and cancel.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "bridge/upstream/connection_pool.h"
#include "bridge/upstream/direct/direct_call.h"
#include "bridge/upstream/direct/direct_connection.h"
#include "bridge/upstream/direct/grpc_wire.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/raw_http2.h"

namespace sse_bridge {
namespace {

constexpr char kMessage[] = "message";

// Answers each request of any number of connections.
class AnsweringServer {
 public:
  AnsweringServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] {
      std::list<std::thread> serving;
      int fd = -1;
      while ((fd = accept(listener_, nullptr, nullptr)) >= 0) {
        serving.emplace_back([fd] {
          Serve(fd);
          close(fd);
        });
      }
      for (std::thread& each : serving) each.join();
    });
  }
  // The client must have closed its connections.
  ~AnsweringServer() {
    shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    close(listener_);
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  static void Serve(int fd) {
    constexpr size_t kPreface = 24;
    constexpr size_t kFrameHead = 9;
    Send(fd, Settings());
    std::string in;
    size_t at = kPreface;
    char buffer[4096];
    ssize_t count = 0;
    while ((count = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
      in.append(buffer, static_cast<size_t>(count));
      while (in.size() >= at + kFrameHead) {
        const auto byte = [&](size_t i) {
          return static_cast<size_t>(static_cast<unsigned char>(in[at + i]));
        };
        const size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
        if (in.size() < at + kFrameHead + length) break;
        OnFrame(fd, byte(3), byte(4), static_cast<int>(byte(7) << 8 | byte(8)));
        at += kFrameHead + length;
      }
    }
  }

  static void OnFrame(int fd, size_t type, size_t flags, int stream) {
    constexpr size_t kData = 0;
    constexpr size_t kSettings = 4;
    if (type == kSettings && (flags & 1) == 0) {
      Send(fd, FrameOf(kSettings, /*ACK=*/1, 0, ""));
    }
    const bool whole = type == kData && (flags & 1) != 0;
    if (whole) Send(fd, AnswerOn(stream, GrpcPrefix(7) + kMessage));
  }

  // Fails when the client has gone.
  static void Send(int fd, const std::string& bytes) {
    (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  const int listener_;
  int port_ = 0;
  std::thread accepting_;
};

TEST(DirectThreadsTest, ThreadsCallAndCancelAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  AnsweringServer server;
  GrpcUpstreamOptions options;
  options.address = server.address();
  auto settings = MakeDirectSettings(options);
  ASSERT_TRUE(settings.ok()) << settings.status();
  ConnectionPool::Options limits;
  limits.streams_per_connection = 10;
  auto pool = std::make_shared<ConnectionPool>(limits, [&settings] {
    return std::make_shared<DirectConnection>(*settings);
  });

  absl::BlockingCounter ended(kThreads * kCalls);
  std::atomic<int> answered{0};
  std::atomic<int> cancelled{0};
  // Destroying a call cancels it.
  std::vector<std::vector<std::shared_ptr<UnaryCall>>> started(kThreads);
  std::vector<std::thread> threads;
  for (auto& calls : started) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        CallOptions call;
        call.deadline = absl::Now() + absl::Minutes(1);
        calls.push_back(StartDirectUnary(
            pool, "/test.Service/Unary", "request", std::move(call),
            [&](const absl::Status& status, const std::string& response) {
              if (status.ok()) {
                EXPECT_EQ(response, kMessage);
                ++answered;
              } else {
                EXPECT_EQ(status.code(), absl::StatusCode::kCancelled)
                    << status;
                ++cancelled;
              }
              ended.DecrementCount();
            }));
        if (i % 3 == 0) calls[static_cast<size_t>(i / 2)]->Cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ended.Wait();
  EXPECT_EQ(answered + cancelled, kThreads * kCalls);
  EXPECT_GE(answered.load(), kThreads * kCalls / 2);
}

}  // namespace
}  // namespace sse_bridge
