#ifndef SSE_BRIDGE_BRIDGE_CEL_AST_H_
#define SSE_BRIDGE_BRIDGE_CEL_AST_H_

#include <memory>
#include <string>
#include <vector>

#include "bridge/cel/value.h"
#include "google/protobuf/descriptor.h"

namespace re2 {
class RE2;
}

namespace sse_bridge::cel {

struct Overload;
struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// Bounds of an expression. Text is in bytes; depth is that of the tree, which
// also bounds the stack of everything that walks it.
constexpr size_t kMaxText = 64 * 1024;
constexpr int kMaxDepth = 200;
constexpr int kMaxNodes = 20'000;

// A node of an expression. The parser makes it; the checker resolves names and
// fills in what is said to be resolved.
struct Expr {
  enum class Kind {
    kLiteral,   // value
    kName,      // name, until it is resolved; then an error when evaluated
    kVariable,  // resolved: slot
    kLocal,     // resolved: slot, a variable of a macro
    kSelect,    // args[0], name: a field or key; `presence` for has()
    kIndex,     // args[0][args[1]]
    kAnd,       // all of args, two or more
    kOr,
    kConditional,  // args[0] ? args[1] : args[2]
    kEqual,        // args[0] == args[1]
    kNotEqual,
    kCompare,  // args[0] < args[1], with `name` "<", "<=", ">" or ">="
    kIn,
    kCall,     // name(args), or args[0].name(...) if `receiver`
    kList,     // args
    kMap,      // args: keys and values in turn
    kMessage,  // name; names of fields; args: their values
    kMacro,    // args[0].macro(name, args[1] [, args[2]])
  };
  enum class Macro { kAll, kExists, kExistsOne, kMap, kFilter };

  Kind kind = Kind::kLiteral;
  int position = 0;  // byte in the text
  int height = 1;    // of the tree below
  std::string name;
  std::vector<ExprPtr> args;
  Value value;
  bool absolute = false;  // kName, kMessage: written with a leading dot
  bool presence = false;
  bool receiver = false;
  Macro macro = Macro::kAll;
  std::vector<std::string> fields;

  // Resolved.
  int slot = -1;
  const google::protobuf::Descriptor* message = nullptr;  // kMessage
  std::vector<const Overload*> overloads;                 // kCall
  std::shared_ptr<const re2::RE2> pattern;  // of matches(), if it is a literal
};

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_AST_H_
