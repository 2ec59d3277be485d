#include "bridge/base/random_fraction.h"

#include <atomic>

#include "absl/random/random.h"

namespace sse_bridge {
namespace {

std::atomic<double (*)()> g_replacement{nullptr};

}  // namespace

double RandomFraction() {
  if (const auto replacement = g_replacement.load(std::memory_order_relaxed)) {
    return replacement();
  }
  // One for each thread: it takes 256 bytes.
  thread_local absl::BitGen random;
  return absl::Uniform(random, 0.0, 1.0);
}

void SetRandomFractionForTest(double (*fraction)()) {
  g_replacement.store(fraction, std::memory_order_relaxed);
}

}  // namespace sse_bridge
