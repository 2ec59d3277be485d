// Service configurations: whatever they hold, there is an error with the file's
// name, or rules that the built-in schema takes or refuses.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "bridge/schema/builtin.h"
#include "bridge/schema/schema.h"
#include "bridge/schema/service_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sse_bridge;
  const auto config = ServiceConfig::Parse(
      "f", absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!config.ok()) {
    if (config.status().message().substr(0, 2) != "f:") __builtin_trap();
    return 0;
  }
  LoadOptions options;
  options.service_configs = {*config};
  const auto schema = Schema::Load({BuiltinSource()}, options);
  return 0;
}
