#include "backends/event_log/cursor.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// Number of digits of the greatest id.
constexpr size_t kMaxDigits = 19;
// Maximum length of an invalid cursor in an error.
constexpr size_t kMaxNamed = 64;

}  // namespace

bool ParseCursor(absl::string_view cursor, int64_t* id) {
  *id = 0;
  if (cursor.empty()) return true;
  return cursor.size() <= kMaxDigits &&
         std::all_of(cursor.begin(), cursor.end(), absl::ascii_isdigit) &&
         (cursor[0] != '0' || cursor.size() == 1) &&
         absl::SimpleAtoi(cursor, id);
}

absl::Status UnknownCursor(absl::string_view cursor) {
  return absl::OutOfRangeError(absl::StrCat(
      "no such cursor: ", absl::CHexEscape(cursor.substr(0, kMaxNamed))));
}

absl::Status ExpiredCursor(absl::string_view cursor) {
  return absl::OutOfRangeError(
      absl::StrCat("events after ", cursor, " are no longer kept"));
}

}  // namespace sse_bridge
