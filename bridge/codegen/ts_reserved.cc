#include "bridge/codegen/ts_reserved.h"

#include <algorithm>
#include <iterator>

namespace sse_bridge {

namespace {

constexpr absl::string_view kReservedWords[] = {
    // Of JavaScript, also in strict mode and modules.
    "arguments", "await", "break", "case", "catch", "class", "const",
    "continue", "debugger", "default", "delete", "do", "else", "enum", "eval",
    "export", "extends", "false", "finally", "for", "function", "if",
    "implements", "import", "in", "instanceof", "interface", "let", "new",
    "null", "package", "private", "protected", "public", "return", "static",
    "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void",
    "while", "with", "yield",
    // Global constants.
    "Infinity", "NaN", "undefined", "globalThis",
    // Of TypeScript.
    "abstract", "accessor", "any", "as", "asserts", "async", "bigint",
    "boolean", "constructor", "declare", "from", "get", "global", "infer",
    "intrinsic", "is", "keyof", "module", "namespace", "never", "number",
    "object", "of", "out", "override", "readonly", "require", "satisfies",
    "set", "string", "symbol", "type", "unique", "unknown", "using",
    // CommonJS, which tools convert modules to.
    "__dirname", "__esModule", "__filename", "exports"};

// What index.d.ts exports beside the services and messages.
constexpr absl::string_view kExports[] = {"BridgeError",   "BridgeEventSource",
                                          "BridgeRequest", "BridgeResponse",
                                          "CallOptions",   "CallPromise",
                                          "CallResult",    "Client",
                                          "ClientOptions", "Code",
                                          "ErrorDetails",  "EventSourceOptions",
                                          "EventStream",   "Interceptor",
                                          "Kept",          "ReconnectPolicy",
                                          "Reset",         "ResponseMeta",
                                          "RetryPolicy",   "Services",
                                          "SharedOptions", "StateReason",
                                          "StoreOptions",  "StreamEvent",
                                          "StreamOptions", "StreamSnapshot",
                                          "StreamState",   "StreamStore",
                                          "createClient",  "eventSource",
                                          "retry"};

// Of Object.prototype, as lib.es5.d.ts declares it.
constexpr absl::string_view kInherited[] = {
    "constructor",    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable",
    "toLocaleString", "toString",       "valueOf"};

// The others that objects inherit, and those that JavaScript looks for.
constexpr absl::string_view kSpecial[] = {"__defineGetter__",
                                          "__defineSetter__",
                                          "__lookupGetter__",
                                          "__lookupSetter__",
                                          "__proto__",
                                          "then",
                                          "toJSON"};

// Members of the client that are no service.
constexpr absl::string_view kClientMembers[] = {"close", "shared"};

template <typename Names>
bool Has(const Names& names, absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

bool IsReservedTopLevel(absl::string_view name) {
  return Has(kReservedWords, name) || Has(kExports, name);
}

bool IsInheritedMember(absl::string_view name) { return Has(kInherited, name); }

bool IsReservedMember(absl::string_view name) {
  return IsInheritedMember(name) || Has(kSpecial, name);
}

bool IsReservedService(absl::string_view name) {
  return IsReservedMember(name) || Has(kClientMembers, name);
}

}  // namespace sse_bridge
