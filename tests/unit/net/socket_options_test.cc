#include "bridge/net/socket_options.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

// Creates a connected pair of TCP sockets on the loopback interface. The first
// is non-blocking.
void TcpPair(int fds[2]) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  fds[1] = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(fds[1], reinterpret_cast<sockaddr*>(&address), size), 0);
  fds[0] = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  ASSERT_GE(fds[0], 0);
  ::close(listener);
}

int Get(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

TEST(SocketOptionsTest, TcpSocketDetectsDeadPeersAndDoesNotDelay) {
  int fds[2];
  TcpPair(fds);
  SetStreamSocketOptions(fds[0], {.unsent_low_water_bytes = 65536,
                                  .user_timeout = absl::Seconds(30)});
  EXPECT_EQ(Get(fds[0], IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Get(fds[0], SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Get(fds[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
  EXPECT_EQ(Get(fds[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT), 65'536);
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST(SocketOptionsTest, OtherSocketsAreLeftAlone) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  SetStreamSocketOptions(fds[0], {.user_timeout = absl::Seconds(30)});
  EXPECT_EQ(Get(fds[0], SOL_SOCKET, SO_KEEPALIVE), 0);
  ::close(fds[0]);
  ::close(fds[1]);
}

class TcpStreamTest : public DeliveryFixture {
 protected:
  void SetUp() override {
    StartDelivery({.queue_limit_bytes = size_t{64} << 20});
    ::close(s_.client);
    int fds[2];
    TcpPair(fds);
    s_.spec.socket = std::make_unique<PlainSocket>(fds[0]);
    s_.client = fds[1];
    s_.spec.chunked = true;
  }

  TestStream s_;
};

// If a client sends data after its request, a plain close() resets the
// connection, which destroys data that the client has not read.
TEST_F(TcpStreamTest, ClientThatSendsAndReadsLateStillGetsEverything) {
  s_.Open(delivery_.get());
  const std::string data(1 << 20, 'd');
  delivery_->Send(s_.ref, Event(data));
  Sync();
  ASSERT_EQ(::write(s_.client, "GET / HTTP/1.1\r\n\r\n", 18), 18);
  delivery_->Close(s_.ref, CloseReason::kEnded, Event("bye"));
  Sync();
  ASSERT_EQ(::write(s_.client, "GET / HTTP/1.1\r\n\r\n", 18), 18);
  bool complete = false;
  EXPECT_EQ(DataOf(Unchunk(s_.ReadToEnd(), &complete)),
            (std::vector<std::string>{data, "bye"}));
  EXPECT_TRUE(complete);
  s_.CloseClient();
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
}

TEST_F(TcpStreamTest, AResetEndsTheStreamAsClientGone) {
  s_.Open(delivery_.get());
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(s_.client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  s_.CloseClient();
  EXPECT_EQ(s_.closed->Wait().reason, CloseReason::kClientGone);
}

TEST_F(TcpStreamTest, FullSocketContinuesWhenTheClientReads) {
  s_.Open(delivery_.get());
  const auto topic = NewTopic();
  topic->Attach(s_.ref, {}, {});
  size_t expected = 0;
  for (int i = 0; i < 400; ++i) {
    topic->Publish(Event(std::string(50'000, 'x')));
    expected += 50'000 + 8;
  }
  Sync();
  EXPECT_GT(delivery_->Stats().queue_bytes, 0u);
  topic->End(nullptr, /*error=*/false);
  bool complete = false;
  EXPECT_EQ(Unchunk(s_.ReadToEnd(), &complete).size(), expected);
  EXPECT_TRUE(complete);
}

}  // namespace
}  // namespace sse_bridge
