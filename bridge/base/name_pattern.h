#ifndef SSE_BRIDGE_BRIDGE_BASE_NAME_PATTERN_H_
#define SSE_BRIDGE_BRIDGE_BASE_NAME_PATTERN_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Whether `name` is a pattern rather than a plain name.
inline bool IsNamePattern(absl::string_view name) {
  return name.find('*') != absl::string_view::npos;
}

// Whether `name` matches `pattern`, in which `*` stands for any number of
// characters. The comparison is case-sensitive; callers normalize the case.
inline bool MatchesPattern(absl::string_view pattern, absl::string_view name) {
  size_t p = 0, n = 0;
  size_t star = absl::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != absl::string_view::npos) {
      // Let the last star match one more character.
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_NAME_PATTERN_H_
