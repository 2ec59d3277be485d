#include "bridge/http/request_origin.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kOrigin = "Origin";

// Removes the first line. Returns false if no line is complete.
bool TakeLine(absl::string_view* bytes, absl::string_view* line) {
  const size_t end = bytes->find('\n');
  if (end == absl::string_view::npos) return false;
  *line = bytes->substr(0, end);
  if (!line->empty() && line->back() == '\r') line->remove_suffix(1);
  bytes->remove_prefix(end + 1);
  return true;
}

// Empty lines before the request line do not end the head.
void SkipEmptyLines(absl::string_view* bytes) {
  while (!bytes->empty() &&
         (bytes->front() == '\r' || bytes->front() == '\n')) {
    bytes->remove_prefix(1);
  }
}

}  // namespace

absl::string_view OriginOf(const HttpHeaders& request) {
  absl::string_view origin;
  for (const auto& [name, value] : request) {
    if (!absl::EqualsIgnoreCase(name, kOrigin)) continue;
    if (!origin.empty()) return "";
    origin = value;
  }
  return origin;
}

absl::string_view OriginIn(absl::string_view bytes) {
  SkipEmptyLines(&bytes);
  absl::string_view origin, line;
  while (TakeLine(&bytes, &line) && !line.empty()) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos ||
        !absl::EqualsIgnoreCase(line.substr(0, colon), kOrigin)) {
      continue;
    }
    if (!origin.empty()) return "";
    origin = absl::StripAsciiWhitespace(line.substr(colon + 1));
  }
  return origin;
}

bool HasWholeHead(absl::string_view bytes) {
  SkipEmptyLines(&bytes);
  absl::string_view line;
  while (TakeLine(&bytes, &line)) {
    if (line.empty()) return true;
  }
  return false;
}

}  // namespace sse_bridge
