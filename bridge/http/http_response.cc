#include "bridge/http/http_response.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/http_date.h"

namespace sse_bridge {
namespace {

// Characters that would end a header's name or its line.
constexpr absl::string_view kNotInNames("\r\n: \t\0", 6);

constexpr size_t kUsualHeadBytes = 512;

}  // namespace

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

void AppendHeader(absl::string_view name, absl::string_view value,
                  std::string* out) {
  if (name.empty() || name.find_first_of(kNotInNames) != name.npos) return;
  absl::StrAppend(out, name, ": ");
  for (char c : value) {
    out->push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  }
  out->append("\r\n");
}

std::string SerializeResponse(HttpResponse response, bool keep_alive,
                              bool without_body) {
  std::string text;
  text.reserve(kUsualHeadBytes);
  absl::StrAppend(&text, "HTTP/1.1 ", response.status, " ",
                  ReasonPhrase(response.status), "\r\n");
  bool dated = false;
  for (const auto& [name, value] : response.headers) {
    AppendHeader(name, value, &text);
    dated = dated || absl::EqualsIgnoreCase(name, "Date");
  }
  if (!dated) AppendHeader("Date", HttpDateNow(), &text);
  // These have neither a body nor a Content-Length (RFC 9110, 8.6 and 15.4.5).
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless && response.has_length) {
    absl::StrAppend(&text, "Content-Length: ", response.body.size(), "\r\n");
  }
  absl::StrAppend(&text, "Connection: ", keep_alive ? "keep-alive" : "close",
                  "\r\n\r\n");
  if (without_body || bodiless) return text;
  std::string& body = response.body;
  // A large body is not copied, which would take its memory twice.
  if (body.capacity() - body.size() >= text.size()) {
    body.insert(0, text);
    return std::move(body);
  }
  text.append(body);
  return text;
}

}  // namespace sse_bridge
