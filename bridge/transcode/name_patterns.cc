#include "bridge/transcode/name_patterns.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"

namespace sse_bridge {
namespace {

bool Matches(absl::string_view pattern, absl::string_view name) {
  size_t p = 0, n = 0;
  // The position after the last `*`, and the end of the shortest text that it
  // can match.
  size_t after_star = absl::string_view::npos, star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_end = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (after_star != absl::string_view::npos) {
      p = after_star;
      n = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

absl::StatusOr<NamePatterns> NamePatterns::Create(
    std::vector<std::string> patterns) {
  NamePatterns made;
  for (std::string& pattern : patterns) {
    if (pattern.empty()) {
      return absl::InvalidArgumentError("a name is empty");
    }
    if (absl::StrContains(pattern, '*')) {
      made.patterns_.push_back(std::move(pattern));
    } else {
      made.names_.insert(std::move(pattern));
    }
  }
  return made;
}

bool NamePatterns::Match(absl::string_view name) const {
  if (names_.contains(name)) return true;
  for (const std::string& pattern : patterns_) {
    if (Matches(pattern, name)) return true;
  }
  return false;
}

}  // namespace sse_bridge
