// Descriptor sets in JSON and text form: whatever they hold, there is an error,
// or a binary set that can be loaded or not.

#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/schema/schema.h"
#include "bridge/schema/schema_image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  // Binary sets are passed on as they are (descriptor_set_fuzz).
  if (text.empty() || (text[0] != '{' && text[0] != 'f')) text.insert(0, "{");
  const auto image = sse_bridge::ReadSchemaImage("f", text);
  if (!image.ok() || *image == text) return 0;
  const auto schema = sse_bridge::Schema::Load({{"f", *image}});
  return 0;
}
