#include "bridge/transcode/query_params.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/percent_decode.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/scalar_text.h"

namespace sse_bridge {

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
    absl::string_view bad =
        PercentDecode(raw_name, &param.name, PlusMeans::kSpace);
    if (bad.empty() && equals != absl::string_view::npos) {
      bad = PercentDecode(piece.substr(equals + 1), &param.value,
                          PlusMeans::kSpace);
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
      return error("a parameter's name contains NUL");
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
  const absl::string_view bad = PercentDecode(raw_path, &decoded);
  const auto error = [&](absl::string_view reason) {
    return BadRequestError(
        "", absl::StrCat("path ", QuoteForMessage(raw_path), ": ", reason));
  };
  if (!bad.empty()) {
    return error(
        absl::StrCat("malformed percent escape ", QuoteForMessage(bad)));
  }
  if (decoded.find('\0') != std::string::npos) return error("contains NUL");
  if (!IsValidUtf8(decoded)) return error("not valid UTF-8");
  return absl::OkStatus();
}

}  // namespace sse_bridge
