#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_ROUTE_FORM_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_ROUTE_FORM_H_

#include <optional>
#include <string>
#include <vector>

#include "bridge/schema/method.h"
#include "bridge/schema/path_template.h"

namespace sse_bridge {

// A piece of a route's path template.
struct PathPiece {
  enum class Kind {
    kLiteral,   // `text`, percent-encoded, with its slashes
    kSegment,   // a "*"
    kSegments,  // a "**"
  };
  Kind kind = Kind::kLiteral;
  std::string text;

  // Index of the route's path_fields that it belongs to; -1 if none.
  int variable = -1;
};

// Splits "/v1/{name=shelves/*}:read" into "/v1/" "shelves/" "*" ":read", where
// the middle two belong to the variable.
std::vector<PathPiece> PiecesOf(const Route& route);

// Returns the possible event names of a stream; nullopt if any name is
// possible.
std::optional<std::vector<std::string>> EventNames(const Method& method);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_ROUTE_FORM_H_
