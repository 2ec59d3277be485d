#include "bridge/base/host_port.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/utf8.h"

namespace sse_bridge {

std::optional<HostPortParts> SplitHostPort(absl::string_view text) {
  HostPortParts parts;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return std::nullopt;
    parts.bracketed = true;
    parts.host = text.substr(0, end);
    parts.port = text.substr(end + 1);
    parts.has_port = absl::ConsumePrefix(&parts.port, ":");
    return parts;
  }
  const size_t colon = text.find(':');
  parts.host = text.substr(0, colon);
  parts.has_port = colon != absl::string_view::npos;
  if (parts.has_port) parts.port = text.substr(colon + 1);
  return parts;
}

std::optional<int> ParsePort(absl::string_view text) {
  int port = 0;
  // SimpleAtoi alone would accept whitespace and signs.
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(text, &port) || port > kMaxPort) {
    return std::nullopt;
  }
  return port;
}

namespace {

// Why these are not the parts of HOST:PORT.
std::string WrongPart(absl::string_view text,
                      const std::optional<HostPortParts>& parts) {
  if (!parts.has_value()) return "']' is missing";
  if (ParsePort(text).has_value()) {
    return absl::StrCat("the host is missing, as in 127.0.0.1:", text);
  }
  if (!parts->has_port || parts->port.empty()) return "the port is missing";
  if (!ParsePort(parts->port).has_value()) {
    return absl::StrCat("the port must be a number from 0 to ", kMaxPort);
  }
  return absl::StrCat("the host is missing, as in 127.0.0.1:", parts->port);
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(absl::string_view text) {
  auto parts = SplitHostPort(text);
  if (parts.has_value() && !parts->bracketed && parts->has_port) {
    const size_t colon = text.rfind(':');
    parts->host = text.substr(0, colon);
    parts->port = text.substr(colon + 1);
  }
  const auto port = parts.has_value() && parts->has_port
                        ? ParsePort(parts->port)
                        : std::nullopt;
  if (!port.has_value() || parts->host.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", CutText(text, kMaxNameShown),
                     "' is not HOST:PORT: ", WrongPart(text, parts)));
  }
  return HostPort{std::string(parts->host), *port};
}

std::string ToString(const HostPort& address) {
  const bool v6 = absl::StrContains(address.host, ':');
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]" : "", ":",
                      address.port);
}

}  // namespace sse_bridge
