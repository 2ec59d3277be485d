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

// Event id of a stream that combines several upstream calls (share_by with
// id_from). It contains the position of each call, so that any bridge can
// resume the stream. It is sent with every event, in one of these forms:
//
//   KEY=ID&KEY=ID   (both percent-encoded) while that is short;
//   c1.HASH+BYTES   if it is longer: packed_ids.h, without the keys, which the
//                   returning request contains. The hash covers keys and
//                   bytes, so that truncated ids and ids of another request
//                   are detected;
//   kLostId         if even that would be too long to be sent back.
//
// Not thread-safe.
class CompositeCursor {
 public:
  // Longer ones are packed.
  static constexpr size_t kMaxPlainBytes = 256;

  // Duplicate keys are one call, the first.
  explicit CompositeCursor(std::vector<std::string> keys);

  // Returns the ids of the calls of `keys`, in their order; empty for a call
  // that has sent none. Returns nullopt if this is not an id of such a stream.
  static std::optional<std::vector<std::string>> Read(
      absl::string_view text, const std::vector<std::string>& keys);

  // Empty: this call has no position.
  void Set(size_t index, absl::string_view id);

  // Empty while no call has an id.
  std::string Text() const;

 private:
  const std::vector<std::string> keys_;
  std::vector<size_t> positions_;   // index of each key in the packed order
  std::vector<std::string> plain_;  // "KEY=ID", in the order of `keys`
  std::vector<SplitId> ids_;        // in the packed order
  size_t plain_bytes_ = 0;          // total size, including separators
  uint64_t keys_hash_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_COMPOSITE_CURSOR_H_
