#ifndef SSE_BRIDGE_BRIDGE_FEED_COMPOSITE_CURSOR_H_
#define SSE_BRIDGE_BRIDGE_FEED_COMPOSITE_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/packed_ids.h"

namespace sse_bridge {

// The id of an event of a stream that several upstream calls make together
// (share_by with id_from): where each of them stands, so that any bridge can go
// on from it. As it is on every event,
//
//   KEY=ID&KEY=ID   is its form (both percent-encoded) while that is short;
//   c1.HASH+BYTES   is the form of a longer one: packed_ids.h without the keys,
//                   for the request that comes back names them. The hash is of
//                   keys and bytes, so what was cut or belongs to another
//                   request is noticed;
//   kLostId         says that even that would be too long to come back.
//
// Not thread-safe.
class CompositeCursor {
 public:
  // Longer ones are packed.
  static constexpr size_t kMaxPlainBytes = 256;

  // A key that is there twice is one call, the first.
  explicit CompositeCursor(std::vector<std::string> keys);

  // What stands for the calls of `keys` in the id of an event, in their order:
  // empty for one that has sent none. nullopt: it is no id of such a stream.
  static std::optional<std::vector<std::string>> Read(
      absl::string_view text, const std::vector<std::string>& keys);

  // Empty: this call stands nowhere.
  void Set(size_t index, absl::string_view id);

  // Empty while no call has an id.
  std::string Text() const;

 private:
  const std::vector<std::string> keys_;
  std::vector<size_t> place_;       // of each key in the packed order
  std::vector<std::string> plain_;  // "KEY=ID", in the order of `keys`
  std::vector<SplitId> ids_;        // in the packed order
  size_t plain_bytes_ = 0;          // of all, with their separators
  uint64_t keys_hash_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_COMPOSITE_CURSOR_H_
