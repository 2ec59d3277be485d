#include "bridge/net/proxy_header.h"

#include <string>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using State = ProxyHeader::State;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string V2(int command, int family, const std::string& rest) {
  std::string header = kSignature;
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size());
  return header + rest;
}
std::string V4Addresses() {
  return std::string("\x01\x02\x03\x04\x0a\x00\x00\x01\x00\x50\x01\xbb", 12);
}

void ExpectWhole(const std::string& header, const std::string& address) {
  const ProxyHeader parsed = ParseProxyHeader(header + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(parsed.state, State::kComplete);
  EXPECT_EQ(parsed.size, header.size());
  EXPECT_EQ(parsed.address, address);
  // Every prefix of the header is incomplete.
  for (size_t size = 0; size < header.size(); ++size) {
    EXPECT_EQ(ParseProxyHeader(header.substr(0, size)).state,
              State::kIncomplete)
        << size;
  }
}

TEST(ProxyHeaderTest, VersionOne) {
  ExpectWhole("PROXY TCP4 1.2.3.4 10.0.0.1 56324 443\r\n", "1.2.3.4");
  ExpectWhole("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", "2001:db8::1");
  ExpectWhole("PROXY UNKNOWN\r\n", "");
  ExpectWhole("PROXY UNKNOWN ffff::1 what ever it is\r\n", "");
}

TEST(ProxyHeaderTest, VersionTwo) {
  ExpectWhole(V2(0x21, 0x11, V4Addresses()), "1.2.3.4");
  ExpectWhole(V2(0x21, 0x11, V4Addresses() + "\x04tlv"), "1.2.3.4");
  const std::string v6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01" +
                         std::string(16, '\0') + std::string(4, '\0');
  ExpectWhole(V2(0x21, 0x21, v6), "2001:db8::1");
  ExpectWhole(V2(0x20, 0x00, ""), "");
  ExpectWhole(V2(0x20, 0x11, V4Addresses()), "");
  ExpectWhole(V2(0x21, 0x31, std::string(216, 'u')), "");
}

TEST(ProxyHeaderTest, InvalidHeadersAreRefusedAtOnce) {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x03\x01"),
        std::string("PROXY TCP4 1.2.3.4 10.0.0.1 56324\r\n"),
        std::string("PROXY TCP4 1.2.3 10.0.0.1 1 1\r\n"),
        std::string("PROXY TCP4 ::1 ::1 1 1\r\n"),
        std::string("PROXY TCP6 1.2.3.4 ::1 1 1\r\n"),
        std::string("PROXY TCP4 1.2.3.4 10.0.0.1 1 65536\r\n"),
        std::string("PROXY TCP4 1.2.3.4 10.0.0.1 -1 1\r\n"),
        std::string("PROXY TCP4  1.2.3.4 10.0.0.1 1 1\r\n"),
        std::string("PROXY UDP4 1.2.3.4 10.0.0.1 1 1\r\n"),
        std::string("PROXY TCP4 1.2.3.4 10.0.0.1 1 1\n"),
        "PROXY UNKNOWN " + std::string(200, 'x'), V2(0x11, 0x11, V4Addresses()),
        V2(0x22, 0x11, V4Addresses()), V2(0x21, 0x11, "short"),
        V2(0x21, 0x21, V4Addresses()),
        V2(0x21, 0x11, std::string(4000, 'x'))}) {
    EXPECT_EQ(ParseProxyHeader(bytes).state, State::kInvalid) << bytes;
  }
}

}  // namespace
}  // namespace sse_bridge
