#include "bridge/access/secret_text.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

// Includes UTF-16 text.
constexpr absl::string_view kByteOrderMarks[] = {"\xef\xbb\xbf", "\xff\xfe",
                                                 "\xfe\xff"};

// Returns whether the text looks like a publicly known key, ignoring NUL bytes,
// case, and the dashes of PEM.
bool LooksLikeKey(absl::string_view text) {
  std::string plain;
  for (char c : text) {
    if (c != '\0') plain.push_back(absl::ascii_toupper(c));
  }
  const absl::string_view start = absl::StripLeadingAsciiWhitespace(plain);
  return (absl::StrContains(plain, "BEGIN") &&
          (absl::StrContains(plain, " KEY") ||
           absl::StrContains(plain, "CERTIFICATE"))) ||
         absl::StartsWith(start, "{") || absl::StrContains(plain, "\"KTY\"");
}

bool IsText(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_isprint(byte) || absl::ascii_isspace(byte);
  });
}

}  // namespace

absl::StatusOr<std::string> SecretOf(absl::string_view text) {
  absl::ConsumeSuffix(&text, "\n");
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  for (absl::string_view mark : kByteOrderMarks) {
    if (absl::StartsWith(text, mark)) {
      return absl::InvalidArgumentError("begins with a byte order mark");
    }
  }
  if (LooksLikeKey(text)) {
    return absl::InvalidArgumentError(
        "looks like a key or JSON in an unsupported encoding, not like a "
        "secret");
  }
  if (IsText(text) && absl::StripAsciiWhitespace(text) != text) {
    return absl::InvalidArgumentError(
        "begins or ends with a blank, a tab or a line end (CR LF?)");
  }
  return std::string(text);
}

}  // namespace sse_bridge
