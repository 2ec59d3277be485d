#include "bridge/transcode/query_params.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/scalar_text.h"

namespace sse_bridge {

namespace {

int HexDigit(char c) {
  if (absl::ascii_isdigit(c)) return c - '0';
  return absl::ascii_tolower(c) - 'a' + 10;
}

// The malformed escape, or empty when all are good and *out is set. In a form
// '+' is a space.
absl::string_view Decode(absl::string_view text, bool form, std::string* out) {
  out->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (form && text[i] == '+') {
      out->push_back(' ');
    } else if (text[i] != '%') {
      out->push_back(text[i]);
    } else if (text.size() - i < 3 || !absl::ascii_isxdigit(text[i + 1]) ||
               !absl::ascii_isxdigit(text[i + 2])) {
      return text.substr(i, 3);
    } else {
      out->push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 +
                                       HexDigit(text[i + 2])));
      i += 2;
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<QueryParam>> ParseQuery(
    absl::string_view raw_query) {
  std::vector<QueryParam> params;
  for (absl::string_view piece : absl::StrSplit(raw_query, '&')) {
    if (piece.empty()) continue;
    if (params.size() == kMaxQueryParameters) {
      return BadRequestError("", absl::StrCat("more than ", kMaxQueryParameters,
                                              " query parameters"));
    }
    const size_t equals = piece.find('=');
    const absl::string_view raw_name = piece.substr(0, equals);
    QueryParam param;
    absl::string_view bad = Decode(raw_name, /*form=*/true, &param.name);
    if (bad.empty() && equals != absl::string_view::npos) {
      bad = Decode(piece.substr(equals + 1), /*form=*/true, &param.value);
    }
    const auto error = [&](absl::string_view reason) {
      return BadRequestError(NameForMessage(raw_name), reason);
    };
    if (!bad.empty()) {
      return error(
          absl::StrCat("malformed percent escape ", QuoteForMessage(bad)));
    }
    if (param.name.empty()) {
      return BadRequestError("", "a query parameter has no name");
    }
    if (param.name.find('\0') != std::string::npos) {
      return error("a NUL in a parameter's name");
    }
    if (!IsValidUtf8(param.name)) {
      return error("a parameter's name is not valid UTF-8");
    }
    params.push_back(std::move(param));
  }
  return params;
}

absl::Status CheckPathEscapes(absl::string_view raw_path) {
  if (raw_path.find('%') == absl::string_view::npos) return absl::OkStatus();
  std::string decoded;
  const absl::string_view bad = Decode(raw_path, /*form=*/false, &decoded);
  const auto error = [&](absl::string_view reason) {
    return BadRequestError(
        "", absl::StrCat("path ", QuoteForMessage(raw_path), ": ", reason));
  };
  if (!bad.empty()) {
    return error(
        absl::StrCat("malformed percent escape ", QuoteForMessage(bad)));
  }
  if (decoded.find('\0') != std::string::npos) return error("a NUL");
  if (!IsValidUtf8(decoded)) return error("not valid UTF-8");
  return absl::OkStatus();
}

}  // namespace sse_bridge
