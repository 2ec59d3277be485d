#include "bridge/net/epoll_poller.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace sse_bridge {

EpollPoller::~EpollPoller() {
  if (epoll_ >= 0) ::close(epoll_);
  if (wake_ >= 0) ::close(wake_);
}

absl::Status EpollPoller::Start() {
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
  return absl::OkStatus();
}

int EpollPoller::Add(int fd, uint64_t data, uint32_t events) {
  return Control(EPOLL_CTL_ADD, fd, data, events);
}

int EpollPoller::Modify(int fd, uint64_t data, uint32_t events) {
  return Control(EPOLL_CTL_MOD, fd, data, events);
}

void EpollPoller::Remove(int fd) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

int EpollPoller::Control(int operation, int fd, uint64_t data,
                         uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return ::epoll_ctl(epoll_, operation, fd, &event) == 0 ? 0 : errno;
}

int EpollPoller::Wait(epoll_event* events, int64_t nanos) {
  // Kernels before 5.11 and some sandboxes support only milliseconds.
  static std::atomic<bool> has_nanos{true};
  if (nanos > 0 && has_nanos.load(std::memory_order_relaxed)) {
    timespec timeout;
    timeout.tv_sec = nanos / 1'000'000'000;
    timeout.tv_nsec = nanos % 1'000'000'000;
    const int n = ::epoll_pwait2(epoll_, events, kMaxEvents, &timeout,
                                 /*sigmask=*/nullptr);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
    has_nanos.store(false, std::memory_order_relaxed);
  }
  const int millis =
      nanos < 0 ? -1 : static_cast<int>((nanos + 999'999) / 1'000'000);
  return ::epoll_wait(epoll_, events, kMaxEvents, millis);
}

void EpollPoller::Wake() {
  if (wake_ < 0) return;
  const uint64_t one = 1;
  // Fails only if the loop is about to wake anyway.
  [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof(one));
}

}  // namespace sse_bridge
