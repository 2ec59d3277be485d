#ifndef SSE_BRIDGE_TESTS_BENCH_PROCESS_USAGE_H_
#define SSE_BRIDGE_TESTS_BENCH_PROCESS_USAGE_H_

#include <cstdint>
#include <vector>

namespace sse_bridge::bench {

// What processes have used, from /proc.
struct ProcessUsage {
  double cpu_seconds = 0;
  int64_t resident_bytes = 0;
};
ProcessUsage UsageOf(const std::vector<int>& pids);

}  // namespace sse_bridge::bench

#endif  // SSE_BRIDGE_TESTS_BENCH_PROCESS_USAGE_H_
