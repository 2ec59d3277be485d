#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_TRANSCODE_TOOL_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_TRANSCODE_TOOL_H_

#include <google/protobuf/descriptor.h>

#include <istream>
#include <ostream>

#include "bridge/transcode/json_options.h"

namespace sse_bridge {

// Reads lines `FULL.TYPE.NAME BASE64` until the end of `in`. Answers each, in
// order and flushed, with `OK JSON` or `ERR REASON`. An empty message has an
// empty BASE64; the space is then optional.
//
// With `fast_only`, the answer is `ERR not on the fast path` if JsonEncoder
// would take its slower path. `pool` must outlive the call. Returns the exit
// status of the program: 0, or 1 if writing to `out` failed.
int RunTranscodeTool(const google::protobuf::DescriptorPool* pool,
                     JsonOptions options, bool fast_only, std::istream& in,
                     std::ostream& out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_TRANSCODE_TOOL_H_
