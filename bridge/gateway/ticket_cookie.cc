#include "bridge/gateway/ticket_cookie.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/access/token_source.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kPrefix = "sse-ticket-";

// Length of the ticket's prefix in the cookie's name. It is random.
constexpr size_t kNameChars = 12;

std::string CookieName(absl::string_view ticket) {
  return absl::StrCat(kPrefix, ticket.substr(0, kNameChars));
}

bool IsPathChar(char c) {
  constexpr absl::string_view kMarks = "-._~%!$&'()*+=:@/";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         kMarks.find(c) != kMarks.npos;
}

// The cookie's path, which covers all paths below it (RFC 6265, 5.1.4). At a
// character that could end the attribute, the path is cut at the last slash.
std::string PathOf(const HttpExchange& exchange) {
  std::string path = exchange.public_path();
  const auto prefix = exchange.Header("X-Forwarded-Prefix");
  if (path.empty() && prefix && absl::StartsWith(*prefix, "/") &&
      std::all_of(prefix->begin(), prefix->end(), IsPathChar)) {
    path = std::string(absl::StripTrailingAsciiWhitespace(*prefix));
    while (absl::EndsWith(path, "/")) path.pop_back();
  }
  absl::StrAppend(&path, exchange.raw_path());
  const auto bad = std::find_if_not(path.begin(), path.end(), IsPathChar);
  if (bad != path.end()) {
    path.erase(bad, path.end());
    path.erase(path.rfind('/') + 1);
  }
  return path.empty() ? "/" : path;
}

// Safe to trust: a client that forges the header only keeps its own cookie off
// plain connections.
bool CameByTls(const HttpExchange& exchange) {
  for (absl::string_view header : exchange.HeaderValues("X-Forwarded-Proto")) {
    for (absl::string_view scheme : absl::StrSplit(header, ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(scheme), "https")) {
        return true;
      }
    }
  }
  return false;
}

std::vector<absl::string_view> NamesOfTicketCookies(
    const HttpExchange& exchange) {
  std::vector<absl::string_view> names;
  for (absl::string_view header : exchange.HeaderValues("Cookie")) {
    for (absl::string_view pair : absl::StrSplit(header, ';')) {
      const absl::string_view name = absl::StripAsciiWhitespace(
          pair.substr(0, std::min(pair.find('='), pair.size())));
      if (absl::StartsWith(name, kPrefix)) names.push_back(name);
    }
  }
  return names;
}

}  // namespace

std::string TicketCookie(const HttpExchange& exchange,
                         absl::string_view ticket) {
  const auto headers = exchange.HeaderValues("Cookie");
  if (headers.size() != 1) return "";
  const auto value = FindCookie(headers[0], CookieName(ticket));
  return value.ok() ? std::string(*value) : "";
}

std::vector<std::string> SetTicketCookie(const HttpExchange& exchange,
                                         absl::string_view ticket,
                                         absl::string_view binding, bool tls,
                                         absl::Time expires, absl::Time now) {
  const bool secure = tls || CameByTls(exchange);
  std::string attributes =
      absl::StrCat("; Path=", PathOf(exchange), "; HttpOnly");
  // In another site's page, browsers accept the cookie only if it is Secure,
  // and some only if it is partitioned by the embedding site.
  if (secure && exchange.Header("Sec-Fetch-Site") == "cross-site") {
    absl::StrAppend(&attributes, "; Secure; SameSite=None; Partitioned");
  } else {
    absl::StrAppend(&attributes, secure ? "; Secure" : "", "; SameSite=Strict");
  }
  std::vector<std::string> lines;
  // Browsers send older cookies first (RFC 6265, 5.4).
  const std::string own = CookieName(ticket);
  auto names = NamesOfTicketCookies(exchange);
  names.erase(std::remove(names.begin(), names.end(), own), names.end());
  for (size_t i = 0; i + kMaxTicketCookies <= names.size(); ++i) {
    // Delete only valid names of ticket cookies: the name comes from the
    // browser.
    if (std::all_of(names[i].begin(), names[i].end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                 c == '-' || c == '_';
        })) {
      lines.push_back(absl::StrCat(names[i], "=; Max-Age=0", attributes));
    }
  }
  std::string line = absl::StrCat(own, "=", binding);
  if (expires != absl::InfiniteFuture()) {
    absl::StrAppend(&line, "; Max-Age=",
                    std::max<int64_t>(1, absl::ToInt64Seconds(expires - now)));
  }
  lines.push_back(absl::StrCat(line, attributes));
  return lines;
}

}  // namespace sse_bridge
