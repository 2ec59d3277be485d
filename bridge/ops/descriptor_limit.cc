#include "bridge/ops/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace sse_bridge {

size_t StreamDescriptors(size_t limit) {
  return limit - std::min(kReservedDescriptors, limit / 2);
}

size_t ConnectionDescriptors(size_t limit) {
  return limit - std::min(kReservedDescriptors / 2, limit / 4);
}

size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return before;
  return limit.rlim_cur;
}

}  // namespace sse_bridge
