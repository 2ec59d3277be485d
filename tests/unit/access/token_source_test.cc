#include "bridge/access/token_source.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

const TokenSourceOptions kAll = {"session", true};

FoundToken Find(const TokenParts& parts,
                const TokenSourceOptions& options = kAll) {
  const absl::StatusOr<FoundToken> found = FindToken(parts, options);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.value_or(FoundToken());
}

TokenParts Authorization(absl::string_view value) {
  return {.authorization = value, .cookie = {}, .query = {}};
}

TokenParts Cookie(absl::string_view value) {
  return {.authorization = {}, .cookie = value, .query = {}};
}

TEST(TokenSourceTest, NoTokenIsNotAnError) {
  EXPECT_EQ(Find({}).origin, TokenOrigin::kNowhere);
}

TEST(TokenSourceTest, AuthorizationBeforeCookieBeforeQuery) {
  TokenParts parts = {"Bearer a", "session=c", "q"};
  EXPECT_EQ(Find(parts).token, "a");
  EXPECT_EQ(Find(parts).origin, TokenOrigin::kAuthorization);
  parts.authorization.reset();
  EXPECT_EQ(Find(parts).token, "c");
  EXPECT_EQ(Find(parts).origin, TokenOrigin::kCookie);
  parts.cookie.reset();
  EXPECT_EQ(Find(parts).token, "q");
  EXPECT_EQ(Find(parts).origin, TokenOrigin::kQuery);
}

TEST(TokenSourceTest, CookieAndQueryOnlyWhenSwitchedOn) {
  const TokenParts parts = {{}, "session=c; =x", "q"};
  EXPECT_EQ(Find(parts, {}).origin, TokenOrigin::kNowhere);
  EXPECT_EQ(Find(parts, {"", true}).origin, TokenOrigin::kQuery);
  EXPECT_EQ(Find({{}, {}, "q"}, {"session", false}).origin,
            TokenOrigin::kNowhere);
}

TEST(TokenSourceTest, SchemeIsCaseInsensitive) {
  for (const char* value :
       {"Bearer a.b-c_d~e+f/g=", "bearer a.b-c_d~e+f/g=",
        "BEARER   a.b-c_d~e+f/g=", " bEaReR a.b-c_d~e+f/g= "}) {
    EXPECT_EQ(Find(Authorization(value)).token, "a.b-c_d~e+f/g=") << value;
  }
}

TEST(TokenSourceTest, MalformedAuthorizationIsRefusedDespiteAGoodCookie) {
  for (absl::string_view value :
       {absl::string_view(""), absl::string_view(" "),
        absl::string_view("Bearer"), absl::string_view("Bearer "),
        absl::string_view("Bearer a b"), absl::string_view("Bearer a,b"),
        absl::string_view("Bearer \"a\""), absl::string_view("Bearer: a"),
        absl::string_view("Bearer\ta"), absl::string_view("Bearer a\r\nX: b"),
        absl::string_view("Bearer \xc3\xa9"), absl::string_view("B(earer a"),
        absl::string_view("Bearer a\0b", 10)}) {
    TokenParts parts = {value, "session=c", "q"};
    EXPECT_EQ(FindToken(parts, kAll).status().code(),
              absl::StatusCode::kUnauthenticated)
        << value;
  }
}

TEST(TokenSourceTest, AnotherSchemeIsIgnored) {
  EXPECT_EQ(Find(Authorization("Basic dXNlcjpwYXNz")).origin,
            TokenOrigin::kNowhere);
  EXPECT_EQ(Find({"Basic dXNlcjpwYXNz", "session=c", {}}).token, "c");
  EXPECT_EQ(Find(Authorization("Bearers a")).origin, TokenOrigin::kNowhere);
}

TEST(TokenSourceTest, CookieIsFoundByItsExactName) {
  for (const char* value :
       {"session=c", "a=1; session=c", "session=c;b=2", "a=1;  session=c ;b",
        "session=\"c\"", "Session=x; session=c; sessions=y", "\tsession=c",
        "session=c; session=c", "a; session=c; session"}) {
    EXPECT_EQ(Find(Cookie(value)).token, "c") << value;
  }
  for (const char* value : {"", ";", "session", "session=", "session=\"\"",
                            "xsession=c", "a=session=c", "SESSION=c", "=c"}) {
    EXPECT_EQ(Find(Cookie(value)).origin, TokenOrigin::kNowhere) << value;
  }
  EXPECT_EQ(Find(Cookie("session=a=b==")).token, "a=b==");
  EXPECT_EQ(Find(Cookie("session=\"c")).token, "\"c");
}

TEST(TokenSourceTest, TwoDifferentCookiesOfTheNameAreRefused) {
  EXPECT_EQ(FindToken(Cookie("session=a; session=b"), kAll).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(FindToken(Cookie("session=; session=b"), kAll).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(TokenSourceTest, EmptyQueryParameterIsNoToken) {
  EXPECT_EQ(Find({{}, {}, ""}).origin, TokenOrigin::kNowhere);
}

}  // namespace
}  // namespace sse_bridge
