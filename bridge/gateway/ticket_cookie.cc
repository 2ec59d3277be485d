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

// Of the ticket, whose first characters are random.
constexpr size_t kNameChars = 12;

std::string CookieName(absl::string_view ticket) {
  return absl::StrCat(kPrefix, ticket.substr(0, kNameChars));
}

bool IsPathChar(char c) {
  constexpr absl::string_view kMarks = "-._~%!$&'()*+=:@/";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         kMarks.find(c) != kMarks.npos;
}

// RFC 6265, 5.1.4: cookies go to this path and to what is below. What could
// end the attribute is left out, with all from the slash before it.
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

// Whoever says so himself only keeps his own cookie off plain connections.
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
  // Another site's page gets a cookie only where it is Secure, and browsers
  // that keep one for each site that embeds it keep this one.
  if (secure && exchange.Header("Sec-Fetch-Site") == "cross-site") {
    absl::StrAppend(&attributes, "; Secure; SameSite=None; Partitioned");
  } else {
    absl::StrAppend(&attributes, secure ? "; Secure" : "", "; SameSite=Strict");
  }
  std::vector<std::string> lines;
  // Browsers send the older ones first (RFC 6265, 5.4).
  const std::string own = CookieName(ticket);
  auto names = NamesOfTicketCookies(exchange);
  names.erase(std::remove(names.begin(), names.end(), own), names.end());
  for (size_t i = 0; i + kMaxTicketCookies <= names.size(); ++i) {
    // Takes back no other name than a ticket's: what stands after the prefix
    // is what a browser has sent.
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
