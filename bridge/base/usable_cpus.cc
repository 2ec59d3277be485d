#include "bridge/base/usable_cpus.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

// Path of this process's group below the root, "" for the root itself. Lines of
// cgroup v1 have a number other than 0.
std::string GroupOf(const std::string& membership) {
  std::ifstream in(membership);
  for (std::string line; std::getline(in, line);) {
    absl::string_view path = line;
    if (absl::ConsumePrefix(&path, "0::")) {
      return std::string(absl::StripSuffix(path, "/"));
    }
  }
  return "";
}

// Limit of one group: the file holds a quota and a period in microseconds, or
// "max" for no quota. 0 means no limit.
int64_t LimitOf(const std::string& group) {
  std::ifstream in(absl::StrCat(group, "/cpu.max"));
  std::string quota_text;
  int64_t period = 0;
  int64_t quota = 0;
  if (!(in >> quota_text >> period) || period <= 0 ||
      !absl::SimpleAtoi(quota_text, &quota) || quota <= 0) {
    return 0;
  }
  return (quota - 1) / period + 1;
}

// Processors that this thread may run on. std::thread::hardware_concurrency()
// counts those of the machine.
int AllowedCpus() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    return CPU_COUNT(&allowed);
  }
  // The machine has more than fit into the set.
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int CgroupCpuLimit(const CgroupFiles& files) {
  int64_t least = 0;
  for (std::string path = GroupOf(files.membership);;
       path.resize(path.rfind('/'))) {
    const int64_t limit = LimitOf(absl::StrCat(files.root, path));
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
    if (path.find('/') == std::string::npos) break;
  }
  return static_cast<int>(std::min<int64_t>(least, 1 << 20));
}

int UsableCpus(const CgroupFiles& files) {
  const int allowed = std::max(1, AllowedCpus());
  const int limit = CgroupCpuLimit(files);
  return limit > 0 ? std::min(allowed, limit) : allowed;
}

}  // namespace sse_bridge
