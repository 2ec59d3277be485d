#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_RESERVED_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_RESERVED_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Whether a type or constant of a module cannot have this name: a word of
// JavaScript or TypeScript (ECMA-262, "Reserved Words"; TypeScript's type
// operators and built-in types), or a name that every generated index.d.ts
// exports itself.
bool IsReservedTopLevel(absl::string_view name);

// Whether every object inherits a member of this name, and TypeScript knows it.
bool IsInheritedMember(absl::string_view name);

// Whether a member of an object would change what JavaScript does with it: the
// inherited ones, `then` (await) and `toJSON` (JSON.stringify).
bool IsReservedMember(absl::string_view name);

// Whether a service cannot have this name as a member of the client, which has
// members of its own.
bool IsReservedService(absl::string_view name);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_RESERVED_H_
