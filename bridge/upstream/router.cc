#include "bridge/upstream/router.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bridge/base/host_port.h"

namespace sse_bridge {
namespace {

// Targets that gRPC parses. Their names contain no '.', so they cannot be
// confused with a host.
constexpr std::array<absl::string_view, 5> kSchemes = {
    "dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:"};

// package.Service, or Service alone.
bool IsServiceName(absl::string_view name) {
  for (absl::string_view part : absl::StrSplit(name, '.')) {
    if (part.empty() || absl::ascii_isdigit(part[0])) return false;
    for (char c : part) {
      if (!absl::ascii_isalnum(c) && c != '_') return false;
    }
  }
  return true;
}

// Returns why these are not the parts of HOST:PORT or [IPV6]:PORT, or an empty
// string.
std::string CheckHostPort(const std::optional<HostPortParts>& parts) {
  if (!parts.has_value()) return "']' is missing";
  if (!parts->has_port) return "the port is missing";
  if (!parts->bracketed && absl::StrContains(parts->port, ':')) {
    return "an IPv6 address must stand in brackets: [ADDRESS]:PORT";
  }
  if (parts->host.empty()) return "the host is missing";
  if (parts->port.empty()) return "the port is missing";
  if (ParsePort(parts->port).value_or(0) == 0) {
    return absl::StrCat("the port must be a number from 1 to ", kMaxPort);
  }
  return "";
}

bool IsIpv4(absl::string_view host) {
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  return parts.size() == 4 &&
         std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
           int number;
           return !part.empty() && part.size() <= 3 &&
                  std::all_of(part.begin(), part.end(), absl::ascii_isdigit) &&
                  absl::SimpleAtoi(part, &number) && number <= 255;
         });
}

// Returns why a port in a target of gRPC is invalid, or an empty string. The
// rest is left to gRPC: ports are optional there, and unix: has none.
std::string CheckTargetPorts(absl::string_view target) {
  const bool dns = absl::ConsumePrefix(&target, "dns:");
  if (!dns && !absl::ConsumePrefix(&target, "ipv4:") &&
      !absl::ConsumePrefix(&target, "ipv6:")) {
    return "";
  }
  // dns://authority/host:port
  if (dns) target = target.substr(target.rfind('/') + 1);
  for (absl::string_view part : absl::StrSplit(target, ',')) {
    const auto parts = SplitHostPort(part);
    // Words are names of services.
    if (!parts.has_value() || parts->port.empty() ||
        !std::all_of(parts->port.begin(), parts->port.end(),
                     absl::ascii_isdigit)) {
      continue;
    }
    if (ParsePort(parts->port).value_or(0) == 0) {
      return absl::StrCat("the port must be a number from 1 to ", kMaxPort);
    }
  }
  return "";
}

// Returns the address for gRPC, or why it is invalid.
std::string CheckAddress(absl::string_view text, std::string* address) {
  if (text.empty()) return "the address is missing";
  for (char c : text) {
    if (!absl::ascii_isgraph(c)) return "it contains an invalid character";
  }
  for (absl::string_view scheme : kSchemes) {
    if (absl::StartsWith(text, scheme) &&
        // "dns:50051" is a host and a port.
        !std::all_of(text.begin() + scheme.size(), text.end(),
                     absl::ascii_isdigit)) {
      *address = std::string(text);
      return CheckTargetPorts(text);
    }
  }
  if (absl::StrContains(text, "//")) {
    return "expected HOST:PORT, or a dns:, ipv4:, ipv6: or unix: target";
  }

  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  size_t ipv4 = 0;
  size_t ipv6 = 0;
  for (absl::string_view part : parts) {
    const auto host_port = SplitHostPort(part);
    std::string why = CheckHostPort(host_port);
    if (!why.empty()) return why;
    if (host_port->bracketed) {
      ++ipv6;
    } else if (IsIpv4(host_port->host)) {
      ++ipv4;
    }
  }
  if (parts.size() == 1) {
    *address = std::string(text);
  } else if (ipv4 == parts.size()) {
    *address = absl::StrCat("ipv4:", text);
  } else if (ipv6 == parts.size()) {
    *address = absl::StrCat("ipv6:", text);
  } else {
    return "a list must contain only IPv4 or only IPv6 addresses; for "
           "a name with several addresses use dns:///NAME:PORT";
  }
  return "";
}

}  // namespace

absl::StatusOr<UpstreamFlag> ParseUpstreamFlag(absl::string_view value) {
  const auto invalid = [value](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("--upstream=", absl::CHexEscape(value), ": ", why));
  };
  UpstreamFlag flag;
  absl::string_view address = absl::StripAsciiWhitespace(value);
  if (const size_t equals = address.find('=');
      equals != absl::string_view::npos) {
    const absl::string_view service = address.substr(0, equals);
    if (service.empty()) return invalid("the service before '=' is missing");
    if (!IsServiceName(service)) {
      return invalid("the text before '=' is not a package.Service");
    }
    flag.service = std::string(service);
    address.remove_prefix(equals + 1);
  }
  const std::string why = CheckAddress(address, &flag.address);
  if (!why.empty()) return invalid(why);
  return flag;
}

absl::StatusOr<std::vector<UpstreamFlag>> ParseUpstreamFlags(
    absl::Span<const std::string> values) {
  std::vector<UpstreamFlag> flags;
  for (const std::string& value : values) {
    absl::StatusOr<UpstreamFlag> flag = ParseUpstreamFlag(value);
    if (!flag.ok()) return flag.status();
    for (const UpstreamFlag& other : flags) {
      if (other.service != flag->service) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--upstream=", value, ": ",
                       flag->service.empty()
                           ? "a default upstream"
                           : absl::StrCat("an upstream of ", flag->service),
                       " was already given: ", other.address));
    }
    flags.push_back(*std::move(flag));
  }
  return flags;
}

std::pair<std::string, std::string> SplitServiceValue(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos ||
      !IsServiceName(text.substr(0, equals))) {
    return {"", std::string(text)};
  }
  return {std::string(text.substr(0, equals)),
          std::string(text.substr(equals + 1))};
}

absl::Status UpstreamRouter::Add(absl::string_view service,
                                 std::shared_ptr<Upstream> upstream) {
  if (!by_service_.emplace(service, upstream.get()).second) {
    return absl::AlreadyExistsError(
        service.empty() ? std::string("a default upstream already exists")
                        : absl::StrCat(service, " already has an upstream"));
  }
  upstreams_.emplace_back(std::string(service), std::move(upstream));
  return absl::OkStatus();
}

Upstream* UpstreamRouter::Find(absl::string_view path) const {
  absl::ConsumePrefix(&path, "/");
  return FindService(path.substr(0, path.rfind('/')));
}

Upstream* UpstreamRouter::FindService(absl::string_view service) const {
  auto found = by_service_.find(service);
  if (found == by_service_.end()) found = by_service_.find("");
  return found == by_service_.end() ? nullptr : found->second;
}

}  // namespace sse_bridge
