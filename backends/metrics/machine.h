#ifndef SSE_BRIDGE_BACKENDS_METRICS_MACHINE_H_
#define SSE_BRIDGE_BACKENDS_METRICS_MACHINE_H_

#include <cstdint>

namespace sse_bridge {

// CPU and memory use of the machine, from /proc. One thread.
class Machine {
 public:
  Machine() { CpuUsage(); }

  // Busy part of all cores since the call before, 0 to 1.
  double CpuUsage();

  // Part of the memory that is not available, 0 to 1.
  double MemoryUsage() const;

 private:
  int64_t busy_ = 0;
  int64_t total_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_METRICS_MACHINE_H_
