#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_IMAGE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_IMAGE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace sse_bridge {

// Maximum size of all descriptor sets together, uncompressed, in bytes.
inline constexpr size_t kMaxSetBytes = size_t{256} << 20;

// Returns the binary descriptor set in the content of a file, which may be in
// binary, JSON or text form, and compressed with gzip (one member, RFC 1952).
// Recognizes the content, whatever the file is called. Errors are
// kInvalidArgument and name the file: damaged or too large, or a set in JSON or
// text form with something that cannot be read without loss.
absl::StatusOr<std::string> ReadSchemaImage(const std::string& name,
                                            std::string content);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_IMAGE_H_
