#include "bridge/http/connection_inbox.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <variant>

#include "bridge/net/clock.h"
#include "bridge/net/event_loop.h"
#include "bridge/net/poller.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

class IgnoringHandler : public EventLoop::Handler {
 public:
  void OnWake() override {}
  void OnEvent(uint64_t, uint32_t) override {}
  void OnRound() override {}
  int64_t PrepareToWait() override { return EventLoop::kNever; }
  void OnStop() override {}
};

// The test is the listener's thread: the loop is never started.
class ConnectionInboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.Open().ok());
    inbox_.Open(&loop_);
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    shared_.socket = std::make_unique<PlainSocket>(fds[0]);
    client_ = fds[1];
  }
  void TearDown() override { close(client_); }

  // Whether the listener was woken, or its socket is reported, since the last
  // call.
  bool HasEvent() {
    epoll_event events[Poller::kMaxEvents];
    return loop_.poller()->Wait(events, /*nanos=*/0) > 0;
  }

  std::string Received() const {
    char buffer[100];
    const ssize_t n = recv(client_, buffer, sizeof buffer, MSG_DONTWAIT);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "";
  }

  IgnoringHandler handler_;
  EventLoop loop_{Network::Real(), Clock::Real(), &handler_, "test-loop"};
  ConnectionInbox inbox_;
  SharedSocket shared_;
  int client_ = -1;
};

TEST_F(ConnectionInboxTest, WakesASleepingListenerOnce) {
  ASSERT_TRUE(inbox_.mailbox()->PrepareToSleep());
  EXPECT_TRUE(inbox_.Post(HeldCommand{7, 100}));
  EXPECT_TRUE(HasEvent());
  EXPECT_TRUE(inbox_.Post(AnswerCommand{7, "answer", true}));
  EXPECT_FALSE(HasEvent());
  const auto commands = inbox_.mailbox()->Take();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(std::get<HeldCommand>(commands[0]).bytes, 100u);
  EXPECT_EQ(std::get<AnswerCommand>(commands[1]).bytes, "answer");
}

TEST_F(ConnectionInboxTest, DetachMovesTheSocketOutOfTheListener) {
  ASSERT_EQ(loop_.poller()->Add(shared_.socket->fd(), 7, EPOLLOUT), 0);
  EXPECT_TRUE(HasEvent());
  const std::unique_ptr<Socket> socket = inbox_.Detach(7, &shared_);
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(shared_.socket, nullptr);
  EXPECT_FALSE(HasEvent());
  const auto commands = inbox_.mailbox()->Take();
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(std::get<DetachedCommand>(commands[0]).connection, 7u);
  EXPECT_EQ(inbox_.Detach(7, &shared_), nullptr) << "it is gone";
}

TEST_F(ConnectionInboxTest, NothingIsInsertedIntoADetachedStream) {
  inbox_.SendUnlessDetached(&shared_, "interim");
  EXPECT_EQ(Received(), "interim");
  const std::unique_ptr<Socket> socket = inbox_.Detach(7, &shared_);
  inbox_.SendUnlessDetached(&shared_, "interim");
  EXPECT_EQ(Received(), "");
}

// Accepts up to three bytes at a time.
class NarrowSocket : public DescriptorSocket {
 public:
  explicit NarrowSocket(int fd) : DescriptorSocket(fd, {}) {}
  ssize_t Send(const iovec* parts, int) override {
    return PlainSocket::SendTo(
        fd(), absl::string_view(static_cast<const char*>(parts->iov_base),
                                std::min<size_t>(parts->iov_len, 3)));
  }
};

TEST_F(ConnectionInboxTest, RestOfAnInterimResponseIsKept) {
  shared_.socket = std::make_unique<NarrowSocket>(dup(shared_.socket->fd()));
  inbox_.SendUnlessDetached(&shared_, "interim");
  EXPECT_EQ(Received(), "int");
  EXPECT_EQ(shared_.unsent, "erim");
  // Nothing may come between its parts.
  inbox_.SendUnlessDetached(&shared_, "interim");
  EXPECT_EQ(Received(), "");
  EXPECT_EQ(shared_.unsent, "erim");
  EXPECT_EQ(inbox_.Detach(7, &shared_), nullptr);
  const auto commands = inbox_.mailbox()->Take();
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(std::get<DetachedCommand>(commands[0]).connection, 7u);
}

TEST_F(ConnectionInboxTest, AfterCloseNothingIsPostedOrDetached) {
  EXPECT_TRUE(inbox_.Post(HeldCommand{7, 100}));
  inbox_.Close();
  EXPECT_FALSE(inbox_.Post(HeldCommand{7, 200}));
  EXPECT_EQ(inbox_.Detach(7, &shared_), nullptr);
  EXPECT_NE(shared_.socket, nullptr) << "the listener closes it";
  EXPECT_EQ(inbox_.mailbox()->Take().size(), 1u) << "posted before";
}

TEST_F(ConnectionInboxTest, DrainingWakesTheListener) {
  EXPECT_FALSE(inbox_.draining());
  inbox_.StartDraining();
  EXPECT_TRUE(inbox_.draining());
  EXPECT_TRUE(HasEvent());
}

}  // namespace
}  // namespace sse_bridge
