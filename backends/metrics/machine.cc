#include "backends/metrics/machine.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace sse_bridge {

double Machine::CpuUsage() {
  // user nice system idle iowait irq softirq steal (proc(5))
  std::ifstream stat("/proc/stat");
  std::string label;
  stat >> label;
  int64_t total = 0, idle = 0, value = 0;
  for (int column = 0; column < 8 && stat >> value; ++column) {
    total += value;
    if (column == 3 || column == 4) idle += value;
  }
  const int64_t busy = total - idle;
  const int64_t passed = total - total_;
  const double usage = passed <= 0 ? 0
                                   : static_cast<double>(busy - busy_) /
                                         static_cast<double>(passed);
  busy_ = busy;
  total_ = total;
  return std::clamp(usage, 0.0, 1.0);
}

double Machine::MemoryUsage() const {
  std::ifstream info("/proc/meminfo");
  std::string name, unit;
  double value = 0, total = 0, available = 0;
  while (info >> name >> value) {
    std::getline(info, unit);
    if (name == "MemTotal:") total = value;
    if (name == "MemAvailable:") available = value;
  }
  return total <= 0 ? 0 : std::clamp(1 - available / total, 0.0, 1.0);
}

}  // namespace sse_bridge
