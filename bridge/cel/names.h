#ifndef SSE_BRIDGE_BRIDGE_CEL_NAMES_H_
#define SSE_BRIDGE_BRIDGE_CEL_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/type.h"
#include "bridge/cel/value.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge::cel {

// The names that a name in a package may stand for, the innermost first.
std::vector<std::string> CandidateNames(absl::string_view container,
                                        absl::string_view name, bool absolute);

// The name that a selection spells, and the expression of its first part; ""
// if it does not begin with a name.
std::string QualifiedName(const Expr& expr, const Expr** root);

// Finds a type or an enum's value by its full name.
bool FindConstant(const google::protobuf::DescriptorPool& pool,
                  const std::string& name, Value* constant);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_NAMES_H_
