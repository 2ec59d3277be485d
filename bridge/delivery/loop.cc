#include "bridge/delivery/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

constexpr int kMaxEvents = 512;
// How much of one client's input is read and discarded per round. The rest
// waits in its socket, so that a flood does not delay others.
constexpr size_t kInputBufferBytes = 16 << 10;
constexpr int kMaxReadsPerRound = 4;
// Identifies the eventfd's event. No slot has this number.
constexpr uint64_t kWakeData = ~uint64_t{0};

uint64_t EventData(uint32_t slot, uint32_t generation) {
  return (static_cast<uint64_t>(generation) << 32) | slot;
}

int WaitForEvents(int epoll, epoll_event* events, int64_t nanos) {
  // Kernels before 5.11 and some sandboxes support only milliseconds.
  static std::atomic<bool> has_nanos{true};
  if (nanos > 0 && has_nanos.load(std::memory_order_relaxed)) {
    timespec timeout;
    timeout.tv_sec = nanos / 1'000'000'000;
    timeout.tv_nsec = nanos % 1'000'000'000;
    const int n = ::epoll_pwait2(epoll, events, kMaxEvents, &timeout,
                                 /*sigmask=*/nullptr);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
    has_nanos.store(false, std::memory_order_relaxed);
  }
  const int millis =
      nanos < 0 ? -1 : static_cast<int>((nanos + 999'999) / 1'000'000);
  return ::epoll_wait(epoll, events, kMaxEvents, millis);
}

}  // namespace

Loop::Loop(int index, const Delivery::Options& options, Clock* clock,
           TimerQueue* timers, std::function<void()> on_destroyed)
    : index_(index),
      options_(options),
      clock_(clock),
      timers_(timers),
      on_destroyed_(std::move(on_destroyed)),
      window_nanos_(absl::ToInt64Nanoseconds(options.flush_window)),
      ping_(Frame::Create(": ping\n\n", {.is_event = false})),
      last_chunk_(Frame::Create("0\r\n\r\n", {.is_event = false})),
      now_(clock->MonotonicNanos()),
      last_drain_(now_ - window_nanos_),
      wheel_(now_),
      random_(static_cast<uint32_t>(now_ / 1000 + index)) {}

Loop::~Loop() {
  Stop();
  if (epoll_ >= 0) ::close(epoll_);
  if (wake_ >= 0) ::close(wake_);
}

absl::Status Loop::Start() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return absl::ErrnoToStatus(errno, "epoll_create1");
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) return absl::ErrnoToStatus(errno, "eventfd");
  epoll_event event{};
  // Edge-triggered: each write wakes the loop, and the eventfd need not be
  // read.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeData;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    return absl::ErrnoToStatus(errno, "epoll_ctl");
  }
  // The main thread handles signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(),
                     absl::StrCat("delivery-", index_).c_str());
  return absl::OkStatus();
}

void Loop::Stop() {
  {
    MutexLock lock(&mu_);
    if (stopping_) return;
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Shutdown();
  }
}

ConnectionRef Loop::Reserve() {
  load_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(&mu_);
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(generations_.size());
    generations_.push_back(0);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  return ConnectionRef(this, slot, ++generations_[slot]);
}

bool Loop::Post(Command&& command) {
  bool wake = false;
  {
    MutexLock lock(&mu_);
    if (stopped_) return false;
    if (command.kind == Command::Kind::kPublish) {
      const size_t size = command.frame->size();
      inbox_bytes_ += size;
      backlog_bytes_.fetch_add(size, std::memory_order_relaxed);
    }
    inbox_.push_back(std::move(command));
    std::swap(wake, asleep_);
  }
  if (wake) Wake();
  return true;
}

void Loop::Wake() {
  if (wake_ < 0) return;
  const uint64_t one = 1;
  // Fails only if the loop is about to wake anyway.
  [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof(one));
}

void Loop::AddStats(DeliveryStats* stats) const {
  stats->open += counters_.open.value();
  stats->opened += counters_.opened.value();
  stats->events += counters_.events.value();
  stats->bytes += counters_.bytes.value();
  stats->writes += counters_.writes.value();
  stats->keep_alives += counters_.keep_alives.value();
  stats->conflated += counters_.conflated.value();
  stats->dropped += counters_.dropped.value();
  stats->slow_disconnects += counters_.slow_disconnects.value();
  stats->queue_bytes += counters_.queue_bytes.value();
  counters_.latency.AddTo(&stats->latency);
  counters_.lag.AddTo(&stats->lag);
}

void Loop::Run() {
  epoll_event events[kMaxEvents];
  for (;;) {
    const int64_t wait = WaitNanos();
    const int n = WaitForEvents(epoll_, events, wait);
    const int error = n < 0 ? errno : 0;
    now_ = clock_->MonotonicNanos();
    bool stop;
    {
      MutexLock lock(&mu_);
      asleep_ = false;
      stop = stopping_;
    }
    if (stop) break;
    if (n < 0 && error != EINTR) {
      spdlog::error("delivery loop {}: epoll_wait failed: errno {}", index_,
                    error);
    }
    for (int i = 0; i < n; ++i) {
      if (events[i].data.u64 == kWakeData) continue;
      HandleEvent(events[i].data.u64, events[i].events);
    }
    ReadMoreInput();
    AdvanceTimers();
    Reap();
    if (now_ - last_drain_ >= window_nanos_) DrainInbox();
    FlushDirty();
    ReportSent();
    ReportAsks();
    graveyard_.clear();
    if (timers_ != nullptr) timers_->RunDue(now_);
    counters_.lag.Record(clock_->MonotonicNanos() - now_);
  }
  Shutdown();
}

int64_t Loop::WaitNanos() {
  if (!more_input_.empty()) return 0;
  int64_t until = TimerQueue::kNever;
  if (counters_.open.value() > 0) until = wheel_.NextTick();
  if (timers_ != nullptr) until = std::min(until, timers_->NextDeadline());
  {
    MutexLock lock(&mu_);
    if (stopping_) return 0;
    if (inbox_.empty()) {
      asleep_ = true;
    } else if (window_nanos_ == 0) {
      return 0;
    } else {
      until = std::min(until, last_drain_ + window_nanos_);
    }
  }
  if (until == TimerQueue::kNever) return -1;
  return std::max<int64_t>(until - clock_->MonotonicNanos(), 0);
}

void Loop::HandleEvent(uint64_t data, uint32_t events) {
  LoopConnection* const c =
      Find(static_cast<uint32_t>(data), static_cast<uint32_t>(data >> 32));
  if (c == nullptr || c->state == State::kDead) return;
  if ((events & EPOLLOUT) != 0 && c->blocked) {
    c->blocked = false;
    Flush(c);
  }
  // Read before closing: closing with unread input sends a reset.
  if ((events & EPOLLIN) != 0) ReadInput(c);
  // A half-close, as HTTP/1.0 clients and `nc` may do, looks the same as a
  // disconnect, and is treated as one.
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    MarkDead(c, CloseReason::kClientGone);
  }
}

void Loop::ReadInput(LoopConnection* c) {
  char buffer[kInputBufferBytes];
  for (int i = 0; i < kMaxReadsPerRound; ++i) {
    if (c->state == State::kDead) return;
    ssize_t n;
    if (c->transport != nullptr) {
      n = c->transport->Recv(buffer, sizeof(buffer));
      if (n == Transport::kWouldBlock) return;
    } else {
      n = ::recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      // On a stream socket, a short read means that no more input is available.
      if (n > 0 && static_cast<size_t>(n) < sizeof(buffer)) return;
    }
    if (n <= 0) {
      MarkDead(c, CloseReason::kClientGone);
      return;
    }
  }
  if (!c->more_input) {
    c->more_input = true;
    more_input_.push_back(EventData(c->slot, c->generation));
  }
}

void Loop::ReadMoreInput() {
  if (more_input_.empty()) return;
  std::vector<uint64_t> todo;
  todo.swap(more_input_);
  for (const uint64_t data : todo) {
    LoopConnection* const c =
        Find(static_cast<uint32_t>(data), static_cast<uint32_t>(data >> 32));
    if (c == nullptr) continue;
    c->more_input = false;
    ReadInput(c);
  }
}

void Loop::AdvanceTimers() {
  wheel_.Advance(now_, &due_);
  for (TimerNode* node : due_) {
    OnTimer(static_cast<LoopConnection*>(node->owner));
  }
  due_.clear();
}

void Loop::OnTimer(LoopConnection* c) {
  switch (c->state) {
    case State::kDead:
      return;
    case State::kEnding:
    case State::kLingering:
      if (now_ >= c->give_up_at) {
        MarkDead(c, c->reason);
        return;
      }
      break;
    case State::kOpen:
      if (now_ >= c->drain_at) {
        BeginEnd(c, CloseReason::kDrain, drain_frame_);
        return;
      }
      if (now_ >= c->expires) {
        BeginEnd(c, CloseReason::kExpired, c->expiry_frame);
        return;
      }
      if (now_ >= c->max_age_at) {
        BeginEnd(c, CloseReason::kMaxAge, c->max_age_frame);
        return;
      }
      // Ping a tick early rather than late, and not if other frames are queued.
      if (c->keep_alive > 0 && !c->blocked && c->queue.empty() &&
          now_ + TimerWheel::kTickNanos > c->last_sent + c->keep_alive) {
        EnqueueOwn(c, ping_, /*raw=*/false);
        counters_.keep_alives.Add(1);
        c->last_sent = now_;
      }
      break;
  }
  Rearm(c);
}

void Loop::Rearm(LoopConnection* c) {
  int64_t deadline = LoopConnection::kNever;
  if (c->state == State::kOpen) {
    deadline = std::min({c->expires, c->max_age_at, c->drain_at});
    if (c->keep_alive > 0) {
      int64_t ping = c->last_sent + c->keep_alive;
      if (ping <= now_) ping = now_ + c->keep_alive;
      deadline = std::min(deadline, ping);
    }
  } else {
    deadline = c->give_up_at;
  }
  if (deadline == LoopConnection::kNever) {
    c->timer.Unlink();
  } else {
    wheel_.Arm(&c->timer, deadline);
  }
}

double Loop::Random(double from, double to) {
  return std::uniform_real_distribution<double>(from, to)(random_);
}

void Loop::Shutdown() {
  for (;;) {
    DrainInbox();
    for (Slot& slot : slots_) {
      if (slot.connection != nullptr) {
        MarkDead(slot.connection.get(), CloseReason::kDrain);
      }
    }
    Reap();
    ReportSent();
    dirty_.clear();
    asks_.clear();
    graveyard_.clear();
    MutexLock lock(&mu_);
    if (!inbox_.empty()) continue;
    stopped_ = true;
    return;
  }
}

}  // namespace sse_bridge
