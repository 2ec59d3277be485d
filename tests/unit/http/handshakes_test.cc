#include "bridge/http/handshakes.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

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

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

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
    options_.handshake.proxies = *std::move(proxies);
    options_.handshake.proxy_protocol = true;
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
    options_.handshake.tls = tls_.get();
  }
  // Each address gets one connection.
  void LimitRate() {
    RateLimiter::Options options;
    options.per_second = 0.001;
    rate_ = std::make_unique<RateLimiter>(options);
    options_.handshake.rate = rate_.get();
    options_.rejections = &rejections_;
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
        });
    ASSERT_TRUE(handshakes_->Start().ok());
  }
  bool Enter(const Client& client, const std::string& peer = kProxy) {
    return handshakes_->Enter(client.server_fd, peer, clock_->MonotonicNanos());
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
  ConnectionOptions options_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<RateLimiter> rate_;
  LabelledCounter rejections_;
  std::unique_ptr<Handshakes> handshakes_;

  Mutex mu_;
  std::condition_variable_any arrived_;
  std::deque<std::unique_ptr<Arrival>> arrivals_ ABSL_GUARDED_BY(mu_);
};

TEST_F(HandshakesTest, PlainConnectionsNeedNone) {
  Start();
  const Client client;
  EXPECT_TRUE(Enter(client, kPeer));
  EXPECT_EQ(handshakes_->connections(), 0u);
  close(client.server_fd);
}

TEST_F(HandshakesTest, AddressThatConnectsTooOftenGets429) {
  LimitRate();
  Start();
  const Client first, second, other;
  EXPECT_TRUE(Enter(first, kPeer));
  EXPECT_FALSE(Enter(second, kPeer));
  EXPECT_THAT(second.ReadToEnd(), StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(rejections_.Snapshot(), ElementsAre(Pair(Pair("429", ""), 1)));
  EXPECT_TRUE(Enter(other, "192.0.2.2"));
  close(first.server_fd);
  close(other.server_fd);
}

TEST_F(HandshakesTest, TrustedProxyNamesTheClientBeforeItsFirstByte) {
  UseProxyProtocol();
  Start();
  const Client client;
  EXPECT_FALSE(Enter(client));
  EXPECT_EQ(handshakes_->connections(), 1u);
  client.Send(absl::StrCat(kHeader, "GET /"));
  const auto arrival = Next();
  EXPECT_EQ(arrival->peer_address, "198.51.100.7");
  EXPECT_FALSE(arrival->socket->has_own_framing());
  // The request is left for the connection to read.
  char buffer[16];
  EXPECT_EQ(arrival->socket->Recv(buffer, sizeof buffer), 5);
  EXPECT_EQ(handshakes_->connections(), 0u);
}

TEST_F(HandshakesTest, HeaderMayComeByteByByte) {
  UseProxyProtocol();
  Start();
  const Client client;
  EXPECT_FALSE(Enter(client));
  for (const char c : std::string(kHeader)) client.Send(std::string(1, c));
  EXPECT_EQ(Next()->peer_address, "198.51.100.7");
}

TEST_F(HandshakesTest, OtherPeersSendNoHeader) {
  UseProxyProtocol();
  Start();
  const Client client;
  EXPECT_TRUE(Enter(client, kPeer));
  close(client.server_fd);
}

TEST_F(HandshakesTest, ConnectionOfAProxyWithoutAHeaderIsClosed) {
  UseProxyProtocol();
  Start();
  for (const char* bytes : {"GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 me\r\n"}) {
    const Client client;
    EXPECT_FALSE(Enter(client));
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
  EXPECT_FALSE(Enter(first));
  first.Send(kHeader);
  EXPECT_EQ(Next()->peer_address, "198.51.100.7");
  EXPECT_FALSE(Enter(second));
  second.Send(kHeader);
  EXPECT_THAT(second.ReadToEnd(), StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(rejections_.Snapshot(), ElementsAre(Pair(Pair("429", ""), 1)));
  const Client other;
  EXPECT_FALSE(Enter(other));
  other.Send("PROXY TCP4 198.51.100.8 10.0.0.1 5000 80\r\n");
  EXPECT_EQ(Next()->peer_address, "198.51.100.8");
}

TEST_F(HandshakesTest, TlsConnectionComesWithItsSession) {
  UseTls();
  Start();
  const Client client;
  EXPECT_FALSE(Enter(client, kPeer));
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SslPtr session(SSL_new(context.get()));
  SSL_set_fd(session.get(), client.fd());
  ASSERT_EQ(SSL_connect(session.get()), 1);
  const auto arrival = Next();
  EXPECT_EQ(arrival->peer_address, kPeer);
  EXPECT_TRUE(arrival->socket->has_own_framing());
  const iovec part{const_cast<char*>("hello"), 5};
  EXPECT_EQ(arrival->socket->Send(&part, 1), 5);
  char buffer[16];
  EXPECT_EQ(SSL_read(session.get(), buffer, sizeof buffer), 5);
}

TEST_F(HandshakesTest, ConnectionThatIsNotTlsIsClosed) {
  UseTls();
  Start();
  const Client client;
  EXPECT_FALSE(Enter(client, kPeer));
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.ReadToEnd();
  EXPECT_TRUE(NobodyArrived());
}

TEST_F(HandshakesTest, SilentConnectionIsClosedAfterTheTimeout) {
  options_.head_timeout = absl::Milliseconds(20);
  UseTls();
  Start();
  const Client client;
  EXPECT_FALSE(Enter(client, kPeer));
  EXPECT_THAT(client.ReadToEnd(), IsEmpty());
}

TEST_F(HandshakesTest, TimeoutsFollowTheClock) {
  UseManualClock();
  options_.handshake.threads = 1;
  UseTls();
  Start();
  const Client silent, next;
  EXPECT_FALSE(Enter(silent, kPeer));
  manual_clock_.Advance(options_.head_timeout);
  EXPECT_FALSE(Enter(next, kPeer));  // wakes the thread
  EXPECT_THAT(silent.ReadToEnd(), IsEmpty());
  WaitConnections(1);
}

TEST_F(HandshakesTest, OldestOfAnAddressIsClosedForANewOne) {
  options_.max_connections_per_address = 2;
  UseTls();
  Start();
  const Client oldest, other, second, third;
  EXPECT_FALSE(Enter(oldest, kPeer));
  EXPECT_FALSE(Enter(other, "192.0.2.2"));
  EXPECT_FALSE(Enter(second, kPeer));
  EXPECT_FALSE(Enter(third, kPeer));
  EXPECT_THAT(oldest.ReadToEnd(), IsEmpty());
  WaitConnections(3);
}

TEST_F(HandshakesTest, OldestIsClosedOnRequestIfItIsOldEnough) {
  UseTls();
  Start();
  EXPECT_FALSE(handshakes_->DropOldest(NowNs())) << "there is none";
  const int64_t before = NowNs() - 1;
  const Client client, second;
  EXPECT_FALSE(Enter(client, kPeer));
  EXPECT_FALSE(Enter(second, kPeer));
  EXPECT_FALSE(handshakes_->DropOldest(before));
  EXPECT_TRUE(handshakes_->DropOldest(NowNs()));
  EXPECT_THAT(client.ReadToEnd(), IsEmpty());
  WaitConnections(1);
}

TEST_F(HandshakesTest, StopClosesWhatIsNotComplete) {
  UseTls();
  Start();
  const Client before, after;
  EXPECT_FALSE(Enter(before, kPeer));
  handshakes_->Stop();
  EXPECT_THAT(before.ReadToEnd(), IsEmpty());
  EXPECT_FALSE(Enter(after, kPeer));
  EXPECT_THAT(after.ReadToEnd(), IsEmpty());
  EXPECT_EQ(handshakes_->connections(), 0u);
}

}  // namespace
}  // namespace sse_bridge
