#ifndef SSE_BRIDGE_BACKENDS_METRICS_MACHINE_H_
#define SSE_BRIDGE_BACKENDS_METRICS_MACHINE_H_

#include <cstdint>

namespace sse_bridge {

// CPU and memory usage of the machine, from /proc. Not thread-safe.
class Machine {
 public:
  Machine() { CpuUsage(); }

  // Busy share of all cores since the previous call, 0 to 1.
  double CpuUsage();

  // Share of the memory in use, 0 to 1.
  double MemoryUsage() const;

 private:
  int64_t busy_ = 0;
  int64_t total_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_METRICS_MACHINE_H_
