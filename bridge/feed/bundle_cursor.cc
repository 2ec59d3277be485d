#include "bridge/feed/bundle_cursor.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {
namespace {

bool IsPlain(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '.' || c == '_' || c == ':';
}

void AppendEscaped(absl::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (IsPlain(c)) {
      out->push_back(c);
    } else {
      out->push_back('%');
      out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out->push_back(kHex[static_cast<unsigned char>(c) & 15]);
    }
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool Unescape(absl::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out->push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return true;
}

}  // namespace

std::optional<absl::flat_hash_map<std::string, std::string>>
BundleCursor::Parse(absl::string_view text) {
  if (text.size() > kMaxBytes) return std::nullopt;
  absl::flat_hash_map<std::string, std::string> ids;
  for (absl::string_view part : absl::StrSplit(text, '&')) {
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos) return std::nullopt;
    std::string name, id;
    if (!Unescape(part.substr(0, equals), &name) ||
        !Unescape(part.substr(equals + 1), &id) || id.empty()) {
      return std::nullopt;
    }
    ids.try_emplace(std::move(name), std::move(id));
  }
  return ids;
}

void BundleCursor::AppendTo(absl::string_view name, absl::string_view id,
                            std::string* out) {
  if (!out->empty()) out->push_back('&');
  AppendEscaped(name, out);
  out->push_back('=');
  AppendEscaped(id, out);
}

}  // namespace sse_bridge
