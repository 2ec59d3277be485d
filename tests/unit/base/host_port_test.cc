#include "bridge/base/host_port.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

// "HOST|PORT", with brackets and colon as they were; "-" without ']'.
std::string Split(absl::string_view text) {
  const auto parts = SplitHostPort(text);
  if (!parts.has_value()) return "-";
  return absl::StrCat(parts->bracketed ? "[" : "", parts->host, "|",
                      parts->has_port ? ":" : "", parts->port);
}

TEST(HostPortTest, SplitsAtTheFirstColonOutsideBrackets) {
  EXPECT_EQ(Split("host:80"), "host|:80");
  EXPECT_EQ(Split("host"), "host|");
  EXPECT_EQ(Split("host:"), "host|:");
  EXPECT_EQ(Split(":80"), "|:80");
  EXPECT_EQ(Split(""), "|");
  EXPECT_EQ(Split("a:b:80"), "a|:b:80");
  EXPECT_EQ(Split("[::1]:80"), "[::1|:80");
  EXPECT_EQ(Split("[::1]"), "[::1|");
  EXPECT_EQ(Split("[::1]80"), "[::1|80");
  EXPECT_EQ(Split("[]:80"), "[|:80");
  EXPECT_EQ(Split("[::1:80"), "-");
}

TEST(HostPortTest, PortIsDigitsUpToTheLargestPort) {
  EXPECT_EQ(ParsePort("0"), 0);
  EXPECT_EQ(ParsePort("65535"), kMaxPort);
  for (const char* text :
       {"", "65536", "99999999999", "-1", "+1", " 1", "1 ", "0x1", "http"}) {
    EXPECT_EQ(ParsePort(text), std::nullopt) << text;
  }
}

TEST(HostPortTest, HostExcludesBrackets) {
  EXPECT_EQ(ParseHostPort("localhost:0")->host, "localhost");
  EXPECT_EQ(ParseHostPort("[::1]:80")->host, "::1");
  EXPECT_EQ(ParseHostPort("[::1]:80")->port, 80);
  EXPECT_EQ(ToString({"::1", 80}), "[::1]:80");
  EXPECT_EQ(ToString({"127.0.0.1", 80}), "127.0.0.1:80");
}

TEST(HostPortTest, Ipv6AddressWithoutBracketsEndsAtTheLastColon) {
  EXPECT_EQ(ParseHostPort("::1:80")->host, "::1");
  EXPECT_EQ(ParseHostPort("::1:80")->port, 80);
}

TEST(HostPortTest, ErrorNamesTheWrongPart) {
  const std::string port = "the port must be a number from 0 to 65535";
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "the port is missing"},
           {"host", "the port is missing"},
           {"host:", "the port is missing"},
           {":80", "the host is missing, as in 127.0.0.1:80"},
           {"[]:80", "the host is missing, as in 127.0.0.1:80"},
           {"8080", "the host is missing, as in 127.0.0.1:8080"},
           {"host:x", port},
           {"host:-1", port},
           {"host:65536", port},
           {"host:99999999999", port},
           {"host: 80", port},
           {"host:80 ", port},
           {"host:+80", port},
           {"[::1:80", "']' is missing"},
           {"[::1]80", "the port is missing"}}) {
    EXPECT_EQ(ParseHostPort(text).status(),
              absl::InvalidArgumentError(
                  absl::StrCat("'", text, "' is not HOST:PORT: ", why)));
  }
}

TEST(HostPortTest, ErrorQuotesTheBeginningOfTheText) {
  EXPECT_EQ(ParseHostPort(std::string(100, 'x')).status().message(),
            absl::StrCat("'", std::string(80, 'x'),
                         "' is not HOST:PORT: the port is missing"));
  EXPECT_EQ(ParseHostPort(std::string(79, 'x') + "\u20ac").status().message(),
            absl::StrCat("'", std::string(79, 'x'),
                         "' is not HOST:PORT: the port is missing"));
}

}  // namespace
}  // namespace sse_bridge
