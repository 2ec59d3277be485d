#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_TEXT_IMAGE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_TEXT_IMAGE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace sse_bridge {

// Maximum size of a descriptor set in JSON or text form, in bytes. Reading one
// takes many times its size.
inline constexpr size_t kMaxTextImageBytes = size_t{64} << 20;

// Converts a descriptor set in JSON or in protobuf's text form to binary. Reads
// it twice: the first time for the extensions that it declares, and the second
// time with the options that are such extensions or belong to the contracts.
// Nothing is left out: an unknown field or option is an error. Errors are
// kInvalidArgument and begin with `name`, the name of the file.
absl::StatusOr<std::string> ReadJsonImage(const std::string& name,
                                          const std::string& text);
absl::StatusOr<std::string> ReadTextImage(const std::string& name,
                                          const std::string& text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_TEXT_IMAGE_H_
