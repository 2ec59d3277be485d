#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_PLUGIN_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_PLUGIN_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/schema/schema.h"

namespace sse_bridge {

// The parameters "name=value,name=value" that protoc passes to a plugin. Each
// value is taken once; values that are not taken are unknown options.
class PluginParameters {
 public:
  explicit PluginParameters(const std::string& text);

  // Returns the value, or `fallback`; "true" for a name without a value.
  std::string Take(const std::string& name, const std::string& fallback = "");

  // Returns OK if all values were taken.
  absl::Status CheckAllTaken() const;

 private:
  std::map<std::string, std::string> values_;
};

// Creates files (path -> text) from the schema that protoc was given. The
// schema is loaded as in the bridge, so protoc reports what the bridge would
// reject.
using Emitter =
    std::function<absl::StatusOr<std::map<std::string, std::string>>(
        const Schema& schema, PluginParameters* parameters)>;

// Implements main() of a protoc plugin. Serves the services in the files on
// protoc's command line; `default_routes` also serves methods without a route,
// and `service_config=FILE` names a ServiceConfig.
int RunPlugin(int argc, char** argv, const Emitter& emit);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_PLUGIN_H_
