// Preloaded into a program, moves the wall clock that it sees by the seconds in
// the file CLOCK_SHIFT_FILE (an int64_t, read at each look). The monotonic
// clock is not touched, as it is when an administrator or NTP sets the time.
// Waits until a time of day (futex, as absl makes them) end by the moved clock,
// also when it moves meanwhile.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr long kLookAgainNanos = 50'000'000;
constexpr long kSecondNanos = 1'000'000'000;

int64_t Shift() {
  static const volatile int64_t* const shift = []() -> const int64_t* {
    const char* path = getenv("CLOCK_SHIFT_FILE");
    const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nullptr;
    void* at = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? nullptr : static_cast<const int64_t*>(at);
  }();
  return shift == nullptr ? 0 : *shift;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int TrueTime(clockid_t clock, timespec* out) {
  static auto* const next = Next<int(clockid_t, timespec*)>("clock_gettime");
  return next(clock, out);
}

bool Later(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  const int result = TrueTime(clock, out);
  if (result == 0 &&
      (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    out->tv_sec += Shift();
  }
  return result;
}

int gettimeofday(timeval* out, void*) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

long syscall(long number, ...) noexcept {
  long a[6];
  va_list list;
  va_start(list, number);
  for (long& each : a) each = va_arg(list, long);
  va_end(list);
  static auto* const next = Next<long(long, ...)>("syscall");
  if (number != SYS_futex || (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET ||
      (a[1] & FUTEX_CLOCK_REALTIME) == 0 || a[3] == 0) {
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  timespec until = *reinterpret_cast<const timespec*>(a[3]);
  until.tv_sec -= Shift();
  timespec again;
  TrueTime(CLOCK_REALTIME, &again);
  again.tv_nsec += kLookAgainNanos;
  if (again.tv_nsec >= kSecondNanos) {
    ++again.tv_sec;
    again.tv_nsec -= kSecondNanos;
  }
  const bool early = Later(until, again);
  const long result =
      next(number, a[0], a[1], a[2], early ? &again : &until, a[4], a[5]);
  // As if a signal had come: the caller waits on.
  if (early && result == -1 && errno == ETIMEDOUT) errno = EINTR;
  return result;
}

}  // extern "C"
