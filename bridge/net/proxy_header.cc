#include "bridge/net/proxy_header.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "bridge/access/client_address.h"
#include "bridge/base/host_port.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kV1Start = "PROXY ";
constexpr size_t kMaxV1Bytes = 107;  // including CR LF

constexpr absl::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kV2FixedBytes = 16;

// Values of the 13th byte: version and command.
constexpr unsigned char kLocal = 0x20, kProxy = 0x21;
// Values of the high half of the 14th byte: the address family.
constexpr int kInet = 1, kInet6 = 2;

ProxyHeader Invalid() { return {ProxyHeader::State::kInvalid, 0, ""}; }

bool IsPort(absl::string_view text) {
  return text.size() <= 5 && ParsePort(text).has_value();
}

ProxyHeader ParseV1(absl::string_view bytes) {
  const size_t end = bytes.substr(0, kMaxV1Bytes).find('\n');
  if (end == absl::string_view::npos) {
    return bytes.size() >= kMaxV1Bytes ? Invalid() : ProxyHeader();
  }
  if (bytes[end - 1] != '\r') return Invalid();
  const std::vector<absl::string_view> words =
      absl::StrSplit(bytes.substr(0, end - 1), ' ');
  ProxyHeader header{ProxyHeader::State::kComplete, end + 1, ""};
  if (words.size() >= 2 && words[1] == "UNKNOWN") return header;
  if (words.size() != 6 || !IsPort(words[4]) || !IsPort(words[5])) {
    return Invalid();
  }
  const bool v6 = words[1] == "TCP6";
  if (!v6 && words[1] != "TCP4") return Invalid();
  const auto source = ParseIp(words[2]);
  if (!source || !ParseIp(words[3]) || absl::StrContains(words[2], ':') != v6) {
    return Invalid();
  }
  header.address = IpText(*source);
  return header;
}

ProxyHeader ParseV2(absl::string_view bytes) {
  if (bytes.size() < kV2FixedBytes) return ProxyHeader();
  const auto at = [&](size_t i) {
    return static_cast<unsigned char>(bytes[i]);
  };
  const size_t length = size_t{at(14)} << 8 | at(15);
  if ((at(12) != kLocal && at(12) != kProxy) ||
      kV2FixedBytes + length > kMaxProxyHeaderBytes) {
    return Invalid();
  }
  if (bytes.size() < kV2FixedBytes + length) return ProxyHeader();
  ProxyHeader header{ProxyHeader::State::kComplete, kV2FixedBytes + length, ""};
  if (at(12) == kLocal) return header;
  const int family = at(13) >> 4;
  const auto* data =
      reinterpret_cast<const unsigned char*>(bytes.data()) + kV2FixedBytes;
  IpBytes ip{};
  if (family == kInet) {
    if (length < 12) return Invalid();
    ip[10] = ip[11] = 0xff;
    std::copy(data, data + 4, ip.begin() + 12);
  } else if (family == kInet6) {
    if (length < 36) return Invalid();
    std::copy(data, data + 16, ip.begin());
  } else {
    return header;
  }
  header.address = IpText(ip);
  return header;
}

}  // namespace

ProxyHeader ParseProxyHeader(absl::string_view bytes) {
  for (const auto& [start, parse] :
       {std::pair(kV1Start, &ParseV1), std::pair(kV2Signature, &ParseV2)}) {
    const size_t common = std::min(bytes.size(), start.size());
    if (bytes.substr(0, common) != start.substr(0, common)) continue;
    return common < start.size() ? ProxyHeader() : parse(bytes);
  }
  return Invalid();
}

}  // namespace sse_bridge
