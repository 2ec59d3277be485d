// Configuration files: whatever they hold, there is an error with the file's
// name, or a configuration that can be written and read again.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/config/config_file.h"
#include "bridge/config/config_text.h"
#include "bridge/config/setting_value.h"

namespace {

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sse_bridge;
  LoadedConfig first;
  SetDefaults(BridgeSettings(), &first.config);
  const absl::Status status = ReadConfigText(
      "f", absl::string_view(reinterpret_cast<const char*>(data), size),
      BridgeSettings(), &first.config, &first.origins);
  if (!status.ok()) {
    Require(status.message().substr(0, 2) == "f:");
    return 0;
  }
  bridge::v1::Config again;
  Origins origins;
  const absl::Status reread = ReadConfigText(
      "g", EffectiveFile(first), BridgeSettings(), &again, &origins);
  Require(reread.ok());
  return 0;
}
