#ifndef SSE_BRIDGE_BRIDGE_BASE_READ_FILE_H_
#define SSE_BRIDGE_BRIDGE_BASE_READ_FILE_H_

#include <cstddef>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

// Returns the contents of a file, which may be a pipe. Errors name the file:
// NotFound if it cannot be read, InvalidArgument if it is larger than
// `max_bytes`.
inline absl::StatusOr<std::string> ReadFile(const std::string& path,
                                            size_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string text(max_bytes + 1, '\0');
  // A directory opens but cannot be read.
  if (!file ||
      (file.read(text.data(), static_cast<std::streamsize>(text.size())),
       file.bad())) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than ", max_bytes, " bytes"));
  }
  return text;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_READ_FILE_H_
