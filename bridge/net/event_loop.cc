#include "bridge/net/event_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace sse_bridge {

EventLoop::EventLoop(Network* network, Clock* clock, Handler* handler,
                     std::string name)
    : network_(network),
      clock_(clock),
      handler_(handler),
      name_(std::move(name)),
      poller_(network->NewPoller()),
      now_(clock->MonotonicNanos()) {}

absl::Status EventLoop::Open() { return poller_->Start(); }

void EventLoop::Start() {
  if (network_->Runs(this)) return;
  // The main thread handles signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), name_.c_str());
}

void EventLoop::Stop() {
  if (stop_.exchange(true)) return;
  poller_->Wake();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    handler_->OnStop();
  }
}

void EventLoop::Run() {
  while (RunRound(WaitNanos())) {
  }
  handler_->OnStop();
}

bool EventLoop::RunRound(int64_t wait_nanos) {
  epoll_event events[Poller::kMaxEvents];
  const int n = poller_->Wait(events, wait_nanos);
  const int error = n < 0 ? errno : 0;
  now_ = clock_->MonotonicNanos();
  if (stop_) return false;
  if (n < 0 && error != EINTR) {
    spdlog::error("{}: epoll_wait failed: errno {}", name_, error);
  }
  handler_->OnWake();
  for (int i = 0; i < n; ++i) {
    if (events[i].data.u64 == Poller::kWakeData) continue;
    handler_->OnEvent(events[i].data.u64, events[i].events);
  }
  handler_->OnRound();
  return true;
}

int64_t EventLoop::WaitNanos() {
  const int64_t until = handler_->PrepareToWait();
  if (until == kNow) return 0;
  if (until == kNever) return -1;
  return std::max<int64_t>(until - clock_->MonotonicNanos(), 0);
}

}  // namespace sse_bridge
