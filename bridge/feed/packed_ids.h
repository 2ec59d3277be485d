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

// Many ids as one short text, for they travel with every event: most ids of one
// backend look alike ("1764177600123-0", "1764177600098-2"), so what they have
// in common is written once, and their numbers as so many bits as the distance
// from the smallest needs. Ids that look otherwise are written as they are.

// More are not packed.
inline constexpr size_t kMaxPackedIds = 4096;

// An id on its way to being packed: its text without its numbers, and these.
struct SplitId {
  std::string shape;  // a NUL for each number; empty: there is no id
  std::vector<uint64_t> numbers;
};
SplitId Split(absl::string_view id);

// The bytes of the ids.
std::string PackIds(absl::Span<const SplitId> ids);

// `count` ids; nullopt for what PackIds never made of so many.
std::optional<std::vector<std::string>> UnpackIds(absl::string_view bytes,
                                                  size_t count);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_PACKED_IDS_H_
