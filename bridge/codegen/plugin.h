#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_PLUGIN_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_PLUGIN_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/schema/schema.h"

namespace sse_bridge {

// The "name=value,name=value" that protoc hands to a plugin. Each value is
// taken once; what nobody takes is an error of the user's.
class PluginParameters {
 public:
  explicit PluginParameters(const std::string& text);

  // The value, or `fallback`; "true" for a name without one.
  std::string Take(const std::string& name, const std::string& fallback = "");

  // Ok when all were taken.
  absl::Status CheckAllTaken() const;

 private:
  std::map<std::string, std::string> values_;
};

// Makes files (path -> text) of the schema that protoc was given. The schema
// is loaded as the bridge loads it, so what the bridge would refuse is an
// error of protoc's.
using Emitter =
    std::function<absl::StatusOr<std::map<std::string, std::string>>(
        const Schema& schema, PluginParameters* parameters)>;

// The whole of a protoc plugin's main(). Of the files on protoc's command line
// the services are served; `default_routes` serves methods without a route.
int RunPlugin(int argc, char** argv, const Emitter& emit);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_PLUGIN_H_
