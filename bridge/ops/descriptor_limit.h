#ifndef SSE_BRIDGE_BRIDGE_OPS_DESCRIPTOR_LIMIT_H_
#define SSE_BRIDGE_BRIDGE_OPS_DESCRIPTOR_LIMIT_H_

#include <cstddef>

namespace sse_bridge {

// Descriptors that are not browsers: upstream connections, event loops, files.
inline constexpr size_t kReservedDescriptors = 256;

// How many of `limit` descriptors streams may have: all but those above, or but
// half where there are few.
size_t StreamDescriptors(size_t limit);

// Connections to the public listener have the descriptors below this one; those
// from it on are left to the admin listener, backends and files. Streams may
// have fewer, so that where they are at their limit others are told so.
size_t ConnectionDescriptors(size_t limit);

// Raises the soft limit of open descriptors to the hard limit, which is not
// ours to raise. Returns the limit that holds now.
size_t RaiseDescriptorLimit();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_DESCRIPTOR_LIMIT_H_
