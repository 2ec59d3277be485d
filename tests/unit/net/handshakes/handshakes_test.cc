#include "bridge/net/handshakes/handshakes.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/net/clock.h"
#include "bridge/net/tls_context.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/access/test_keys.h"
#include "tests/unit/net/manual_clock.h"

namespace sse_bridge {
namespace {

using ::testing::IsEmpty;

constexpr char kProxy[] = "10.0.0.1";
constexpr char kPeer[] = "192.0.2.1";
constexpr char kHeader[] = "PROXY TCP4 198.51.100.7 10.0.0.1 5000 80\r\n";

// A pair of connected sockets: the client's end, and the server's, which
// Enter takes.
class Client {
 public:
  Client() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    server_fd = fds[0];
    fd_ = fds[1];
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int fd() const { return fd_; }
  void Send(const std::string& bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Reads until the server closes the connection.
  std::string ReadToEnd() const {
    std::string received;
    char buffer[4096];
    ssize_t n;
    while ((n = recv(fd_, buffer, sizeof buffer, 0)) > 0) {
      received.append(buffer, static_cast<size_t>(n));
    }
    // A reset if bytes of the client were unread.
    EXPECT_TRUE(n == 0 || errno == ECONNRESET) << "the connection is open";
    return received;
  }

  int server_fd = -1;

 private:
  int fd_ = -1;
};

// A connection that has completed its handshake.
struct Arrival {
  std::unique_ptr<Socket> socket;
  std::string peer_address;
};

class HandshakesTest : public ::testing::Test {
 protected:
  void TearDown() override { handshakes_.reset(); }

  void UseProxyProtocol() {
    auto proxies = TrustedProxies::Create({kProxy});
    ASSERT_TRUE(proxies.ok()) << proxies.status();
    options_.proxies = *std::move(proxies);
    options_.proxy_protocol = true;
  }
  void UseTls() {
    char directory[] = "/tmp/handshakes_test.XXXXXX";
    ASSERT_NE(mkdtemp(directory), nullptr);
    const std::string cert = absl::StrCat(directory, "/cert");
    const std::string key = absl::StrCat(directory, "/key");
    const TestKey pair = TestKey::Ec("P-256");
    std::ofstream(cert) << pair.CertificatePem();
    std::ofstream(key) << pair.PrivatePem();
    auto tls = TlsContext::Create({cert, key, ""});
    unlink(cert.c_str());
    unlink(key.c_str());
    rmdir(directory);
    ASSERT_TRUE(tls.ok()) << tls.status();
    tls_ = *std::move(tls);
    options_.transport = tls_.get();
  }
  // Each address gets one connection.
  void LimitRate() {
    RateLimiter::Options options;
    options.per_second = 0.001;
    rate_ = std::make_unique<RateLimiter>(options);
    options_.rate = rate_.get();
  }
  void Start() {
    handshakes_ = std::make_unique<Handshakes>(
        options_,
        [this](std::unique_ptr<Socket> socket, std::string peer_address) {
          auto arrival = std::make_unique<Arrival>();
          arrival->socket = std::move(socket);
          arrival->peer_address = std::move(peer_address);
          MutexLock lock(&mu_);
          arrivals_.push_back(std::move(arrival));
          arrived_.notify_all();
        },
        [this](std::unique_ptr<Socket> socket, absl::Duration wait) {
          EXPECT_GT(wait, absl::ZeroDuration());
          ++refused_;  // before the client can see its end
          socket.reset();
        });
    ASSERT_TRUE(handshakes_->Start().ok());
  }
  // Returns the connection if it needs no handshake.
  std::unique_ptr<Socket> Enter(const Client& client,
                                const std::string& peer = kProxy) {
    return handshakes_->Enter(std::make_unique<PlainSocket>(client.server_fd),
                              peer, clock_->MonotonicNanos());
  }
  // Waits for the next connection; never null.
  std::unique_ptr<Arrival> Next() {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    MutexLock lock(&mu_);
    while (arrivals_.empty()) {
      if (absl::Now() > deadline) {
        ADD_FAILURE() << "no connection has completed its handshake";
        return std::make_unique<Arrival>();
      }
      arrived_.wait_for(mu_, std::chrono::seconds(1));
    }
    auto arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    return arrival;
  }
  // Waits until this many handshakes are in progress.
  void WaitConnections(size_t count) const {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (handshakes_->connections() != count) {
      if (absl::Now() > deadline) {
        ADD_FAILURE() << handshakes_->connections() << " are in progress";
        return;
      }
      std::this_thread::yield();
    }
  }
  bool NobodyArrived() {
    MutexLock lock(&mu_);
    return arrivals_.empty();
  }

  void UseManualClock() { options_.clock = clock_ = &manual_clock_; }

  ManualClock manual_clock_;
  Clock* clock_ = Clock::Real();
  Handshakes::Options options_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<RateLimiter> rate_;
  std::atomic<int> refused_{0};
  std::unique_ptr<Handshakes> handshakes_;

  Mutex mu_;
  std::condition_variable_any arrived_;
  std::deque<std::unique_ptr<Arrival>> arrivals_ ABSL_GUARDED_BY(mu_);
};

TEST_F(HandshakesTest, PlainConnectionsNeedNone) {
  Start();
  const Client client;
  EXPECT_NE(Enter(client, kPeer), nullptr);
  EXPECT_EQ(handshakes_->connections(), 0u);
}

TEST_F(HandshakesTest, AddressThatConnectsTooOftenIsRefused) {
  LimitRate();
  Start();
  const Client first, second, other;
  EXPECT_NE(Enter(first, kPeer), nullptr);
  EXPECT_EQ(Enter(second, kPeer), nullptr);
  EXPECT_EQ(refused_, 1);
  EXPECT_NE(Enter(other, "192.0.2.2"), nullptr);
  EXPECT_EQ(refused_, 1);
}

// Nothing can be sent before the handshake.
TEST_F(HandshakesTest, RefusedConnectionHasNotBegunItsHandshake) {
  LimitRate();
  UseTls();
  Start();
  const Client first, second;
  EXPECT_EQ(Enter(first, kPeer), nullptr);
  EXPECT_EQ(handshakes_->connections(), 1u);
  EXPECT_EQ(Enter(second, kPeer), nullptr);
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(handshakes_->connections(), 1u);
  EXPECT_THAT(second.ReadToEnd(), IsEmpty());
}

TEST_F(HandshakesTest, TrustedProxyNamesTheClientBeforeItsFirstByte) {
  UseProxyProtocol();
  Start();
  const Client client;
  EXPECT_EQ(Enter(client), nullptr);
  EXPECT_EQ(handshakes_->connections(), 1u);
  client.Send(absl::StrCat(kHeader, "GET /"));
  const auto arrival = Next();
  EXPECT_EQ(arrival->peer_address, "198.51.100.7");
  EXPECT_TRUE(arrival->socket->unbuffered());
  // The request is left for the connection to read.
  char buffer[16];
  EXPECT_EQ(arrival->socket->Recv(buffer, sizeof buffer), 5);
  EXPECT_EQ(handshakes_->connections(), 0u);
}

TEST_F(HandshakesTest, HeaderMayComeByteByByte) {
  UseProxyProtocol();
  Start();
  const Client client;
  EXPECT_EQ(Enter(client), nullptr);
  for (const char c : std::string(kHeader)) client.Send(std::string(1, c));
  EXPECT_EQ(Next()->peer_address, "198.51.100.7");
}

TEST_F(HandshakesTest, OtherPeersSendNoHeader) {
  UseProxyProtocol();
  Start();
  const Client client;
  EXPECT_NE(Enter(client, kPeer), nullptr);
}

TEST_F(HandshakesTest, ConnectionOfAProxyWithoutAHeaderIsClosed) {
  UseProxyProtocol();
  Start();
  for (const char* bytes : {"GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 me\r\n"}) {
    const Client client;
    EXPECT_EQ(Enter(client), nullptr);
    client.Send(bytes);
    EXPECT_THAT(client.ReadToEnd(), IsEmpty()) << bytes;
  }
  EXPECT_TRUE(NobodyArrived());
}

TEST_F(HandshakesTest, RateIsThatOfTheClientBehindTheProxy) {
  UseProxyProtocol();
  LimitRate();
  Start();
  const Client first, second;
  EXPECT_EQ(Enter(first), nullptr);
  first.Send(kHeader);
  EXPECT_EQ(Next()->peer_address, "198.51.100.7");
  EXPECT_EQ(Enter(second), nullptr);
  second.Send(kHeader);
  EXPECT_THAT(second.ReadToEnd(), IsEmpty());
  EXPECT_EQ(refused_, 1);
  const Client other;
  EXPECT_EQ(Enter(other), nullptr);
  other.Send("PROXY TCP4 198.51.100.8 10.0.0.1 5000 80\r\n");
  EXPECT_EQ(Next()->peer_address, "198.51.100.8");
}

TEST_F(HandshakesTest, TlsConnectionComesWithItsSession) {
  UseTls();
  Start();
  const Client client;
  EXPECT_EQ(Enter(client, kPeer), nullptr);
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SslPtr session(SSL_new(context.get()));
  SSL_set_fd(session.get(), client.fd());
  ASSERT_EQ(SSL_connect(session.get()), 1);
  const auto arrival = Next();
  EXPECT_EQ(arrival->peer_address, kPeer);
  EXPECT_FALSE(arrival->socket->unbuffered());
  const iovec part{const_cast<char*>("hello"), 5};
  EXPECT_EQ(arrival->socket->Send(&part, 1), 5);
  char buffer[16];
  EXPECT_EQ(SSL_read(session.get(), buffer, sizeof buffer), 5);
}

TEST_F(HandshakesTest, ConnectionThatIsNotTlsIsClosed) {
  UseTls();
  Start();
  const Client client;
  EXPECT_EQ(Enter(client, kPeer), nullptr);
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.ReadToEnd();
  EXPECT_TRUE(NobodyArrived());
}

TEST_F(HandshakesTest, SilentConnectionIsClosedAfterTheTimeout) {
  options_.timeout = absl::Milliseconds(20);
  UseTls();
  Start();
  const Client client;
  EXPECT_EQ(Enter(client, kPeer), nullptr);
  EXPECT_THAT(client.ReadToEnd(), IsEmpty());
}

TEST_F(HandshakesTest, TimeoutsFollowTheClock) {
  UseManualClock();
  options_.threads = 1;
  UseTls();
  Start();
  const Client silent, next;
  EXPECT_EQ(Enter(silent, kPeer), nullptr);
  manual_clock_.Advance(options_.timeout);
  EXPECT_EQ(Enter(next, kPeer), nullptr);  // wakes the thread
  EXPECT_THAT(silent.ReadToEnd(), IsEmpty());
  WaitConnections(1);
}

TEST_F(HandshakesTest, OldestOfAnAddressIsClosedForANewOne) {
  options_.max_per_address = 2;
  UseTls();
  Start();
  const Client oldest, other, second, third;
  EXPECT_EQ(Enter(oldest, kPeer), nullptr);
  EXPECT_EQ(Enter(other, "192.0.2.2"), nullptr);
  EXPECT_EQ(Enter(second, kPeer), nullptr);
  EXPECT_EQ(Enter(third, kPeer), nullptr);
  EXPECT_THAT(oldest.ReadToEnd(), IsEmpty());
  WaitConnections(3);
}

TEST_F(HandshakesTest, OldestIsClosedOnRequestIfItIsOldEnough) {
  UseTls();
  Start();
  EXPECT_FALSE(handshakes_->DropOldest(Clock::Real()->MonotonicNanos()))
      << "there is none";
  const int64_t before = Clock::Real()->MonotonicNanos() - 1;
  const Client client, second;
  EXPECT_EQ(Enter(client, kPeer), nullptr);
  EXPECT_EQ(Enter(second, kPeer), nullptr);
  EXPECT_FALSE(handshakes_->DropOldest(before));
  EXPECT_TRUE(handshakes_->DropOldest(Clock::Real()->MonotonicNanos()));
  EXPECT_THAT(client.ReadToEnd(), IsEmpty());
  WaitConnections(1);
}

TEST_F(HandshakesTest, StopClosesWhatIsNotComplete) {
  UseTls();
  Start();
  const Client before, after;
  EXPECT_EQ(Enter(before, kPeer), nullptr);
  handshakes_->Stop();
  EXPECT_THAT(before.ReadToEnd(), IsEmpty());
  EXPECT_EQ(Enter(after, kPeer), nullptr);
  EXPECT_THAT(after.ReadToEnd(), IsEmpty());
  EXPECT_EQ(handshakes_->connections(), 0u);
}

}  // namespace
}  // namespace sse_bridge
