#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_CLIENT_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_CLIENT_H_

#include <map>
#include <string>

#include "bridge/codegen/ts_package.h"
#include "bridge/schema/schema.h"

namespace sse_bridge {

// Creates an npm package (ESM with types, no build step) that calls a schema's
// methods. Maps paths within the package to text:
//
//   package.json, README.md
//   index.js, index.d.ts   a class per service, and the client that has them
//   messages.js, .d.ts     a type per message, as it looks in JSON; descriptors
//                          and the values of enums
//   runtime/               the same for all packages: ts_runtime/, and the
//                          parser of events
//
// It needs no other package.
std::map<std::string, std::string> MakeTsPackage(
    const Schema& schema, const TsPackageOptions& options);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_CLIENT_H_
