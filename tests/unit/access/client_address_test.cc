#include "bridge/access/client_address.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TrustedProxies Proxies(const std::vector<std::string>& networks) {
  auto proxies = TrustedProxies::Create(networks);
  EXPECT_TRUE(proxies.ok()) << proxies.status();
  return proxies.ok() ? *proxies : TrustedProxies();
}

TEST(ClientAddressTest, NetworksTrustTheirAddresses) {
  const TrustedProxies proxies = Proxies(
      {"10.0.0.0/8", "192.168.1.1", "172.16.0.0/13", "2001:db8::/33", "::1"});
  for (const char* address :
       {"10.0.0.1", "10.255.255.255", "192.168.1.1", "172.23.255.255",
        "2001:db8:7fff::1", "::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(proxies.Trusts(address)) << address;
  }
  for (const char* address :
       {"11.0.0.1", "9.255.255.255", "192.168.1.2", "172.24.0.0",
        "2001:db8:8000::1", "::2", "", "10.0.0", "010.0.0.1", "x"}) {
    EXPECT_FALSE(proxies.Trusts(address)) << address;
  }
  EXPECT_TRUE(Proxies({"0.0.0.0/0"}).Trusts("8.8.8.8"));
  EXPECT_FALSE(Proxies({"0.0.0.0/0"}).Trusts("2001:db8::1"));
  EXPECT_FALSE(TrustedProxies().Trusts("127.0.0.1"));
}

TEST(ClientAddressTest, InvalidNetworksAreRejected) {
  for (const char* network :
       {"", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8",
        "::/129", "/8", "10.0.0.0 /8", "localhost", "10.0.0.0/ 8",
        "10.0.0.0/+8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/0x8",
        // Ambiguous: one address or all of them.
        "10.1.2.3/8", "10.0.0.1/31", "2001:db8::1/64"}) {
    EXPECT_EQ(TrustedProxies::Create({network}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << network;
  }
}

TEST(ClientAddressTest, ForwardedForCountsFromTrustedPeersOnly) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8"});
  EXPECT_EQ(proxies.ClientOf("8.8.8.8", {"1.2.3.4"}), "8.8.8.8");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {}), "10.0.0.1");
  EXPECT_EQ(TrustedProxies().ClientOf("10.0.0.1", {"1.2.3.4"}), "10.0.0.1");
}

TEST(ClientAddressTest, LastUntrustedAddressIsTheClient) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8"});
  // The client's own claims are on the left.
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"6.6.6.6, 1.2.3.4, 10.0.0.2"}),
            "1.2.3.4");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"6.6.6.6", "1.2.3.4", "10.0.0.2"}),
            "1.2.3.4");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"10.0.0.3,10.0.0.2"}), "10.0.0.3");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"1.2.3.4:5678"}), "1.2.3.4");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"[2001:db8::1]:5678"}),
            "2001:db8::1");
  EXPECT_EQ(proxies.ClientOf("10.0.0.1", {"2001:DB8:0::1"}), "2001:db8::1");
  // Nothing beyond an invalid address is trusted.
  for (const char* odd : {"1.2.3.4, unknown", "1.2.3.4,", "1.2.3.4, x\ny",
                          "1.2.3.4, _hidden", "1.2.3.4, [::1"}) {
    EXPECT_EQ(proxies.ClientOf("10.0.0.1", {odd}), "10.0.0.1") << odd;
  }
}

TEST(ClientAddressTest, LimitsCountTheNetworkOfIpv6) {
  EXPECT_EQ(LimitKey("1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(LimitKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(LimitKey("2001:db8:1:2::9"), LimitKey("2001:db8:1:2:ffff::"));
  EXPECT_NE(LimitKey("2001:db8:1:2::9"), LimitKey("2001:db8:1:3::9"));
  EXPECT_EQ(LimitKey(""), "");
}

}  // namespace
}  // namespace sse_bridge
