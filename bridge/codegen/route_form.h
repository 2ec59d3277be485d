#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_ROUTE_FORM_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_ROUTE_FORM_H_

#include <optional>
#include <string>
#include <vector>

#include "bridge/schema/method.h"
#include "bridge/schema/path_template.h"

namespace sse_bridge {

// A route's path template, cut where the generators need it.
struct PathPiece {
  enum class Kind {
    kLiteral,   // `text`, percent-encoded, with its slashes
    kSegment,   // a "*"
    kSegments,  // a "**"
  };
  Kind kind = Kind::kLiteral;
  std::string text;

  // Which of the route's path_fields it is part of; -1: of none.
  int variable = -1;
};

// "/v1/{name=shelves/*}:read" is "/v1/" "shelves/" "*" ":read", the two in the
// middle being of the variable.
std::vector<PathPiece> PiecesOf(const Route& route);

// The names that the events of a stream can have. Nullopt: any.
std::optional<std::vector<std::string>> EventNames(const Method& method);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_ROUTE_FORM_H_
