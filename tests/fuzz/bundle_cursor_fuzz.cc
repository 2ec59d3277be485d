// The composite Last-Event-ID of `/events`, which any client may send.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/feed/bundle_rewriter.h"
#include "bridge/transcode/sse_format.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sse_bridge::BundleCursor;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cursors = BundleCursor::Parse(text);
  std::string written;
  for (const auto& [name, id] : cursors) {
    BundleCursor::AppendTo(name, id, &written);
  }
  // What is written is one line, and is read as it was meant.
  Require(sse_bridge::IsOneLine(written));
  if (written.size() > BundleCursor::kMaxBytes) return 0;
  Require(BundleCursor::Parse(written) == cursors);
  return 0;
}
