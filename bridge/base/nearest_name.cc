#include "bridge/base/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"

namespace sse_bridge {
namespace {

// Maximum edit distance between a name and its suggested correction.
constexpr size_t kMaxTypos = 3;

// Bounds the quadratic search.
constexpr size_t kMaxBytes = 64;

// A shorter beginning names nothing in particular.
constexpr size_t kMinPrefixBytes = 3;

std::string Folded(absl::string_view name) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"-", "_"}}));
}

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t k = 1; k <= b.size(); ++k) {
      const size_t changed = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({changed, row[k] + 1, row[k - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string NearestName(absl::string_view misspelled,
                        absl::Span<const std::string> names) {
  if (misspelled.size() > kMaxBytes) return "";
  const std::string wanted = Folded(misspelled);
  std::string nearest;
  size_t least = std::min(kMaxTypos, wanted.size() / 2) + 1;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(wanted, Folded(name));
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  if (!nearest.empty() || wanted.size() < kMinPrefixBytes) return nearest;
  for (const std::string& name : names) {
    if (!absl::StartsWith(Folded(name), wanted)) continue;
    if (nearest.empty() || name.size() < nearest.size()) nearest = name;
  }
  return nearest;
}

}  // namespace sse_bridge
