#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_YAML_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_YAML_H_

#include <nlohmann/json.hpp>
#include <string>

namespace sse_bridge {

// Converts the document to readable YAML 1.2: strings are quoted only if
// necessary, and multi-line texts are literal blocks.
std::string ToYaml(const nlohmann::ordered_json& json);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_YAML_H_
