#include "tests/simulation/trace.h"

#include <cstdio>

namespace sse_bridge {

void Trace::Write(const std::string& line) {
  const int64_t nanos = network_->clock()->MonotonicNanos() - start_;
  // FNV-1a, of the time too.
  const auto add = [this](const char* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      hash_ = (hash_ ^ static_cast<unsigned char>(bytes[i])) * 1099511628211u;
    }
  };
  add(reinterpret_cast<const char*>(&nanos), sizeof nanos);
  add(line.data(), line.size());
  if (prints_) {
    std::printf("%10.6f  %s\n", static_cast<double>(nanos) / 1e9, line.c_str());
  }
}

}  // namespace sse_bridge
