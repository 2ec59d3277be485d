#ifndef SSE_BRIDGE_BRIDGE_OPS_LOG_FORMAT_H_
#define SSE_BRIDGE_BRIDGE_OPS_LOG_FORMAT_H_

namespace sse_bridge {

// Makes the default logger write each message as one line: control characters,
// which texts of clients and backends may hold, are escaped (\n, \x1b). Call
// once, before other threads log.
void UseOneLineLogFormat();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_LOG_FORMAT_H_
