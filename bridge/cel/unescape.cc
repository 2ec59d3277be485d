#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/lexer.h"

namespace sse_bridge::cel {

namespace {

// The character that a simple escape stands for, or 0.
char SimpleEscape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '?':
    case '"':
    case '\'':
    case '`':
      return c;
    default:
      return 0;
  }
}

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (!absl::ascii_isxdigit(c)) return 16;
  return absl::ascii_tolower(c) - 'a' + 10;
}

}  // namespace

absl::StatusOr<std::string> Unescape(absl::string_view content, bool bytes) {
  std::string out;
  out.reserve(content.size());
  for (size_t i = 0; i < content.size();) {
    if (content[i] != '\\') {
      out.push_back(content[i++]);
      continue;
    }
    if (++i == content.size()) {
      return absl::InvalidArgumentError("a backslash at the end");
    }
    const char kind = content[i];
    if (const char simple = SimpleEscape(kind); simple != 0) {
      out.push_back(simple);
      ++i;
      continue;
    }
    size_t digits = 0;
    int base = 16;
    if (kind == 'x' || kind == 'X') {
      digits = 2;
      ++i;
    } else if ((kind == 'u' || kind == 'U') && !bytes) {
      digits = kind == 'u' ? 4 : 8;
      ++i;
    } else if (kind >= '0' && kind <= '3') {
      digits = 3;
      base = 8;
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "there is no escape \\", FirstCharacter(content.substr(i))));
    }
    if (content.size() - i < digits) {
      return absl::InvalidArgumentError("an escape that is too short");
    }
    uint64_t code = 0;
    for (const size_t end = i + digits; i < end; ++i) {
      const int digit = DigitValue(content[i]);
      if (digit >= base) {
        return absl::InvalidArgumentError("a bad digit in an escape");
      }
      code = code * base + digit;
    }
    if (bytes) {
      out.push_back(static_cast<char>(code));
    } else if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      return absl::InvalidArgumentError("an escape of no code point");
    } else {
      AppendUtf8(static_cast<char32_t>(code), &out);
    }
  }
  return out;
}

}  // namespace sse_bridge::cel
