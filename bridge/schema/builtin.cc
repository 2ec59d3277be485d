#include "bridge/schema/builtin.h"

#include <string>

// Defined by the build target gen_descriptors.
extern "C" const char sse_bridge_builtin_descriptors[];
extern "C" const char sse_bridge_builtin_descriptors_end[];

namespace sse_bridge {

SchemaSource BuiltinSource() {
  return {"the built-in descriptor set",
          std::string(sse_bridge_builtin_descriptors,
                      sse_bridge_builtin_descriptors_end)};
}

}  // namespace sse_bridge
