#include "bridge/net/epoll_poller.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr int64_t kNoWait = 0;
constexpr int64_t kUntilWoken = -1;

class EpollPollerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(poller_.Start().ok());
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_), 0);
  }
  void TearDown() override {
    for (const int fd : fds_) ::close(fd);
  }

  EpollPoller poller_;
  int fds_[2] = {-1, -1};
  epoll_event events_[Poller::kMaxEvents];
};

TEST_F(EpollPollerTest, WaitReturnsNothingOnceTheTimeIsOver) {
  EXPECT_EQ(poller_.Wait(events_, kNoWait), 0);
  EXPECT_EQ(poller_.Wait(events_, /*nanos=*/1000), 0);
}

TEST_F(EpollPollerTest, WakeEndsAWaitOnAnotherThread) {
  std::thread other([this] { poller_.Wake(); });
  ASSERT_EQ(poller_.Wait(events_, kUntilWoken), 1);
  EXPECT_EQ(uint64_t{events_[0].data.u64}, Poller::kWakeData);
  other.join();
}

TEST_F(EpollPollerTest, EachWakeEndsAWait) {
  for (int i = 0; i < 3; ++i) {
    poller_.Wake();
    EXPECT_EQ(poller_.Wait(events_, kUntilWoken), 1);
  }
  EXPECT_EQ(poller_.Wait(events_, kNoWait), 0);
}

TEST_F(EpollPollerTest, WakeBeforeStartHasNoEffect) {
  EpollPoller poller;
  poller.Wake();
  ASSERT_TRUE(poller.Start().ok());
  EXPECT_EQ(poller.Wait(events_, kNoWait), 0);
}

TEST_F(EpollPollerTest, ReportsInputAndSpaceWithTheDataOfTheSocket) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, Poller::kAllEdges), 0);
  ASSERT_EQ(::write(fds_[1], "x", 1), 1);
  ASSERT_EQ(poller_.Wait(events_, kUntilWoken), 1);
  EXPECT_EQ(uint64_t{events_[0].data.u64}, 42u);
  EXPECT_NE(events_[0].events & EPOLLIN, 0u);
  EXPECT_NE(events_[0].events & EPOLLOUT, 0u);
}

TEST_F(EpollPollerTest, ReportsAnEdgeOnce) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, Poller::kAllEdges), 0);
  ASSERT_EQ(::write(fds_[1], "x", 1), 1);
  ASSERT_EQ(poller_.Wait(events_, kUntilWoken), 1);
  EXPECT_EQ(poller_.Wait(events_, kNoWait), 0);
}

TEST_F(EpollPollerTest, ReportsTheEndOfThePeer) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, Poller::kAllEdges), 0);
  ASSERT_EQ(::shutdown(fds_[1], SHUT_WR), 0);
  ASSERT_EQ(poller_.Wait(events_, kUntilWoken), 1);
  EXPECT_NE(events_[0].events & EPOLLRDHUP, 0u);
}

TEST_F(EpollPollerTest, ReportsNothingOfAClosedSocket) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, Poller::kAllEdges), 0);
  ASSERT_EQ(::write(fds_[1], "x", 1), 1);
  ::close(fds_[0]);
  fds_[0] = ::dup(fds_[1]);  // TearDown closes it
  EXPECT_EQ(poller_.Wait(events_, kNoWait), 0);
}

TEST_F(EpollPollerTest, ReportsALevelUntilItIsGone) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, EPOLLIN), 0);
  ASSERT_EQ(::write(fds_[1], "x", 1), 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(poller_.Wait(events_, kUntilWoken), 1);
    EXPECT_EQ(events_[0].events, static_cast<uint32_t>(EPOLLIN));
  }
  char byte;
  ASSERT_EQ(::read(fds_[0], &byte, 1), 1);
  EXPECT_EQ(poller_.Wait(events_, kNoWait), 0);
}

TEST_F(EpollPollerTest, ModifyReplacesEventsAndData) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, EPOLLIN), 0);
  ASSERT_EQ(poller_.Wait(events_, kNoWait), 0);
  ASSERT_EQ(poller_.Modify(fds_[0], 43, EPOLLOUT), 0);
  ASSERT_EQ(poller_.Wait(events_, kUntilWoken), 1);
  EXPECT_EQ(uint64_t{events_[0].data.u64}, 43u);
  EXPECT_EQ(events_[0].events, static_cast<uint32_t>(EPOLLOUT));
}

TEST_F(EpollPollerTest, ReportsNothingAfterRemove) {
  ASSERT_EQ(poller_.Add(fds_[0], 42, EPOLLOUT), 0);
  poller_.Remove(fds_[0]);
  EXPECT_EQ(poller_.Wait(events_, kNoWait), 0);
  EXPECT_EQ(poller_.Modify(fds_[0], 42, EPOLLOUT), ENOENT);
}

TEST_F(EpollPollerTest, AddReturnsTheErrorOfAnInvalidDescriptor) {
  EXPECT_EQ(poller_.Add(-1, 42, Poller::kAllEdges), EBADF);
}

}  // namespace
}  // namespace sse_bridge
