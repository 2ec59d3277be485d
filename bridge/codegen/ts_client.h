#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_CLIENT_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_CLIENT_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/schema/schema.h"

namespace sse_bridge {

struct TsPackageOptions {
  // Of the npm package. Empty: made of the proto package's name.
  std::string name;
  std::string version = "0.1.0";
};

// An npm package (ESM, with types, ready to be used) that calls a schema's
// methods: path within the package -> text.
//
//   package.json, README.md
//   index.js, index.d.ts   a class per service, and the client that has them
//   messages.d.ts          an interface per message, as it looks in JSON
//   runtime/               the same for all packages: ts_runtime/
std::map<std::string, std::string> MakeTsPackage(
    const Schema& schema, const TsPackageOptions& options);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_CLIENT_H_
