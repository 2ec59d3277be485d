#ifndef SSE_BRIDGE_BRIDGE_BASE_USABLE_CPUS_H_
#define SSE_BRIDGE_BRIDGE_BASE_USABLE_CPUS_H_

#include <string>

namespace sse_bridge {

// Where the kernel says what a process may use. Tests replace both.
struct CgroupFiles {
  std::string membership = "/proc/self/cgroup";
  std::string root = "/sys/fs/cgroup";
};

// Returns how many processors this process can keep busy: those that the
// calling thread may run on (sched_setaffinity, cpusets), at most the CPU limit
// of its control group and of the groups around it, rounded up (cgroup v2,
// cpu.max). At least 1.
int UsableCpus(const CgroupFiles& files = {});

// The part of UsableCpus that reads the control groups. 0 means no limit.
int CgroupCpuLimit(const CgroupFiles& files);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_USABLE_CPUS_H_
