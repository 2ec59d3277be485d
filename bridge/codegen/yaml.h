#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_YAML_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_YAML_H_

#include <nlohmann/json.hpp>
#include <string>

namespace sse_bridge {

// The same document in YAML 1.2, to be read by people: strings are quoted only
// where they must be, and texts of several lines are literal blocks.
std::string ToYaml(const nlohmann::ordered_json& json);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_YAML_H_
