#include "bridge/transcode/wire_slices.h"

#include <cstddef>
#include <string>

namespace sse_bridge {
namespace {

// A larger buffer is freed before the next message.
constexpr size_t kMaxKeptBytes = 1 << 20;

}  // namespace

absl::string_view Flatten(absl::Span<const absl::string_view> slices) {
  if (slices.empty()) return absl::string_view("", 0);
  if (slices.size() == 1) return slices[0];
  thread_local std::string gathered;
  if (gathered.capacity() > kMaxKeptBytes) std::string().swap(gathered);
  gathered.clear();
  for (const absl::string_view slice : slices) {
    gathered.append(slice.data(), slice.size());
  }
  return gathered;
}

}  // namespace sse_bridge
