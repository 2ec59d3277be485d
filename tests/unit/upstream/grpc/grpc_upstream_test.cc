#include "bridge/upstream/grpc/grpc_upstream.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/reserved_port.h"
#include "tests/unit/upstream/name_of_client.h"
#include "tests/unit/upstream/recording_observer.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

constexpr char kPath[] = "/test.Service/Method";

// With the direct client and with gRPC's.
class GrpcUpstreamTest : public ::testing::TestWithParam<bool> {};

std::unique_ptr<GrpcUpstream> Connect(GrpcUpstreamOptions options) {
  options.direct = GrpcUpstreamTest::GetParam();
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

// A socket that is bound and optionally listening.
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

TEST_P(GrpcUpstreamTest, OptionsAreChecked) {
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
  EXPECT_EQ(error([](Options& o) { o.channels = o.max_connections; }),
            kInvalid);
  EXPECT_EQ(error([](Options& o) { o.max_connections = 1; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.streams_per_connection = 0; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.max_metadata_bytes = 0; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.max_message_bytes = 0; }), kInvalid);
  EXPECT_EQ(error([](Options& o) { o.stream_window_bytes = 65534; }), kInvalid);
}

TEST_P(GrpcUpstreamTest, RefusedConnectionIsUnavailable) {
  RawSocket closed(/*listening=*/false);
  auto upstream = Connect(closed.address());
  EXPECT_TRUE(absl::IsUnavailable(EndOfCall(upstream.get())));
  EXPECT_FALSE(upstream->Connected());
}

TEST_P(GrpcUpstreamTest, ConnectionThatIsCutIsUnavailable) {
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

TEST_P(GrpcUpstreamTest, GarbageInsteadOfHttp2IsUnavailable) {
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

TEST_P(GrpcUpstreamTest, WaitForReadyWaitsForTheBackend) {
  const testing::ReservedPort gone;
  auto upstream = Connect(gone.address());
  ASSERT_TRUE(absl::IsUnavailable(EndOfCall(upstream.get())));
  CallOptions options;
  options.wait_for_ready = true;
  auto observer = std::make_shared<RecordingObserver>(/*auto_read=*/true);
  observer->Attach(upstream->StartStream(kPath, "", options, observer));
  TestBackend::Options backend_options;
  backend_options.port = gone.port();
  TestBackend backend(backend_options);
  backend.Set(kPath, Answer());
  // Returns UNIMPLEMENTED before Set; either way the backend was reached.
  const absl::Status status = observer->WaitDone();
  EXPECT_TRUE(status.ok() || absl::IsUnimplemented(status)) << status;
  EXPECT_TRUE(upstream->Connected());
}

TEST_P(GrpcUpstreamTest, WaitForReadyEndsAtTheDeadline) {
  RawSocket closed(/*listening=*/false);
  auto upstream = Connect(closed.address());
  CallOptions options;
  options.wait_for_ready = true;
  options.deadline = absl::Now() + absl::Milliseconds(200);
  EXPECT_TRUE(absl::IsDeadlineExceeded(EndOfCall(upstream.get(), options)));
}

TEST_P(GrpcUpstreamTest, ReconnectsAfterTheBackendCameBack) {
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

// Long-lived streams and unary calls on one upstream.
class ManyCallsTest : public GrpcUpstreamTest {
 protected:
  void Start(int backend_limit, GrpcUpstreamOptions options = {}) {
    TestBackend::Options backend_options;
    backend_options.max_concurrent_streams = backend_limit;
    backend_ = std::make_unique<TestBackend>(backend_options);
    Answer();
    options.address = backend_->address();
    upstream_ = Connect(options);
  }

  // Another backend with this limit replaces it.
  void Restart(int backend_limit) {
    TestBackend::Options options;
    options.max_concurrent_streams = backend_limit;
    options.port = backend_->port();
    backend_.reset();
    backend_ = std::make_unique<TestBackend>(options);
    Answer();
  }

  void Answer() {
    backend_->Set(kPath, OpenAndStay());
    sse_bridge::Answer answer;
    answer.messages = {"answer"};
    backend_->Set("/test.Service/Unary", answer);
  }

  void Open(int streams) {
    for (int i = 0; i < streams; ++i) {
      observers_.push_back(std::make_shared<RecordingObserver>());
      calls_.push_back(
          upstream_->StartStream(kPath, "", {}, observers_.back()));
    }
  }

  int open() const {
    int count = 0;
    for (const auto& observer : observers_) count += observer->open();
    return count;
  }

  bool AllOpen() const { return open() == static_cast<int>(observers_.size()); }

  absl::StatusOr<std::string> Unary(absl::Duration timeout) {
    CallOptions options;
    options.deadline = absl::Now() + timeout;
    std::promise<absl::StatusOr<std::string>> promise;
    const auto call = upstream_->StartUnary(
        "/test.Service/Unary", "", options,
        [&promise](const absl::Status& status, std::string response) {
          if (status.ok()) {
            promise.set_value(std::move(response));
          } else {
            promise.set_value(status);
          }
        });
    return promise.get_future().get();
  }

  void ExpectAnswer() {
    const auto answer = Unary(absl::Seconds(30));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(*answer, "answer");
  }

  std::unique_ptr<TestBackend> backend_;
  std::unique_ptr<GrpcUpstream> upstream_;
  std::vector<std::shared_ptr<StreamCall>> calls_;
  std::vector<std::shared_ptr<RecordingObserver>> observers_;
};

TEST_P(ManyCallsTest, StreamsFillAConnectionAndThenOpenAnother) {
  GrpcUpstreamOptions options;
  options.streams_per_connection = 2;
  Start(/*backend_limit=*/0, options);
  Open(5);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  EXPECT_EQ(backend_->seen().peers.size(), 3u);
  ExpectAnswer();  // on a connection of its own
  EXPECT_EQ(backend_->seen().peers.size(), 4u);
}

TEST_P(ManyCallsTest, StreamsAreSpreadOverTheFirstConnections) {
  GrpcUpstreamOptions options;
  options.channels = 3;
  Start(/*backend_limit=*/0, options);
  Open(6);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  EXPECT_EQ(backend_->seen().peers.size(), 3u);
}

TEST_P(ManyCallsTest, LowerStreamLimitOpensMoreConnections) {
  Start(/*backend_limit=*/3);
  Open(3);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  Open(1);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  ExpectAnswer();
  // The detected limit is kept: later calls do not all try one connection.
  Open(20);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  EXPECT_EQ(backend_->seen().started, 25);
  EXPECT_EQ(backend_->seen().peers.size(), 9u);
}

TEST_P(ManyCallsTest, ConcurrentCallsDetectTheLimit) {
  Start(/*backend_limit=*/3);
  Open(30);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  ExpectAnswer();
}

TEST_P(ManyCallsTest, UnaryCallsBeyondTheLimitUseAnotherConnection) {
  Start(/*backend_limit=*/2);
  backend_->Set("/test.Service/Hang", OpenAndStay());
  std::vector<std::shared_ptr<UnaryCall>> hanging;
  for (int i = 0; i < 7; ++i) {
    hanging.push_back(upstream_->StartUnary(
        "/test.Service/Hang", "", {}, [](const absl::Status&, std::string) {}));
  }
  EXPECT_TRUE(Eventually([&] { return backend_->seen().started == 7; }));
  ExpectAnswer();
  EXPECT_EQ(backend_->seen().started, 8);
}

TEST_P(ManyCallsTest, ExactlyAHundredStreamsOfAConnectionAreUsed) {
  Start(/*backend_limit=*/100);
  Open(100);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  EXPECT_EQ(backend_->seen().peers.size(), 1u);
  Open(150);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  ExpectAnswer();
  EXPECT_EQ(backend_->seen().peers.size(), 4u);
}

TEST_P(ManyCallsTest, RestartWithALowerLimitIsHandled) {
  Start(/*backend_limit=*/10);
  Open(10);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  Restart(/*backend_limit=*/2);
  for (const auto& observer : observers_) {
    EXPECT_TRUE(absl::IsUnavailable(observer->WaitDone()));
  }
  calls_.clear();
  observers_.clear();
  ASSERT_TRUE(Eventually([&] { return Unary(absl::Seconds(5)).ok(); }));
  Open(10);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  ExpectAnswer();
}

TEST_P(ManyCallsTest, FullPoolIsUnavailableForStreamsOnly) {
  GrpcUpstreamOptions options;
  options.max_connections = 3;  // one of them for unary calls
  Start(/*backend_limit=*/2, options);
  Open(4);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  for (int i = 0; i < 3; ++i) {
    const absl::Status end = EndOfCall(upstream_.get());
    EXPECT_TRUE(absl::IsUnavailable(end)) << end;
    EXPECT_EQ(end.message(),
              "all connections to the backend are in use; retry later");
  }
  ExpectAnswer();
  // A released slot is used.
  calls_.pop_back();
  EXPECT_TRUE(absl::IsCancelled(observers_.back()->WaitDone()));
  observers_.pop_back();
  Open(1);
  EXPECT_TRUE(Eventually([&] { return AllOpen(); }));
}

TEST_P(ManyCallsTest, ConnectionsBeyondTheFirstCloseWhenIdle) {
  GrpcUpstreamOptions options;
  options.streams_per_connection = 1;
  options.idle_connection = absl::Milliseconds(200);
  Start(/*backend_limit=*/0, options);
  Open(4);
  ASSERT_TRUE(Eventually([&] { return AllOpen(); }));
  EXPECT_EQ(upstream_->connections(), 4);
  calls_.erase(calls_.begin() + 1, calls_.end());
  EXPECT_TRUE(Eventually([&] { return upstream_->connections() == 1; }));
  EXPECT_FALSE(observers_.front()->done());
}

TEST_P(ManyCallsTest, CallsWaitingForASlotCanBeCancelled) {
  Start(/*backend_limit=*/1);
  Open(8);
  calls_.clear();
  for (const auto& observer : observers_) {
    EXPECT_TRUE(absl::IsCancelled(observer->WaitDone()));
  }
  ExpectAnswer();
}

TEST_P(ManyCallsTest, UpstreamMayBeDestroyedBeforeItsCalls) {
  Start(/*backend_limit=*/2);
  Open(7);
  upstream_.reset();
  EXPECT_TRUE(Eventually([&] { return AllOpen(); }));
}

TEST_P(GrpcUpstreamTest, SeveralAddressesShareTheCalls) {
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
  // The first calls may still use the lost connection.
  EXPECT_TRUE(Eventually([&] { return EndOfCall(upstream.get()).ok(); }));
  const int before = one.seen().started;
  EXPECT_EQ(EndOfCall(upstream.get()), absl::OkStatus());
  EXPECT_EQ(one.seen().started, before + 1);
}

TEST_P(GrpcUpstreamTest, UnhealthyBackendGetsNoNewCalls) {
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

// A stream that is quiet for many keepalive intervals.
class QuietStreamTest : public GrpcUpstreamTest {
 protected:
  static constexpr absl::Duration kQuiet = absl::Milliseconds(300);

  explicit QuietStreamTest(TestBackend::Options backend_options = {})
      : backend_(backend_options) {
    backend_.Set(kPath, OpenAndStay());
    GrpcUpstreamOptions options;
    options.address = backend_.address();
    options.keepalive_time = kQuiet;
    upstream_ = Connect(options);
    observer_ = std::make_shared<RecordingObserver>(/*auto_read=*/true);
    observer_->Attach(upstream_->StartStream(kPath, "", {}, observer_));
    EXPECT_TRUE(Eventually([&] { return observer_->open(); }));
  }

  TestBackend backend_;
  std::unique_ptr<GrpcUpstream> upstream_;
  std::shared_ptr<RecordingObserver> observer_;
};

// By default gRPC servers allow one ping every five minutes.
TEST_P(QuietStreamTest, IsCheckedByCallsThatEveryServerAllows) {
  ASSERT_TRUE(Eventually([&] { return backend_.seen().questions > 10; }));
  EXPECT_FALSE(observer_->done());
  EXPECT_EQ(backend_.seen().started, 1);
}

INSTANTIATE_TEST_SUITE_P(Clients, GrpcUpstreamTest, ::testing::Bool(),
                         NameOfClient);
INSTANTIATE_TEST_SUITE_P(Clients, ManyCallsTest, ::testing::Bool(),
                         NameOfClient);
INSTANTIATE_TEST_SUITE_P(Clients, QuietStreamTest, ::testing::Bool(),
                         NameOfClient);

}  // namespace
}  // namespace sse_bridge
