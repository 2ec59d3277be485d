#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_TRANSCODE_TOOL_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_TRANSCODE_TOOL_H_

#include <google/protobuf/descriptor.h>

#include <istream>
#include <ostream>

#include "bridge/transcode/json_options.h"

namespace sse_bridge {

// Reads lines `FULL.TYPE.NAME BASE64` to the end of `in` and answers each, in
// order and flushed, with `OK JSON` or `ERR REASON`. An empty message has
// nothing (or nothing but the space) after its name.
//
// With `fast_only`, `ERR not on the fast path` where JsonEncoder would take its
// slower way. `pool` must outlive the call. Returns the exit status of a
// program: 0, or 1 if `out` failed.
int RunTranscodeTool(const google::protobuf::DescriptorPool* pool,
                     JsonOptions options, bool fast_only, std::istream& in,
                     std::ostream& out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_TRANSCODE_TOOL_H_
