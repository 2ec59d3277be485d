#include "tests/bench/process_usage.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace sse_bridge::bench {

ProcessUsage UsageOf(const std::vector<int>& pids) {
  ProcessUsage usage;
  for (const int pid : pids) {
    const std::string directory = "/proc/" + std::to_string(pid);
    std::string line;
    std::ifstream stat(directory + "/stat");
    std::getline(stat, line);
    // The name may hold blanks; behind it stands the third field.
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) continue;
    std::istringstream fields(line.substr(name_end + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    usage.cpu_seconds +=
        (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    std::ifstream memory(directory + "/statm");
    int64_t total = 0, resident = 0;
    memory >> total >> resident;
    usage.resident_bytes += resident * sysconf(_SC_PAGESIZE);
  }
  return usage;
}

}  // namespace sse_bridge::bench
