#ifndef SSE_BRIDGE_BRIDGE_BASE_STABLE_HASH_H_
#define SSE_BRIDGE_BRIDGE_BASE_STABLE_HASH_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// A 64-bit hash that is the same in every process and version (FNV-1a with a
// final mix), for values that travel between bridges. Not cryptographic:
// collisions are easy to construct.
class StableHash {
 public:
  // The boundaries of texts matter: ("ab", "c") differs from ("a", "bc").
  StableHash& Add(absl::string_view text) {
    for (size_t size = text.size(), i = 0; i < sizeof size; ++i, size >>= 8) {
      AddByte(static_cast<unsigned char>(size));
    }
    for (unsigned char c : text) AddByte(c);
    return *this;
  }

  uint64_t value() const {
    uint64_t h = state_;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
  }

 private:
  void AddByte(unsigned char c) { state_ = (state_ ^ c) * 0x100000001b3u; }

  uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_STABLE_HASH_H_
