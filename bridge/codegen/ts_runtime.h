#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_RUNTIME_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_RUNTIME_H_

#include <map>
#include <string>

namespace sse_bridge {

// The files of ts_runtime/ by name, embedded at build time.
const std::map<std::string, std::string>& TsRuntime();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_RUNTIME_H_
