#ifndef SSE_BRIDGE_BRIDGE_OPS_DESCRIPTOR_LIMIT_H_
#define SSE_BRIDGE_BRIDGE_OPS_DESCRIPTOR_LIMIT_H_

#include <cstddef>

namespace sse_bridge {

// Descriptors reserved for upstream connections, event loops and files.
inline constexpr size_t kReservedDescriptors = 256;

// Number of streams allowed with `limit` descriptors: all but the reserved
// ones, but at least half of them.
size_t StreamDescriptors(size_t limit);

// Connections to the public listener may use the descriptors below this number.
// The others are left to the admin listener, backends and files. The limit of
// streams is lower, so that beyond it requests can still be accepted and
// refused with an error.
size_t ConnectionDescriptors(size_t limit);

// Raises the soft limit of open descriptors to the hard limit. Returns the
// limit that is in force afterwards.
size_t RaiseDescriptorLimit();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_DESCRIPTOR_LIMIT_H_
