#include "bridge/net/event_loop.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/net/mailbox.h"
#include "bridge/net/wake_batch.h"
#include "gtest/gtest.h"
#include "tests/unit/net/manual_clock.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// A handler whose commands are functions. Counts its calls.
class TestHandler : public EventLoop::Handler {
 public:
  using Task = std::function<void()>;

  explicit TestHandler(Clock* clock = Clock::Real())
      : loop_(Network::Real(), clock, this, "test-loop") {}
  ~TestHandler() { loop_.Stop(); }

  void Start() {
    ASSERT_TRUE(loop_.Open().ok());
    loop_.Start();
  }

  // Runs `task` on the loop's thread.
  void Post(Task task) {
    const auto posted = mailbox_.Post(std::move(task));
    if (posted == Mailbox<Task>::Posted::kWakeNeeded) loop_.Wake();
  }

  // Returns when the loop has executed everything posted before.
  void Sync() {
    bool done = false;
    Post([&] {
      MutexLock lock(&mu_);
      done = true;
    });
    WaitUntil([&] { return done; });
  }

  void WaitUntil(const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + kPatience;
    MutexLock lock(&mu_);
    while (!condition()) {
      if (absl::Now() > deadline) {
        ADD_FAILURE() << "timed out";
        return;
      }
      changed_.wait_for(mu_, std::chrono::seconds(1));
    }
  }

  void OnWake() override { mailbox_.WokeUp(); }

  void OnEvent(uint64_t data, uint32_t events) override {
    loop_.poller()->Remove(fd_to_remove_);
    MutexLock lock(&mu_);
    seen_.emplace_back(data, events);
    changed_.notify_all();
  }

  void OnRound() override {
    uint64_t executed = 0;
    for (Task& task : mailbox_.Take()) {
      task();
      ++executed;
    }
    mailbox_.Processed();
    MutexLock lock(&mu_);
    executed_ += executed;
    if (rounds_++ == 0) first_round_at_ = loop_.now();
    changed_.notify_all();
  }

  int64_t PrepareToWait() override {
    if (!mailbox_.PrepareToSleep()) return EventLoop::kNow;
    return std::exchange(next_, EventLoop::kNever);
  }

  void OnStop() override {
    stopped_on_ = std::this_thread::get_id();
    ++stops_;
  }

  EventLoop loop_;
  Mailbox<Task> mailbox_;
  // Used on the loop's thread, or while there is none.
  int64_t next_ = EventLoop::kNever;  // PrepareToWait returns it once
  int fd_to_remove_ = -1;             // at the next event
  std::thread::id stopped_on_;
  int stops_ = 0;

  Mutex mu_;
  std::condition_variable_any changed_;
  // Guarded by `mu_`.
  std::vector<std::pair<uint64_t, uint32_t>> seen_;
  uint64_t executed_ = 0;
  int rounds_ = 0;
  int64_t first_round_at_ = 0;
};

TEST(EventLoopTest, ReportsEventsWithTheDataOfTheirSocket) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  TestHandler handler;
  handler.fd_to_remove_ = fds[0];
  handler.Start();
  handler.Post(
      [&] { EXPECT_EQ(handler.loop_.poller()->Add(fds[0], 42, EPOLLIN), 0); });
  EXPECT_EQ(write(fds[1], "x", 1), 1);
  handler.WaitUntil([&] { return !handler.seen_.empty(); });
  handler.loop_.Stop();
  ASSERT_EQ(handler.seen_.size(), 1u) << "it was removed after the first";
  EXPECT_EQ(handler.seen_[0].first, 42u);
  EXPECT_EQ(handler.seen_[0].second, static_cast<uint32_t>(EPOLLIN));
  for (const int fd : fds) close(fd);
}

TEST(EventLoopTest, WakeBeginsARound) {
  TestHandler handler;
  handler.Start();
  for (int i = 1; i <= 3; ++i) {
    handler.loop_.Wake();
    handler.WaitUntil([&] { return handler.rounds_ >= i; });
  }
  handler.loop_.Stop();
  EXPECT_TRUE(handler.seen_.empty()) << "a wake is not an event";
}

TEST(EventLoopTest, WakeTakesEffectAtTheEndOfABatch) {
  TestHandler handler;  // without a thread: waits are made here
  ASSERT_TRUE(handler.loop_.Open().ok());
  epoll_event events[Poller::kMaxEvents];
  {
    const WakeBatch batch;
    handler.loop_.Wake();
    EXPECT_EQ(handler.loop_.poller()->Wait(events, 0), 0);
  }
  EXPECT_EQ(handler.loop_.poller()->Wait(events, 0), 1);
}

TEST(EventLoopTest, CommandsOfManyThreadsWakeTheLoop) {
  constexpr int kThreads = 4;
  constexpr int kCommands = 1000;
  TestHandler handler;
  handler.Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCommands; ++i) handler.Post([] {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  handler.WaitUntil(
      [&] { return handler.executed_ == uint64_t{kThreads} * kCommands; });
}

TEST(EventLoopTest, ARoundBeginsAtTheDeadline) {
  TestHandler handler;
  handler.next_ = Clock::Real()->MonotonicNanos() + 1'000'000;
  const int64_t deadline = handler.next_;
  handler.Start();
  handler.WaitUntil([&] { return handler.rounds_ >= 1; });
  handler.loop_.Stop();
  EXPECT_GE(handler.first_round_at_, deadline);
}

TEST(EventLoopTest, AnOverdueDeadlineAndNowBeginARoundAtOnce) {
  ManualClock clock;
  for (const int64_t next :
       {EventLoop::kNow, clock.MonotonicNanos() - 1, clock.MonotonicNanos()}) {
    TestHandler handler(&clock);
    handler.next_ = next;
    handler.Start();
    handler.WaitUntil([&] { return handler.rounds_ >= 1; });
  }
}

TEST(EventLoopTest, TheTimeIsReadOncePerRound) {
  ManualClock clock;
  TestHandler handler(&clock);
  const int64_t start = clock.MonotonicNanos();
  handler.Start();
  int64_t before = 0, after = 0, next = 0;
  handler.Post([&] {
    before = handler.loop_.now();
    clock.Advance(absl::Nanoseconds(10));
    after = handler.loop_.now();
  });
  handler.Sync();
  handler.Post([&] { next = handler.loop_.now(); });
  handler.Sync();
  EXPECT_EQ(before, start);
  EXPECT_EQ(after, start);
  EXPECT_EQ(next, start + 10);
}

TEST(EventLoopTest, TheThreadReceivesNoSignals) {
  TestHandler handler;
  handler.Start();
  sigset_t blocked;
  sigemptyset(&blocked);
  handler.Post([&] { pthread_sigmask(SIG_BLOCK, nullptr, &blocked); });
  handler.Sync();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
  }
  sigset_t mine;
  pthread_sigmask(SIG_BLOCK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGCHLD), 0) << "only its thread";
}

TEST(EventLoopTest, OnStopIsTheLastCallOnTheThread) {
  TestHandler handler;
  std::thread::id thread;
  handler.Start();
  handler.Post([&] { thread = std::this_thread::get_id(); });
  handler.Sync();
  handler.loop_.Stop();
  handler.loop_.Stop();
  EXPECT_EQ(handler.stops_, 1);
  EXPECT_EQ(handler.stopped_on_, thread);
  EXPECT_NE(thread, std::this_thread::get_id());
  const int rounds = handler.rounds_;
  handler.loop_.Wake();
  EXPECT_EQ(handler.rounds_, rounds);
}

TEST(EventLoopTest, WithoutAThreadStopCallsOnStopItself) {
  TestHandler handler;
  handler.loop_.Stop();
  EXPECT_EQ(handler.stops_, 1);
  EXPECT_EQ(handler.stopped_on_, std::this_thread::get_id());
}

}  // namespace
}  // namespace sse_bridge
