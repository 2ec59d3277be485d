#include "bridge/net/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/net/epoll_poller.h"
#include "bridge/net/listening_socket.h"

namespace sse_bridge {
namespace {

constexpr int64_t kMs = 1'000'000;

class AcceptorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const int fd =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_),
              0);
    ASSERT_EQ(listen(fd, 100), 0);
    socklen_t size = sizeof address_;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address_), &size);
    ASSERT_TRUE(poller_.Start().ok());
    null_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
    acceptor_ = std::make_unique<Acceptor>(
        [this](std::unique_ptr<Socket> accepted, std::string peer) {
          accepted_.push_back(std::move(accepted));
          EXPECT_EQ(peer, "127.0.0.1");
          return accepted_.size() % 2 == 1 || !pauses_;
        },
        [this] {
          if (to_give_up_.empty()) return false;
          close(to_give_up_.back());
          to_give_up_.pop_back();
          return true;
        },
        [](std::unique_ptr<Socket> turned_away) {
          char text[] = "full";
          const iovec part{text, 4};
          EXPECT_EQ(turned_away->Send(&part, 1), 4);
        });
    listen_fd_ = fd;
    ASSERT_TRUE(
        acceptor_->Start(std::make_unique<TcpListeningSocket>(fd), &poller_, 7)
            .ok());
    getrlimit(RLIMIT_NOFILE, &limit_);
  }

  void TearDown() override {
    RestoreDescriptors();
    acceptor_.reset();
    accepted_.clear();
    for (int fd : to_give_up_) close(fd);
    close(null_fd_);
  }

  // Creates a socket before the descriptors are exhausted. It is connected
  // later.
  int NewSocket() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
  }

  void ConnectSocket(int fd) {
    ASSERT_EQ(
        connect(fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_),
        0);
  }

  void ExhaustDescriptors() {
    rlimit low = limit_;
    low.rlim_cur = 200;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int fd; (fd = dup(null_fd_)) >= 0;) fillers_.push_back(fd);
  }

  void RestoreDescriptors() {
    setrlimit(RLIMIT_NOFILE, &limit_);
    for (int fd : fillers_) close(fd);
    fillers_.clear();
  }

  bool IsReady() {
    epoll_event events[Poller::kMaxEvents];
    return poller_.Wait(events, 0) == 1 && events[0].data.u64 == 7;
  }

  static std::string ReadAll(int fd) {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      all.append(buffer, static_cast<size_t>(n));
    }
    return all;
  }

  sockaddr_in address_{};
  rlimit limit_{};
  int listen_fd_ = -1;  // owned by the acceptor
  int null_fd_ = -1;
  EpollPoller poller_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<std::unique_ptr<Socket>> accepted_;
  std::vector<int> to_give_up_, fillers_;
  bool pauses_ = false;  // after every second connection
};

TEST_F(AcceptorTest, AcceptsAllWaitingConnections) {
  std::vector<int> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(NewSocket());
    ConnectSocket(clients.back());
  }
  EXPECT_TRUE(IsReady());
  acceptor_->Accept(0);
  EXPECT_EQ(accepted_.size(), 10u);
  EXPECT_FALSE(IsReady());
  for (const auto& each : accepted_) {
    EXPECT_NE(fcntl(each->fd(), F_GETFL) & O_NONBLOCK, 0);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    getsockopt(each->fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
    EXPECT_NE(no_delay, 0);
  }
  for (int fd : clients) close(fd);
}

TEST_F(AcceptorTest, PausesWhileSpaceIsBeingMade) {
  pauses_ = true;
  std::vector<int> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(NewSocket());
    ConnectSocket(clients.back());
  }
  acceptor_->Accept(1000 * kMs);
  EXPECT_EQ(accepted_.size(), 2u);
  EXPECT_EQ(acceptor_->again_at_ns(), 1002 * kMs);
  EXPECT_FALSE(IsReady());
  acceptor_->Accept(1002 * kMs);
  EXPECT_EQ(accepted_.size(), 3u);
  EXPECT_EQ(acceptor_->again_at_ns(), 0);
  for (int fd : clients) close(fd);
}

TEST_F(AcceptorTest, OutOfDescriptorsIsAnsweredAndDoesNotSpin) {
  const int first = NewSocket(), second = NewSocket(), late = NewSocket();
  ExhaustDescriptors();
  ConnectSocket(first);
  ConnectSocket(second);
  acceptor_->Accept(1000 * kMs);
  for (int fd : {first, second}) {
    EXPECT_EQ(ReadAll(fd), "full");
  }
  EXPECT_TRUE(accepted_.empty());

  // Accepting is paused, and the socket does not wake the loop meanwhile.
  EXPECT_EQ(acceptor_->again_at_ns(), 1050 * kMs);
  ConnectSocket(late);
  EXPECT_FALSE(IsReady());

  RestoreDescriptors();
  acceptor_->Accept(1050 * kMs);
  EXPECT_EQ(acceptor_->again_at_ns(), 0);
  EXPECT_EQ(accepted_.size(), 1u);
  for (int fd : {first, second, late}) close(fd);
}

TEST_F(AcceptorTest, PausesEvenIfTheReserveIsLost) {
  const int client = NewSocket();
  ExhaustDescriptors();
  ConnectSocket(client);
  // Reopening the reserve fails.
  rlimit none = limit_;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int64_t now : {1000 * kMs, 2000 * kMs}) {
    acceptor_->Accept(now);
    EXPECT_EQ(acceptor_->again_at_ns(), now + 50 * kMs);
    EXPECT_FALSE(IsReady());
  }
  RestoreDescriptors();
  acceptor_->Accept(3000 * kMs);
  EXPECT_EQ(accepted_.size(), 1u);

  // The reserve has been reopened.
  const int next = NewSocket();
  ExhaustDescriptors();
  ConnectSocket(next);
  acceptor_->Accept(4000 * kMs);
  EXPECT_EQ(ReadAll(next), "full");
  for (int fd : {client, next}) close(fd);
}

TEST_F(AcceptorTest, SpaceIsMadeBeforeAConnectionIsRefused) {
  const int client = NewSocket();
  to_give_up_.push_back(dup(null_fd_));
  ExhaustDescriptors();
  ConnectSocket(client);
  acceptor_->Accept(0);
  EXPECT_EQ(accepted_.size(), 1u);
  EXPECT_TRUE(to_give_up_.empty());
  EXPECT_EQ(acceptor_->again_at_ns(), 0);
  close(client);
}

TEST_F(AcceptorTest, WaitingConnectionsAreAcceptedBeforeTheClose) {
  const int client = NewSocket();
  ConnectSocket(client);
  acceptor_->Close(/*take_waiting=*/true);
  EXPECT_TRUE(acceptor_->closed());
  EXPECT_EQ(accepted_.size(), 1u);
  close(client);
}

// While another process takes over the port, handshakes that have begun
// complete and no new ones begin.
TEST_F(AcceptorTest, RetiringCompletesHandshakesAndBeginsNone) {
  const int before = NewSocket(), during = NewSocket();
  ConnectSocket(before);
  acceptor_->Retire(1000 * kMs);
  EXPECT_EQ(acceptor_->close_at_ns(), 1500 * kMs);
  fcntl(during, F_SETFL, O_NONBLOCK);
  EXPECT_NE(
      connect(during, reinterpret_cast<sockaddr*>(&address_), sizeof address_),
      0);
  EXPECT_EQ(errno, EINPROGRESS);
  acceptor_->Accept(1100 * kMs);
  EXPECT_EQ(accepted_.size(), 1u);
  // Established connections are not affected.
  EXPECT_EQ(send(before, "x", 1, 0), 1);
  char byte = 0;
  for (int i = 0; i < 1000 && recv(accepted_[0]->fd(), &byte, 1, 0) != 1; ++i) {
    usleep(1000);
  }
  EXPECT_EQ(byte, 'x');
  acceptor_->Close(/*take_waiting=*/true);
  EXPECT_EQ(accepted_.size(), 1u);
  EXPECT_EQ(acceptor_->close_at_ns(), 0);
  for (int fd : {before, during}) close(fd);
}

// As with a socket that another process has inherited.
TEST_F(AcceptorTest, ASharedSocketIsNotReportedAfterClose) {
  const int shared = dup(listen_fd_), client = NewSocket();
  ConnectSocket(client);
  EXPECT_TRUE(IsReady());
  acceptor_->Close(/*take_waiting=*/false);
  EXPECT_FALSE(IsReady());
  for (int fd : {shared, client}) close(fd);
}

TEST_F(AcceptorTest, NothingIsAcceptedAfterClose) {
  acceptor_->Close(/*take_waiting=*/false);
  acceptor_->Accept(0);
  const int client = NewSocket();
  EXPECT_NE(
      connect(client, reinterpret_cast<sockaddr*>(&address_), sizeof address_),
      0);
  close(client);
}

}  // namespace
}  // namespace sse_bridge
