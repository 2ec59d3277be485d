#include "bridge/gateway/browser_rules.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/bad_request.h"

namespace sse_bridge {
namespace {

// In addition to the headers that every page may read (Fetch, 2.2.2).
constexpr char kExposedHeaders[] =
    "Retry-After, WWW-Authenticate, X-Request-Id, Sse-Connection";

constexpr size_t kMaxRequestedHeadersBytes = 1024;

// Checks for a token (RFC 9110, 5.6.2) or, if `list`, a list of tokens.
bool IsTokenText(absl::string_view text, bool list) {
  constexpr absl::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kMarks.find(c) != kMarks.npos || (list && (c == ',' || c == ' '));
  });
}

// The value of a header that must occur once. Empty if it occurs several times.
std::optional<absl::string_view> Only(const HttpExchange& exchange,
                                      absl::string_view name) {
  const auto values = exchange.HeaderValues(name);
  if (values.empty()) return std::nullopt;
  return values.size() == 1 ? values[0] : absl::string_view();
}

}  // namespace

HttpHeaders BrowserRules::HeadersFor(absl::string_view origin) const {
  HttpHeaders headers = {{"X-Content-Type-Options", "nosniff"}};
  if (origins_.empty()) return headers;
  // Set without an Origin header too: a cache must not serve such a response to
  // a page of another origin.
  headers.emplace_back("Vary", "Origin");
  if (origins_.Lists(origin)) {
    headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
    headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
  } else if (origins_.allows_null() && origin == OriginRules::kNullOrigin) {
    headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
    headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
  } else if (origins_.allows_any()) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
  }
  return headers;
}

bool BrowserRules::Handle(HttpExchange* exchange) const {
  const auto host = Only(*exchange, "Host");
  if (!origins_.AllowsHost(host.value_or(""))) {
    exchange->Respond(
        ErrorResponse(421, "INVALID_ARGUMENT",
                      absl::StrCat("host not allowed: ",
                                   QuoteForMessage(host.value_or("")))));
    return true;
  }
  const auto origin = Only(*exchange, "Origin");
  const auto method = Only(*exchange, "Access-Control-Request-Method");
  if (exchange->verb() != "OPTIONS" || !origin || !method) return false;
  AnswerPreflight(*origin, *method, exchange);
  return true;
}

void BrowserRules::AnswerPreflight(absl::string_view origin,
                                   absl::string_view method,
                                   HttpExchange* exchange) const {
  const absl::string_view headers =
      Only(*exchange, "Access-Control-Request-Headers").value_or("");
  if (!IsAllowed(origin) || !IsTokenText(method, /*list=*/false) ||
      headers.size() > kMaxRequestedHeadersBytes ||
      (!headers.empty() && !IsTokenText(headers, /*list=*/true))) {
    exchange->Respond(
        ErrorResponse(403, "PERMISSION_DENIED", "origin not allowed"));
    return;
  }
  // Allow any method and headers: the request itself gets an error if its route
  // does not support them.
  HttpResponse response{
      204,
      {{"Access-Control-Allow-Methods", std::string(method)},
       {"Access-Control-Max-Age",
        absl::StrCat(absl::ToInt64Seconds(options_.preflight_max_age))},
       {"Vary",
        "Access-Control-Request-Method, Access-Control-Request-Headers"}},
      ""};
  if (!headers.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  std::string(headers));
  }
  exchange->Respond(std::move(response));
}

bool BrowserRules::MayUseCookies(const HttpExchange& exchange) const {
  const auto origin = Only(exchange, "Origin");
  if (origin && origins_.Lists(*origin)) return true;
  const absl::string_view host = Only(exchange, "Host").value_or("");
  const std::string& scheme = exchange.client_scheme();
  // Scripts cannot set this header (Fetch Metadata, 2). Unlike Host, which a
  // proxy may have changed, it reflects the host that the browser called.
  const auto site = Only(exchange, "Sec-Fetch-Site");
  if (site == "same-origin") {
    return !origin || OriginRules::HasScheme(*origin, scheme);
  }
  // "none" means that the user typed the address. Other values mean an image,
  // frame or script of another site, or of another origin of this site.
  if (site && site != "none") return false;
  return !origin || OriginRules::IsSameOrigin(
                        *origin, scheme.empty() ? "http" : scheme, host);
}

}  // namespace sse_bridge
