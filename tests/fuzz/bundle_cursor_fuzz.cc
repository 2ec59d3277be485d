// The composite Last-Event-IDs of `/events` and of streams that are shared by
// element, which any client may send.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/bundle_cursor.h"
#include "bridge/feed/composite_cursor.h"
#include "bridge/feed/packed_ids.h"
#include "bridge/transcode/sse_format.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sse_bridge::BundleCursor;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> keys = {"a", "b", "c"};
  sse_bridge::CompositeCursor::Read(text, keys);
  // What is unpacked is packed and unpacked again as it was.
  const auto ids = sse_bridge::UnpackIds(text, keys.size());
  if (ids.has_value()) {
    std::vector<sse_bridge::SplitId> split;
    for (const std::string& id : *ids) split.push_back(sse_bridge::Split(id));
    const bool any_nul = text.find('\0') != absl::string_view::npos;
    const auto again =
        sse_bridge::UnpackIds(sse_bridge::PackIds(split), keys.size());
    // A NUL within a text stands for a number there.
    Require(again.has_value() && (any_nul || *again == *ids));
  }

  const auto cursors = BundleCursor::Parse(text);
  if (!cursors.has_value()) return 0;
  std::string written;
  for (const auto& [name, id] : *cursors) {
    BundleCursor::AppendTo(name, id, &written);
  }
  // What is written is one line, and is read as it was meant.
  Require(sse_bridge::IsOneLine(written));
  if (written.size() > BundleCursor::kMaxBytes) return 0;
  Require(BundleCursor::Parse(written) == cursors);
  return 0;
}
