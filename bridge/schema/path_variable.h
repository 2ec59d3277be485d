#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_PATH_VARIABLE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_PATH_VARIABLE_H_

#include <string>

namespace sse_bridge {

// The value of a path template's variable in one request.
struct PathVariable {
  std::string field_path;  // as in the template: "book.name"
  std::string value;       // percent-decoded

  bool operator==(const PathVariable&) const = default;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_PATH_VARIABLE_H_
