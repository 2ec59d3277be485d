#include "tests/simulation/outside.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "absl/time/time.h"
#include "tests/unit/net/simulated_network.h"

namespace {

sse_bridge::SimulatedNetwork* g_outside = nullptr;

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// These take the places of the libraries' functions.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (g_outside != nullptr &&
      (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *time = absl::ToTimespec(g_outside->clock()->WallTime());
    return 0;
  }
  return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
}

extern "C" int RAND_bytes(unsigned char* bytes, int size) {
  for (int i = 0; i < size; ++i) {
    bytes[i] = g_outside == nullptr
                   ? 0
                   : static_cast<unsigned char>(g_outside->Random(256));
  }
  return 1;
}

#endif

namespace sse_bridge {

void TakeOutsideFrom(SimulatedNetwork* network) { g_outside = network; }

}  // namespace sse_bridge
