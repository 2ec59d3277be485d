#include "bridge/gateway/ticket_cookie.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
constexpr char kTicket[] = "AbCdEfGhIjKlMnOpQrSt";

class NoLink : public ConnectionHandle {
 public:
  bool MayKeepAlive() override { return false; }
  void Hold(size_t) override {}
  void Answer(std::string, bool) override {}
  std::unique_ptr<Socket> Detach() override { return nullptr; }
};

std::unique_ptr<HttpExchange> Request(
    const std::string& target,
    std::vector<std::pair<std::string, std::string>> headers = {}) {
  ParsedRequest parsed;
  parsed.verb = "GET";
  parsed.target = target;
  for (auto& header : headers) parsed.headers.push_back(header);
  return std::make_unique<HttpExchange>(std::move(parsed),
                                        std::make_unique<NoLink>());
}

std::vector<std::string> Set(const HttpExchange& exchange, bool tls = false,
                             absl::Time expires = kNow + absl::Minutes(5)) {
  return SetTicketCookie(exchange, kTicket, "value", tls, expires, kNow);
}

TEST(TicketCookieTest, IsLimitedToTheStreamAndExpiresWithTheToken) {
  const auto request = Request("/a/b?ticket=x");
  EXPECT_THAT(Set(*request),
              ElementsAre("sse-ticket-AbCdEfGhIjKl=value; Max-Age=300; "
                          "Path=/a/b; HttpOnly; SameSite=Strict"));
  EXPECT_THAT(Set(*request, /*tls=*/true),
              ElementsAre("sse-ticket-AbCdEfGhIjKl=value; Max-Age=300; "
                          "Path=/a/b; HttpOnly; Secure; SameSite=Strict"));
  EXPECT_THAT(Set(*request, false, absl::InfiniteFuture()),
              ElementsAre(Not(HasSubstr("Max-Age"))));
}

TEST(TicketCookieTest, IsSecureIfAnyProxyReportsTls) {
  for (const char* schemes : {"https", "HTTPS", "https, http", "http,https"}) {
    EXPECT_THAT(Set(*Request("/a", {{"X-Forwarded-Proto", schemes}})),
                ElementsAre(HasSubstr("; Secure; ")))
        << schemes;
  }
  EXPECT_THAT(Set(*Request("/a", {{"X-Forwarded-Proto", "http"}})),
              ElementsAre(Not(HasSubstr("Secure"))));
}

TEST(TicketCookieTest, CrossSitePagesGetOneOnlyOverTls) {
  const auto request = Request("/a", {{"Sec-Fetch-Site", "cross-site"}});
  EXPECT_THAT(Set(*request), ElementsAre(HasSubstr("SameSite=Strict")));
  EXPECT_THAT(Set(*request, /*tls=*/true),
              ElementsAre(HasSubstr("; Secure; SameSite=None; Partitioned")));
}

TEST(TicketCookieTest, RequestsCannotInjectAttributes) {
  for (const char* path :
       {"/a/b;Domain=evil", "/a/b\"c", "/a/b,c", "/a/b\\c"}) {
    EXPECT_THAT(Set(*Request(path)), ElementsAre(HasSubstr("; Path=/a/; Http")))
        << path;
  }
  EXPECT_THAT(Set(*Request("/a", {{"X-Forwarded-Prefix", "/p;Domain=evil"}})),
              ElementsAre(HasSubstr("; Path=/a; Http")));
  const auto odd = Request("/a", {{"Cookie", "sse-ticket-;=1"}});
  EXPECT_THAT(Set(*odd), ElementsAre(HasSubstr("=value; ")));
}

TEST(TicketCookieTest, OldestCookiesBeyondTheLimitAreDeleted) {
  std::string cookies = "session=mine";
  for (size_t i = 0; i + 1 < kMaxTicketCookies; ++i) {
    absl::StrAppend(&cookies, "; sse-ticket-old", i, "=x");
  }
  EXPECT_EQ(Set(*Request("/a", {{"Cookie", cookies}})).size(), 1u);
  absl::StrAppend(&cookies, "; sse-ticket-new=x; sse-ticket-newer=x");
  EXPECT_THAT(Set(*Request("/a", {{"Cookie", cookies}})),
              ElementsAre("sse-ticket-old0=; Max-Age=0; Path=/a; HttpOnly; "
                          "SameSite=Strict",
                          "sse-ticket-old1=; Max-Age=0; Path=/a; HttpOnly; "
                          "SameSite=Strict",
                          HasSubstr("=value; ")));
}

TEST(TicketCookieTest, IsFoundByItsTicket) {
  const auto found = [](const std::string& cookie) {
    return TicketCookie(*Request("/a", {{"Cookie", cookie}}), kTicket);
  };
  EXPECT_EQ(found("a=b; sse-ticket-AbCdEfGhIjKl=v; c=d"), "v");
  EXPECT_THAT(found("sse-ticket-other=v"), IsEmpty());
  EXPECT_THAT(found("sse-ticket-AbCdEfGhIjKl=v; sse-ticket-AbCdEfGhIjKl=w"),
              IsEmpty())
      << "ambiguous";
  EXPECT_THAT(TicketCookie(*Request("/a"), kTicket), IsEmpty());
}

}  // namespace
}  // namespace sse_bridge
