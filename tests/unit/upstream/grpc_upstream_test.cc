#include "bridge/upstream/grpc_upstream.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/recording_observer.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

constexpr char kPath[] = "/test.Service/Method";

std::unique_ptr<GrpcUpstream> Connect(GrpcUpstreamOptions options) {
  auto upstream = GrpcUpstream::Create(options);
  EXPECT_TRUE(upstream.ok()) << upstream.status();
  return *std::move(upstream);
}

std::unique_ptr<GrpcUpstream> Connect(const std::string& address) {
  GrpcUpstreamOptions options;
  options.address = address;
  return Connect(options);
}

Answer OpenAndStay() {
  Answer answer;
  answer.open_first = true;
  answer.stay = true;
  return answer;
}

// A bound, and if wished listening, socket of the test's own.
class RawSocket {
 public:
  explicit RawSocket(bool listening) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size),
              0);
    port_ = ntohs(address.sin_port);
    if (listening) {
      EXPECT_EQ(listen(fd_, 16), 0);
    }
  }
  ~RawSocket() { close(fd_); }

  int fd() const { return fd_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  const int fd_;
  int port_;
};

absl::Status EndOfCall(GrpcUpstream* upstream, CallOptions options = {}) {
  auto observer = std::make_shared<RecordingObserver>(/*auto_read=*/true);
  observer->Attach(upstream->StartStream(kPath, "", options, observer));
  return observer->WaitDone();
}

TEST(GrpcUpstreamTest, OptionsAreChecked) {
  const auto error = [](auto change) {
    GrpcUpstreamOptions options;
    options.address = "127.0.0.1:1";
    change(options);
    return GrpcUpstream::Create(options).status().code();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  using Options = GrpcUpstreamOptions;
  EXPECT_EQ(error([](Options&) {}), absl::StatusCode::kOk);
  EXPECT_EQ(error([](Options& o) { o.address = ""; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.channels = 0; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.channels = 65; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.max_message_bytes = 0; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.stream_window_bytes = 65534; }), kInvalid);
}

TEST(GrpcUpstreamTest, RefusedConnectionIsUnavailable) {
  RawSocket closed(/*listening=*/false);
  auto upstream = Connect(closed.address());
  EXPECT_TRUE(absl::IsUnavailable(EndOfCall(upstream.get())));
  EXPECT_FALSE(upstream->Connected());
}

TEST(GrpcUpstreamTest, ConnectionThatIsCutIsUnavailable) {
  RawSocket listener(/*listening=*/true);
  std::thread server([&] {
    const int fd = accept(listener.fd(), nullptr, nullptr);
    char byte;
    EXPECT_EQ(read(fd, &byte, 1), 1);
    close(fd);
  });
  auto upstream = Connect(listener.address());
  EXPECT_TRUE(absl::IsUnavailable(EndOfCall(upstream.get())));
  upstream.reset();
  server.join();
}

TEST(GrpcUpstreamTest, GarbageInsteadOfHttp2IsUnavailable) {
  RawSocket listener(/*listening=*/true);
  std::thread server([&] {
    const int fd = accept(listener.fd(), nullptr, nullptr);
    const char kGarbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_GT(send(fd, kGarbage, sizeof(kGarbage) - 1, MSG_NOSIGNAL), 0);
    char bytes[4096];
    while (read(fd, bytes, sizeof(bytes)) > 0) {
    }
    close(fd);
  });
  auto upstream = Connect(listener.address());
  EXPECT_TRUE(absl::IsUnavailable(EndOfCall(upstream.get())));
  upstream.reset();
  server.join();
}

TEST(GrpcUpstreamTest, WaitForReadyWaitsForTheBackend) {
  int port;
  {
    TestBackend gone;
    port = gone.port();
  }
  auto upstream = Connect(absl::StrCat("127.0.0.1:", port));
  ASSERT_TRUE(absl::IsUnavailable(EndOfCall(upstream.get())));
  CallOptions options;
  options.wait_for_ready = true;
  auto observer = std::make_shared<RecordingObserver>(/*auto_read=*/true);
  observer->Attach(upstream->StartStream(kPath, "", options, observer));
  TestBackend::Options backend_options;
  backend_options.port = port;
  TestBackend backend(backend_options);
  backend.Set(kPath, Answer());
  // Until Set it says UNIMPLEMENTED; either way it was reached.
  const absl::Status status = observer->WaitDone();
  EXPECT_TRUE(status.ok() || absl::IsUnimplemented(status)) << status;
  EXPECT_TRUE(upstream->Connected());
}

TEST(GrpcUpstreamTest, WaitForReadyEndsAtTheDeadline) {
  RawSocket closed(/*listening=*/false);
  auto upstream = Connect(closed.address());
  CallOptions options;
  options.wait_for_ready = true;
  options.deadline = absl::Now() + absl::Milliseconds(200);
  EXPECT_TRUE(absl::IsDeadlineExceeded(EndOfCall(upstream.get(), options)));
}

TEST(GrpcUpstreamTest, ReconnectsAfterTheBackendCameBack) {
  auto backend = std::make_unique<TestBackend>();
  backend->Set(kPath, Answer());
  auto upstream = Connect(backend->address());
  ASSERT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
  TestBackend::Options options;
  options.port = backend->port();
  backend.reset();
  backend = std::make_unique<TestBackend>(options);
  backend->Set(kPath, Answer());
  EXPECT_TRUE(Eventually([&] { return EndOfCall(upstream.get()).ok(); }));
}

TEST(GrpcUpstreamTest, ChannelsAreConnectionsOfTheirOwn) {
  for (int channels : {1, 3}) {
    TestBackend::Options backend_options;
    backend_options.max_concurrent_streams = 2;
    TestBackend backend(backend_options);
    backend.Set(kPath, OpenAndStay());
    GrpcUpstreamOptions options;
    options.address = backend.address();
    options.channels = channels;
    auto upstream = Connect(options);

    std::vector<std::shared_ptr<StreamCall>> calls;
    std::vector<std::shared_ptr<RecordingObserver>> observers;
    for (int i = 0; i < 6; ++i) {
      observers.push_back(std::make_shared<RecordingObserver>());
      calls.push_back(upstream->StartStream(kPath, "", {}, observers.back()));
    }
    // The others wait for their turn on the connection.
    EXPECT_TRUE(
        Eventually([&] { return backend.seen().started == 2 * channels; }));
    EXPECT_EQ(backend.seen().peers.size(), static_cast<size_t>(channels));
    while (!calls.empty()) {
      calls.erase(calls.begin());
    }
    for (const auto& observer : observers) {
      EXPECT_TRUE(absl::IsCancelled(observer->WaitDone()));
    }
  }
}

TEST(GrpcUpstreamTest, SeveralAddressesShareTheCalls) {
  TestBackend one;
  TestBackend two;
  one.Set(kPath, Answer());
  two.Set(kPath, Answer());
  auto upstream =
      Connect(absl::StrCat("ipv4:", one.address(), ",", two.address()));
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
    return one.seen().started > 3 && two.seen().started > 3;
  }));
  two.Stop();
  // After the first calls that may still meet the lost one.
  EXPECT_TRUE(Eventually([&] { return EndOfCall(upstream.get()).ok(); }));
  const int before = one.seen().started;
  EXPECT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
  EXPECT_EQ(one.seen().started, before + 1);
}

TEST(GrpcUpstreamTest, BackendThatDoesNotServeGetsNoNewCalls) {
  TestBackend::Options options;
  options.health = true;
  TestBackend one(options);
  TestBackend two(options);
  one.Set(kPath, Answer());
  two.Set(kPath, Answer());
  auto upstream =
      Connect(absl::StrCat("ipv4:", one.address(), ",", two.address()));
  ASSERT_TRUE(Eventually([&] {
    EXPECT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
    return one.seen().started > 0 && two.seen().started > 0;
  }));
  two.SetServing(false);
  EXPECT_TRUE(Eventually([&] {
    const int before = two.seen().started;
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
    }
    return two.seen().started == before;
  }));
  two.SetServing(true);
  const int before = two.seen().started;
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
    return two.seen().started > before;
  }));
}

// A quiet stream that is pinged as often as gRPC does it: once a second. The
// third or fourth ping in a row is too many for a server with defaults.
class QuietStreamTest : public ::testing::Test {
 protected:
  void Start(bool ping_quiet_streams, int min_ping_interval_ms) {
    TestBackend::Options backend_options;
    backend_options.min_ping_interval_ms = min_ping_interval_ms;
    backend_ = std::make_unique<TestBackend>(backend_options);
    backend_->Set(kPath, OpenAndStay());
    GrpcUpstreamOptions options;
    options.address = backend_->address();
    options.keepalive_time = absl::Milliseconds(50);
    options.ping_quiet_streams = ping_quiet_streams;
    upstream_ = Connect(options);
    observer_ = std::make_shared<RecordingObserver>(/*auto_read=*/true);
    observer_->Attach(upstream_->StartStream(kPath, "", {}, observer_));
    ASSERT_TRUE(Eventually([&] { return observer_->open(); }));
  }

  std::unique_ptr<TestBackend> backend_;
  std::unique_ptr<GrpcUpstream> upstream_;
  std::shared_ptr<RecordingObserver> observer_;
};

TEST_F(QuietStreamTest, PingsDoNotAngerAServerWithDefaults) {
  Start(/*ping_quiet_streams=*/false, /*min_ping_interval_ms=*/0);
  absl::SleepFor(absl::Seconds(5));
  EXPECT_FALSE(observer_->done());
}

TEST_F(QuietStreamTest, PingsWithoutEndDo) {
  Start(/*ping_quiet_streams=*/true, /*min_ping_interval_ms=*/0);
  EXPECT_TRUE(absl::IsUnavailable(observer_->WaitDone()));
}

TEST_F(QuietStreamTest, PingsWithoutEndAreFineWhereTheyArePermitted) {
  Start(/*ping_quiet_streams=*/true, /*min_ping_interval_ms=*/10);
  absl::SleepFor(absl::Seconds(5));
  EXPECT_FALSE(observer_->done());
}

}  // namespace
}  // namespace sse_bridge
