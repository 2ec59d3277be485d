#ifndef SSE_BRIDGE_BRIDGE_BASE_READ_FILE_H_
#define SSE_BRIDGE_BRIDGE_BASE_READ_FILE_H_

#include <algorithm>
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
  constexpr size_t kChunk = size_t{64} << 10;
  std::ifstream file(path, std::ios::binary);
  const bool opened = file.is_open();
  std::string text;
  // So that a large file is not moved while it is read. A pipe has no size.
  file.seekg(0, std::ios::end);
  if (const std::streamoff size = file.tellg(); size > 0) {
    text.reserve(std::min(static_cast<size_t>(size), max_bytes) + kChunk + 1);
  }
  file.clear();
  file.seekg(0);
  file.clear();
  while (opened && file.good() && text.size() <= max_bytes) {
    const size_t had = text.size();
    text.resize(std::min(had + kChunk, max_bytes + 1));
    file.read(text.data() + had,
              static_cast<std::streamsize>(text.size() - had));
    text.resize(had + static_cast<size_t>(file.gcount()));
  }
  // A directory opens but cannot be read.
  if (!opened || file.bad()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  }
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than ", max_bytes, " bytes"));
  }
  return text;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_READ_FILE_H_
