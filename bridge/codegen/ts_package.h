#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_PACKAGE_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_PACKAGE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

struct TsPackageOptions {
  // Name of the npm package. If empty, made from the proto package's name.
  std::string name = {};
  std::string version = "0.1.0";
  // An SPDX expression, or what npm calls code that nobody else may use.
  std::string license = "UNLICENSED";
};

// Returns kInvalidArgument, with the reason, if npm would not take the name or
// the version (semver), or if the license is not one line.
absl::Status CheckTsPackage(const TsPackageOptions& options);

// The npm name for a proto package: "realtime.v1" -> "realtime-v1-client".
std::string DefaultTsPackageName(absl::string_view proto_package);

// The package.json of a package with these files (path -> text). Each entry
// point of the runtime that is among them is exported under its name.
std::string TsPackageJson(const TsPackageOptions& options,
                          const std::map<std::string, std::string>& files);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_PACKAGE_H_
