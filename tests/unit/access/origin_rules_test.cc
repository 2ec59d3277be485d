#include "bridge/access/origin_rules.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

OriginRules Rules(const std::vector<std::string>& origins,
                  const std::vector<std::string>& hosts = {}) {
  auto rules = OriginRules::Create(origins, hosts);
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *rules : OriginRules();
}

TEST(OriginRulesTest, ExactOrigins) {
  const OriginRules rules =
      Rules({"https://app.example.com", "http://localhost:3000",
             "https://[2001:db8::1]:8443"});
  for (const char* origin :
       {"https://app.example.com", "https://APP.example.com",
        "https://app.example.com:443", "http://localhost:3000",
        "https://[2001:db8::1]:8443"}) {
    EXPECT_TRUE(rules.Lists(origin)) << origin;
  }
  for (const char* origin :
       {"http://app.example.com", "https://app.example.com:8443",
        "https://example.com", "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "https://app.example.com@evil.example", "https://xapp.example.com",
        "https://app.example.com/", "https://app.example.com ", "null", "", "*",
        "http://localhost", "http://localhost:30000", "file://app.example.com",
        "https://app.example.com:443:443", "https://[2001:db8::1",
        "HTTPS://app.example.com"}) {
    EXPECT_FALSE(rules.Lists(origin)) << origin;
  }
  EXPECT_FALSE(rules.allows_any());
}

TEST(OriginRulesTest, Subdomains) {
  const OriginRules rules =
      Rules({"https://*.example.com", "http://*.localhost:8080"});
  for (const char* origin : {"https://a.example.com", "https://a.b.example.com",
                             "http://a.localhost:8080"}) {
    EXPECT_TRUE(rules.Lists(origin)) << origin;
  }
  for (const char* origin :
       {"https://example.com", "https://.example.com", "https://aexample.com",
        "https://evil.example/.example.com", "https://a.example.com.evil.org",
        "http://a.example.com", "https://a.example.com:444",
        "https://evil.org?.example.com", "https://evil.org\\.example.com",
        "https://evil.org#.example.com", "https://x@.example.com"}) {
    EXPECT_FALSE(rules.Lists(origin)) << origin;
  }
}

TEST(OriginRulesTest, AnyOriginIsSeparate) {
  const OriginRules rules = Rules({"*", "https://a.example"});
  EXPECT_TRUE(rules.allows_any());
  EXPECT_TRUE(rules.Lists("https://a.example"));
  EXPECT_FALSE(rules.Lists("https://b.example")) << "it may not use cookies";
  EXPECT_TRUE(OriginRules().empty());
  EXPECT_FALSE(rules.empty());
}

TEST(OriginRulesTest, InvalidOriginsAreRejected) {
  for (const char* origin : {"",
                             "NULL",
                             " null",
                             "app.example.com",
                             "https://",
                             "https://a/",
                             "https://a/b",
                             "https://a:b",
                             "https://a:",
                             "ftp://a",
                             "https://*",
                             "https://*.com",
                             "https://a.*.com",
                             "https://*a.com",
                             "https://u@a",
                             "https://a b",
                             " https://a",
                             "https://a ",
                             "https://a\t",
                             "HTTPS://a",
                             "htps://a",
                             "https:/a",
                             "https//a",
                             "https://a.",
                             "https://a..b",
                             "file://a",
                             "file://",
                             "wss://a",
                             "data://a",
                             "capacitor://",
                             "capacitor://*",
                             "capacitor://*.a.b",
                             "capacitor://localhost/",
                             "cap acitor://a",
                             "chrome-extension://*",
                             "https://\xe2\x80\x8b"
                             "a"}) {
    EXPECT_EQ(OriginRules::Create({origin}, {}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << origin;
  }
  for (const char* host : {"", "*", "https://a", "a:80", "a/b", "*.com", " a",
                           "a ", "a\t", "a.", "a..b", "*. a.b", "a\xc2\xa0"}) {
    EXPECT_EQ(OriginRules::Create({}, {host}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << host;
  }
}

TEST(OriginRulesTest, OriginsOfAppsCanBeListed) {
  const OriginRules rules = Rules(
      {"capacitor://localhost", "ionic://localhost", "tauri://localhost",
       "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "app://-:81"});
  for (const char* origin :
       {"capacitor://localhost", "ionic://localhost", "tauri://localhost",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "app://-:81"}) {
    EXPECT_TRUE(rules.Lists(origin)) << origin;
  }
  for (const char* origin :
       {"http://localhost", "https://localhost", "capacitor://evil",
        "capacitor://localhost:80", "Capacitor://localhost",
        "chrome-extension://bbcdefghijklmnopabcdefghijklmnop",
        "moz-extension://abcdefghijklmnopabcdefghijklmnop", "app://-",
        "xcapacitor://localhost", "://localhost", "null", "file://localhost"}) {
    EXPECT_FALSE(rules.Lists(origin)) << origin;
  }
}

TEST(OriginRulesTest, PagesWithoutAnOriginAreListedWithoutCookies) {
  const OriginRules rules = Rules({"null"});
  EXPECT_TRUE(rules.allows_null());
  EXPECT_FALSE(rules.allows_any());
  EXPECT_FALSE(rules.empty());
  EXPECT_FALSE(rules.Lists("null")) << "anybody can make such a page";
  EXPECT_FALSE(Rules({"*"}).allows_null());
}

TEST(OriginRulesTest, SameOriginLooksAtSchemeHostAndPort) {
  const auto same = [](absl::string_view origin, absl::string_view scheme,
                       absl::string_view host) {
    return OriginRules::IsSameOrigin(origin, scheme, host);
  };
  EXPECT_TRUE(same("http://a.example:8080", "http", "a.example:8080"));
  EXPECT_TRUE(same("https://A.example", "https", "a.example"));
  EXPECT_TRUE(same("https://a.example", "https", "a.example:443"));
  EXPECT_TRUE(same("http://a.example:80", "http", "a.example"));
  EXPECT_TRUE(same("http://[::1]:80", "http", "[::1]"));
  EXPECT_TRUE(same("https://a.example", "", "a.example"));
  EXPECT_FALSE(same("http://a.example", "https", "a.example"));
  EXPECT_FALSE(same("https://a.example", "http", "a.example"));
  EXPECT_FALSE(same("http://a.example:443", "https", "a.example"));
  EXPECT_FALSE(same("http://a.example", "", "a.example:443"));
  EXPECT_FALSE(same("http://a.example", "http", "a.example:8080"));
  EXPECT_FALSE(same("http://b.example", "http", "a.example"));
  EXPECT_FALSE(same("capacitor://a.example", "", "a.example"));
  EXPECT_FALSE(same("null", "", "null"));
  EXPECT_FALSE(same("", "", ""));
  EXPECT_FALSE(same("http://", "http", ""));
}

TEST(OriginRulesTest, HostsByNameOrDomain) {
  const OriginRules rules = Rules({}, {"a.example", "*.b.example", "[::1]"});
  for (const char* host :
       {"a.example", "A.EXAMPLE:8080", "x.b.example", "[::1]:1"}) {
    EXPECT_TRUE(rules.AllowsHost(host)) << host;
  }
  for (const char* host : {"", "b.example", "evil.example", "a.example.evil",
                           "a.example:x", "127.0.0.1", "a.example@evil"}) {
    EXPECT_FALSE(rules.AllowsHost(host)) << host;
  }
  EXPECT_TRUE(Rules({}).AllowsHost("whatever"));
}

}  // namespace
}  // namespace sse_bridge
