#include "bridge/gateway/exposed_metadata.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/name_pattern.h"
#include "bridge/upstream/metadata_name.h"

namespace sse_bridge {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kExposeHeaders[] = "Access-Control-Expose-Headers";

// Headers that frame the response, control caches, proxies and browsers, or
// belong to the bridge.
constexpr absl::string_view kNever[] = {
    "accept-encoding",
    "age",
    "alt-svc",
    "cache-control",
    "content-encoding",
    "content-range",
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "expires",
    "incremental",
    "permissions-policy",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "referrer-policy",
    "server",
    "strict-transport-security",
    "traceparent",
    "vary",
    "x-content-type-options",
    "x-frame-options",
    "x-sendfile",
};
constexpr absl::string_view kNeverPrefixes[] = {"access-control-", "sec-",
                                                "x-accel-"};

constexpr absl::string_view kSetCookie = "set-cookie";

// Exposed only if named in full.
constexpr absl::string_view kExposedInFull[] = {
    kSetCookie, "clear-site-data", "link",        "location",
    "refresh",  "retry-after",     "set-cookie2", "www-authenticate"};

bool MayExpose(absl::string_view name) {
  return IsMetadataName(name) && !IsReservedMetadata(name) &&
         !absl::c_linear_search(kNever, name) &&
         std::none_of(std::begin(kNeverPrefixes), std::end(kNeverPrefixes),
                      [name](absl::string_view prefix) {
                        return absl::StartsWith(name, prefix);
                      });
}

MetadataFilter FilterOf(std::vector<std::string> names, bool shared) {
  return [names = std::move(names), shared](absl::string_view name) {
    if (!MayExpose(name) || (shared && name == kSetCookie)) return false;
    return std::any_of(
        names.begin(), names.end(), [name](const std::string& each) {
          return IsNamePattern(each)
                     ? !absl::c_linear_search(kExposedInFull, name) &&
                           MatchesPattern(each, name)
                     : each == name;
        });
  };
}

// Converts `metadata` to headers. The first header lists those that pages of
// other origins may read, including the new ones.
Headers HeadersOf(const Metadata& metadata, const HttpExchange& exchange) {
  Headers headers;
  std::string names;
  for (const auto& [name, value] : metadata) {
    std::string text = value;
    if (IsBinaryMetadata(name)) {
      text = absl::Base64Escape(value);
      text.erase(text.find_last_not_of('=') + 1);
    } else if (!IsMetadataText(value)) {
      continue;
    }
    absl::StrAppend(&names, ", ", name);
    headers.emplace_back(name, std::move(text));
  }
  for (const auto& [name, value] : exchange.response_headers()) {
    if (!absl::EqualsIgnoreCase(name, kExposeHeaders)) continue;
    headers.emplace(headers.begin(), kExposeHeaders,
                    absl::StrCat(value, names));
    break;
  }
  return headers;
}

// Adds `added` to `headers`, replacing those of the same name.
void Replace(const Headers& added, Headers* headers) {
  std::erase_if(*headers, [&added](const auto& header) {
    return std::any_of(added.begin(), added.end(), [&](const auto& each) {
      return absl::EqualsIgnoreCase(each.first, header.first);
    });
  });
  headers->insert(headers->end(), added.begin(), added.end());
}

}  // namespace

absl::Status ExposedMetadata::CheckName(absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  const auto bad = [name](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", absl::CHexEscape(name), "\": ", why));
  };
  if (!IsNamePattern(lower)) {
    if (!IsMetadataName(lower)) {
      return bad(
          "not a valid metadata name; use letters, digits, '-', '_' and '.'");
    }
    return MayExpose(lower) ? absl::OkStatus()
                            : bad("reserved by gRPC, HTTP or the bridge");
  }
  std::string rest = lower;
  rest.erase(std::remove(rest.begin(), rest.end(), '*'), rest.end());
  if (!rest.empty() && !IsMetadataName(rest)) {
    return bad(
        "not a valid metadata name pattern; use letters, digits, '-', '_', '.' "
        "and '*'");
  }
  return absl::OkStatus();
}

absl::StatusOr<ExposedMetadata> ExposedMetadata::Create(
    std::vector<std::string> names) {
  ExposedMetadata exposed;
  for (std::string& name : names) {
    if (absl::Status good = CheckName(name); !good.ok()) return good;
    absl::AsciiStrToLower(&name);
  }
  if (names.empty()) return exposed;
  exposed.filter_ =
      std::make_shared<const MetadataFilter>(FilterOf(names, /*shared=*/false));
  exposed.shared_filter_ = std::make_shared<const MetadataFilter>(
      FilterOf(std::move(names), /*shared=*/true));
  return exposed;
}

void AddExposed(const Metadata& metadata, const HttpExchange& exchange,
                HttpResponse* response) {
  if (metadata.empty()) return;
  Replace(HeadersOf(metadata, exchange), &response->headers);
}

std::vector<std::pair<std::string, std::string>> WithExposed(
    const Metadata& metadata, const HttpExchange& exchange) {
  Headers headers = exchange.response_headers();
  if (!metadata.empty()) Replace(HeadersOf(metadata, exchange), &headers);
  return headers;
}

}  // namespace sse_bridge
