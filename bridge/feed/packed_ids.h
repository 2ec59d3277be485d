#ifndef SSE_BRIDGE_BRIDGE_FEED_PACKED_IDS_H_
#define SSE_BRIDGE_BRIDGE_FEED_PACKED_IDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// Packs many ids into a short text, because they are sent with every event. Ids
// of one backend usually look alike ("1764177600123-0", "1764177600098-2"), so
// their common part is stored once, and each number as its distance from the
// smallest, in as few bits as necessary. Ids that look different are stored
// unchanged.

// Lists longer than this are not packed.
inline constexpr size_t kMaxPackedIds = 4096;

// An id prepared for packing: its text without numbers, and the numbers.
struct SplitId {
  std::string shape;  // has a NUL per number; empty if there is no id
  std::vector<uint64_t> numbers;
};
SplitId Split(absl::string_view id);

// Returns the packed bytes.
std::string PackIds(absl::Span<const SplitId> ids);

// Returns `count` ids; nullopt if PackIds cannot have produced `bytes`.
std::optional<std::vector<std::string>> UnpackIds(absl::string_view bytes,
                                                  size_t count);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_PACKED_IDS_H_
