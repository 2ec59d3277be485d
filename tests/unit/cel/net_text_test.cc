// The checks agree with protovalidate's reference functions on these texts.

#include "bridge/cel/net_text.h"

#include <string>

#include "gtest/gtest.h"

namespace sse_bridge::cel {
namespace {

TEST(CelNetTextTest, AddressesAreOfTheirVersion) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255"}) {
    EXPECT_TRUE(IsIp(text, 0)) << text;
    EXPECT_TRUE(IsIp(text, 4)) << text;
    EXPECT_FALSE(IsIp(text, 6)) << text;
    EXPECT_FALSE(IsIp(text, 5)) << text;
  }
  for (const char* text :
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4",
        "::ffff:192.1.56.10", "fe80::a%en1", "::1%%", "FE80::A"}) {
    EXPECT_TRUE(IsIp(text, 0)) << text;
    EXPECT_TRUE(IsIp(text, 6)) << text;
    EXPECT_FALSE(IsIp(text, 4)) << text;
  }
  for (const char* text : {"",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           "1.2.3.",
                           "1::2::3",
                           ":1::",
                           "1:::2",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "12345::",
                           "::g",
                           "::1%",
                           "::1.2.3",
                           "1.2.3.4::",
                           "::1:%z",
                           "[::1]"}) {
    EXPECT_FALSE(IsIp(text, 0)) << text;
  }
}

TEST(CelNetTextTest, PrefixesHaveALengthAndMayBeStrict) {
  EXPECT_TRUE(IsIpPrefix("10.0.0.0/8", 0, true));
  EXPECT_TRUE(IsIpPrefix("10.0.0.1/8", 4, false));
  EXPECT_FALSE(IsIpPrefix("10.0.0.1/8", 4, true));
  EXPECT_TRUE(IsIpPrefix("10.0.0.1/32", 4, true));
  EXPECT_TRUE(IsIpPrefix("0.0.0.0/0", 4, true));
  EXPECT_FALSE(IsIpPrefix("10.0.0.0/33", 0, false));
  EXPECT_FALSE(IsIpPrefix("10.0.0.0/08", 0, false));
  EXPECT_FALSE(IsIpPrefix("10.0.0.0/", 0, false));
  EXPECT_FALSE(IsIpPrefix("10.0.0.0", 0, false));
  EXPECT_FALSE(IsIpPrefix("10.0.0.0/8", 6, false));
  EXPECT_TRUE(IsIpPrefix("2001:db8::/32", 6, true));
  EXPECT_FALSE(IsIpPrefix("2001:db8::1/32", 6, true));
  EXPECT_TRUE(IsIpPrefix("::1/128", 0, true));
  EXPECT_FALSE(IsIpPrefix("::1/129", 0, false));
  EXPECT_FALSE(IsIpPrefix("fe80::%en1/64", 6, false));
}

TEST(CelNetTextTest, HostnamesHaveLabels) {
  const std::string label(63, 'a');
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(61, 'a');
  for (const std::string& text :
       {std::string("a"), std::string("example.com"), std::string("A-b.c9."),
        std::string("1.2.c"), label + ".b", longest, longest + "."}) {
    EXPECT_TRUE(IsHostname(text)) << text;
  }
  for (const std::string& text :
       {std::string(), std::string("."), std::string("a..b"),
        std::string("a.."), std::string("-a.b"), std::string("a-.b"),
        std::string("a.1"), std::string("a_b"), std::string("a b"),
        std::string("\xc3\xa9.com"), label + "a.b", longest + "a",
        longest + "a."}) {
    EXPECT_FALSE(IsHostname(text)) << text;
  }
}

TEST(CelNetTextTest, PortsFollowHosts) {
  for (const char* text : {"example.com:80", "1.2.3.4:0", "[::1]:65535",
                           "[fe80::1%en1]:1", "localhost:8080"}) {
    EXPECT_TRUE(IsHostAndPort(text, true)) << text;
    EXPECT_TRUE(IsHostAndPort(text, false)) << text;
  }
  for (const char* text : {"example.com", "1.2.3.4", "[::1]"}) {
    EXPECT_FALSE(IsHostAndPort(text, true)) << text;
    EXPECT_TRUE(IsHostAndPort(text, false)) << text;
  }
  for (const char* text :
       {"", ":80", "a:", "a:080", "a:65536", "a:-1", "::1:80", "[::1", "[::1]a",
        "[::1]:", "[1.2.3.4]:80", "a:b:1", "[]:1"}) {
    EXPECT_FALSE(IsHostAndPort(text, false)) << text;
  }
}

TEST(CelNetTextTest, EmailIsThatOfHtml) {
  for (const char* text :
       {"a@b", "a.b+c@x-y.z", "!#$%&'*+/=?^_`{|}~-@a", ".@1.2", "a..b@c.d"}) {
    EXPECT_TRUE(IsEmail(text)) << text;
  }
  for (const char* text :
       {"", "@b", "a@", "a@b.", "a@.b", "a@-b", "a@b-", "a@b@c", "a b@c",
        "\"a\"@b", "a@b_c", "a@b\n", "\xc3\xa9@b"}) {
    EXPECT_FALSE(IsEmail(text)) << text;
  }
}

TEST(CelNetTextTest, UrisHaveASchemeAndReferencesNeedNone) {
  for (const char* text :
       {"https://user:pw@example.com:8080/a/b;c?d=e&f=%20#g/?", "a:", "a:b",
        "mailto:a@b.c", "http://[::1]:80/", "https://[::1%25eth0]/x",
        "https://[v1.x]/", "foo://", "foo:?", "foo:#", "a+b-c.1://x",
        "http://h:/", "ftp://h:99999999", "https://ex%c3%a9.com"}) {
    EXPECT_TRUE(IsUri(text)) << text;
    EXPECT_TRUE(IsUriReference(text)) << text;
  }
  for (const char* text : {"", "./x:y", "../a", "//host/x", "/a//b", "?q", "#f",
                           "x/y:z", "//", "a%20b"}) {
    EXPECT_FALSE(IsUri(text)) << text;
    EXPECT_TRUE(IsUriReference(text)) << text;
  }
  for (const char* text :
       {"1a:b", ":a", "%61:b", "a b", "a:%", "a:%2", "a:%zz", "http://[::1",
        "http://[::g]", "http://[::1%eth0]/", "http://a:b", "a:b#c#d",
        "https://ex%c3.com", "http://\xc3\xa9", "a:\\", "http://a@b@c"}) {
    EXPECT_FALSE(IsUri(text)) << text;
    EXPECT_FALSE(IsUriReference(text)) << text;
  }
}

}  // namespace
}  // namespace sse_bridge::cel
