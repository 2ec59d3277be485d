#include "bridge/feed/bundle_cursor.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "bridge/base/percent_decode.h"

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

}  // namespace

std::optional<absl::flat_hash_map<std::string, std::string>>
BundleCursor::Parse(absl::string_view text) {
  if (text.size() > kMaxBytes) return std::nullopt;
  absl::flat_hash_map<std::string, std::string> ids;
  for (absl::string_view part : absl::StrSplit(text, '&')) {
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos) return std::nullopt;
    std::string name, id;
    if (!PercentDecode(part.substr(0, equals), &name).empty() ||
        !PercentDecode(part.substr(equals + 1), &id).empty() || id.empty()) {
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
