#ifndef SSE_BRIDGE_BRIDGE_OPS_LOG_FORMAT_H_
#define SSE_BRIDGE_BRIDGE_OPS_LOG_FORMAT_H_

namespace sse_bridge {

// Makes the default logger write each message as one line. Control characters,
// which texts from clients and backends may contain, are escaped (\n, \x1b).
// Must be called once, before other threads log.
void UseOneLineLogFormat();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_LOG_FORMAT_H_
