#include "bridge/gateway/base_path.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/bad_request.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxBytes = 256;

bool IsSegment(absl::string_view segment) {
  if (segment.empty() || segment == "." || segment == "..") return false;
  return std::all_of(segment.begin(), segment.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' ||
           c == '~';
  });
}

// Removes the trailing slash. Returns nullopt if `path` is not a path.
std::optional<std::string> Normalized(absl::string_view path) {
  absl::ConsumeSuffix(&path, "/");
  if (path.empty()) return "";
  if (path.size() > kMaxBytes || path[0] != '/') return std::nullopt;
  for (absl::string_view segment : absl::StrSplit(path.substr(1), '/')) {
    if (!IsSegment(segment)) return std::nullopt;
  }
  return std::string(path);
}

}  // namespace

absl::StatusOr<BasePath> BasePath::Create(absl::string_view path) {
  auto normalized = Normalized(path);
  if (!normalized.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected a path like /realtime (letters, digits and -._~), not ",
        QuoteForMessage(path)));
  }
  return BasePath(*std::move(normalized));
}

bool BasePath::Enter(HttpExchange* exchange) const {
  return path_.empty() || exchange->EnterBasePath(path_);
}

void BasePath::Refuse(HttpExchange* exchange) const {
  exchange->Respond(
      ErrorResponse(404, "NOT_FOUND",
                    absl::StrCat("not found; the base path is ", path_, "/")));
}

bool BasePath::Redirect(HttpExchange* exchange) const {
  if (path_.empty() || !exchange->IsBasePathItself()) return false;
  if (exchange->verb() != "GET" && exchange->verb() != "HEAD") return false;
  std::string to = absl::StrCat(exchange->public_path(), "/");
  if (!exchange->raw_query().empty()) {
    absl::StrAppend(&to, "?", exchange->raw_query());
  }
  exchange->Respond(HttpResponse{308, {{"Location", std::move(to)}}, ""});
  return true;
}

std::string ForwardedPrefix(const std::vector<absl::string_view>& values) {
  if (values.size() != 1) return "";
  return Normalized(absl::StripAsciiWhitespace(values[0])).value_or("");
}

}  // namespace sse_bridge
