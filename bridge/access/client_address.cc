#include "bridge/access/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/host_port.h"

namespace sse_bridge {
namespace {

constexpr IpBytes kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kV4Offset = 12;
constexpr int kV4Bits = 96;
constexpr size_t kHalfOfV6 = 8;

bool IsV4(const IpBytes& ip) {
  return std::equal(ip.begin(), ip.begin() + kV4Offset, kV4Mapped.begin());
}

bool InNetwork(const IpBytes& ip, const IpBytes& network, int bits) {
  const auto whole = static_cast<size_t>(bits / 8);
  if (!std::equal(ip.begin(), ip.begin() + static_cast<ptrdiff_t>(whole),
                  network.begin())) {
    return false;
  }
  if (bits % 8 == 0) return true;
  const int mask = 0xff << (8 - bits % 8) & 0xff;
  return (ip[whole] & mask) == (network[whole] & mask);
}

// Returns whether all bits after the first `bits` are zero.
bool IsNetwork(const IpBytes& ip, int bits) {
  for (size_t i = 0; i < ip.size(); ++i) {
    const int kept = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
    if ((ip[i] & (0xff >> kept)) != 0) return false;
  }
  return true;
}

// Parses an entry of X-Forwarded-For, to which some proxies add a port.
std::optional<IpBytes> ParseForwarded(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (const auto ip = ParseIp(text)) return ip;
  const auto parts = SplitHostPort(text);
  return parts.has_value() ? ParseIp(parts->host) : std::nullopt;
}

}  // namespace

std::optional<IpBytes> ParseIp(absl::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  IpBytes ip = kV4Mapped;
  if (inet_pton(AF_INET, terminated.c_str(), ip.data() + kV4Offset) == 1) {
    return ip;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), ip.data()) == 1) return ip;
  return std::nullopt;
}

std::string IpText(const IpBytes& ip) {
  char text[INET6_ADDRSTRLEN] = "";
  if (IsV4(ip)) {
    inet_ntop(AF_INET, ip.data() + kV4Offset, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, ip.data(), text, sizeof text);
  }
  return text;
}

std::string LimitKey(absl::string_view address) {
  auto ip = ParseIp(address);
  if (!ip || IsV4(*ip)) return std::string(address);
  std::fill(ip->begin() + kHalfOfV6, ip->end(), 0);
  return absl::StrCat(IpText(*ip), "/64");
}

absl::StatusOr<TrustedProxies> TrustedProxies::Create(
    const std::vector<std::string>& networks) {
  TrustedProxies proxies;
  for (const std::string& text : networks) {
    const size_t slash = text.find('/');
    const auto ip = ParseIp(absl::string_view(text).substr(0, slash));
    int bits = 128;
    bool good = ip.has_value();
    if (good && slash != std::string::npos) {
      const bool v4 = text.find(':') == std::string::npos;
      const std::string digits = text.substr(slash + 1);
      // SimpleAtoi alone accepts blanks and signs.
      good = !digits.empty() && digits.size() <= 3 &&
             std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) &&
             absl::SimpleAtoi(digits, &bits) && bits <= (v4 ? 32 : 128);
      if (v4) bits += kV4Bits;
    }
    // 10.1.2.3/8 may mean one address or all of 10.0.0.0/8.
    if (good && !IsNetwork(*ip, bits)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' has bits set beyond its prefix length"));
    }
    if (!good) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", text, "' is neither an address nor a network (10.0.0.0/8)"));
    }
    proxies.networks_.push_back({*ip, bits});
  }
  return proxies;
}

bool TrustedProxies::Trusts(absl::string_view address) const {
  if (networks_.empty()) return false;
  const auto ip = ParseIp(address);
  return ip && std::any_of(networks_.begin(), networks_.end(),
                           [&](const Network& network) {
                             return InNetwork(*ip, network.ip, network.bits);
                           });
}

std::string TrustedProxies::ClientOf(
    absl::string_view peer,
    absl::Span<const absl::string_view> forwarded_for) const {
  std::string client(peer);
  if (!Trusts(peer)) return client;
  for (size_t i = forwarded_for.size(); i > 0; --i) {
    const std::vector<absl::string_view> entries =
        absl::StrSplit(forwarded_for[i - 1], ',');
    for (size_t k = entries.size(); k > 0; --k) {
      const auto ip = ParseForwarded(entries[k - 1]);
      if (!ip) return client;
      client = IpText(*ip);
      if (!Trusts(client)) return client;
    }
  }
  return client;
}

}  // namespace sse_bridge
