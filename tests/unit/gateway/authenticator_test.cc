#include "bridge/gateway/authenticator.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/access/test_keys.h"
#include "tests/unit/http/exchange_testing.h"
#include "tests/unit/net/manual_clock.h"

namespace sse_bridge {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeExchange;
using ::testing::Pair;

constexpr absl::Duration kLeeway = absl::Seconds(30);

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    auto keys = KeySet::Parse(key_.secret(), "keys");
    EXPECT_TRUE(keys.ok()) << keys.status();
    TokenVerifier::Options options;
    options.claims.leeway = kLeeway;
    auto verifier =
        TokenVerifier::CreateWithKeys(std::move(options), *std::move(keys));
    EXPECT_TRUE(verifier.ok()) << verifier.status();
    verifier_ = *std::move(verifier);
    auto tickets = TicketBox::Create("", {});
    EXPECT_TRUE(tickets.ok()) << tickets.status();
    tickets_ = *std::move(tickets);
    auto origins = OriginRules::Create({"https://app.example"}, {});
    EXPECT_TRUE(origins.ok()) << origins.status();
    browsers_ = std::make_unique<BrowserRules>(*std::move(origins),
                                               BrowserRules::Options());
    parts_.verifier = verifier_.get();
    parts_.tickets = tickets_.get();
    parts_.denied = &denied_;
    parts_.browsers = browsers_.get();
    source_.cookie_name = "session";
    source_.query = true;
    authenticated_.set_authenticated(true);
  }

  std::unique_ptr<Authenticator> Create() {
    return std::make_unique<Authenticator>(parts_, kLeeway, source_);
  }

  json Claims() const { return {{"sub", "ada"}, {"exp", expiry_}}; }
  std::string Token(const json& claims) const {
    return MakeToken(key_, "HS256", claims);
  }
  HttpHeaders Bearer(const json& claims) const {
    return {{"Authorization", absl::StrCat("Bearer ", Token(claims))}};
  }
  std::string Ticket() {
    Identity identity;
    identity.subject = "ada";
    absl::Duration retry_after;
    auto ticket = tickets_->Issue(identity, absl::Now(), &retry_after);
    EXPECT_TRUE(ticket.ok()) << ticket.status();
    return *ticket;
  }

  const TestKey key_ = TestKey::Secret(std::string(64, 's'));
  const int64_t expiry_ = absl::ToUnixSeconds(absl::Now()) + 3600;
  std::unique_ptr<TokenVerifier> verifier_;
  std::unique_ptr<TicketBox> tickets_;
  std::unique_ptr<BrowserRules> browsers_;
  DenyList denied_;
  Authenticator::Parts parts_;
  TokenSourceOptions source_;
  const sse::v1::Access public_;
  sse::v1::Access authenticated_;
};

auto FailuresAre(const char* reason) {
  return ElementsAre(Pair(Pair(reason, ""), 1));
}

TEST_F(AuthenticatorTest, RequestWithoutCredentialsIsAnonymous) {
  const auto authenticator = Create();
  const auto exchange = MakeExchange("GET", "/a");
  const auto identity = authenticator->WhoIs(*exchange, {});
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_FALSE(identity->has_value());
  EXPECT_TRUE(authenticator->Admit(*exchange, public_, {}).ok());
  EXPECT_THAT(authenticator->failures().Snapshot(), IsEmpty());

  const auto refused = authenticator->Admit(*exchange, authenticated_, {});
  EXPECT_EQ(refused.status(),
            absl::UnauthenticatedError("authentication required"));
  EXPECT_THAT(authenticator->failures().Snapshot(), FailuresAre("no token"));
}

TEST_F(AuthenticatorTest, LeewayDoesNotProlongAnIdentity) {
  const auto identity =
      Create()->WhoIs(*MakeExchange("GET", "/a", Bearer(Claims())), {});
  ASSERT_TRUE(identity.ok() && identity->has_value()) << identity.status();
  EXPECT_EQ((*identity)->subject, "ada");
  EXPECT_EQ((*identity)->expires, absl::FromUnixSeconds(expiry_));
}

TEST_F(AuthenticatorTest, MissingScopeIsDeniedAndCounted) {
  const auto authenticator = Create();
  sse::v1::Access rule;
  rule.add_scopes()->add_any_of("read");
  json claims = Claims();
  claims["scope"] = "write";
  EXPECT_EQ(
      authenticator->Admit(*MakeExchange("GET", "/a", Bearer(claims)), rule, {})
          .status(),
      absl::PermissionDeniedError("missing scope read"));
  EXPECT_THAT(authenticator->failures().Snapshot(),
              FailuresAre("scope or role"));
  claims["scope"] = "write read";
  EXPECT_TRUE(
      authenticator->Admit(*MakeExchange("GET", "/a", Bearer(claims)), rule, {})
          .ok());
}

// Servers disagree on which of two headers counts.
TEST_F(AuthenticatorTest, CredentialsThatOccurTwiceAreRefused) {
  const std::string token = Token(Claims());
  const std::string bearer = absl::StrCat("Bearer ", token);
  QueryCredentials query;
  query.access_token = true;
  query.ticket = true;
  const std::pair<const char*, std::pair<std::string, HttpHeaders>> kCases[] = {
      {"more than one Authorization header",
       {"/a", {{"Authorization", bearer}, {"authorization", bearer}}}},
      {"more than one Cookie header",
       {"/a", {{"Cookie", "session=x"}, {"Cookie", "other=y"}}}},
      {"ambiguous credentials",
       {absl::StrCat("/a?access_token=", token, "&access_token=", token), {}}},
      {"ambiguous credentials", {"/a?ticket=x&ticket=y", {}}},
  };
  for (const auto& [message, request] : kCases) {
    const auto authenticator = Create();
    EXPECT_EQ(
        authenticator
            ->WhoIs(*MakeExchange("GET", request.first, request.second), query)
            .status(),
        absl::UnauthenticatedError(message));
    EXPECT_THAT(authenticator->failures().Snapshot(),
                FailuresAre("malformed credentials"));
  }
}

TEST_F(AuthenticatorTest, BadTokenDoesNotBlockWhatIsPublic) {
  const auto authenticator = Create();
  const auto exchange =
      MakeExchange("GET", "/a", {{"Authorization", "Bearer x.y.z"}});
  const auto identity = authenticator->Admit(*exchange, public_, {});
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_FALSE(identity->has_value());
  EXPECT_THAT(authenticator->failures().Snapshot(), IsEmpty());
  EXPECT_EQ(authenticator->Admit(*exchange, authenticated_, {}).status(),
            absl::UnauthenticatedError("invalid token"));
  EXPECT_EQ(authenticator->failures().Snapshot().size(), 1u);
}

TEST_F(AuthenticatorTest, CookieOfAnotherSitesPageIsRefusedForAnyRule) {
  const auto authenticator = Create();
  const std::string cookie = absl::StrCat("session=", Token(Claims()));
  const auto evil = MakeExchange("GET", "/a",
                                 {{"Cookie", cookie},
                                  {"Host", "bridge.example"},
                                  {"Origin", "https://evil.example"}});
  EXPECT_TRUE(absl::IsPermissionDenied(
      authenticator->Admit(*evil, public_, {}).status()));
  EXPECT_THAT(authenticator->failures().Snapshot(),
              FailuresAre("cookie of another site"));
  const auto listed = MakeExchange(
      "GET", "/a", {{"Cookie", cookie}, {"Origin", "https://app.example"}});
  const auto identity = authenticator->Admit(*listed, authenticated_, {});
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ((*identity)->subject, "ada");
}

TEST_F(AuthenticatorTest, QueryCarriesATokenOnlyIfEnabledAndNotAField) {
  const auto exchange =
      MakeExchange("GET", absl::StrCat("/a?access_token=", Token(Claims())));
  for (const bool enabled : {false, true}) {
    for (const bool is_own : {false, true}) {
      source_.query = enabled;
      QueryCredentials query;
      query.access_token = is_own;
      const auto identity = Create()->WhoIs(*exchange, query);
      ASSERT_TRUE(identity.ok()) << identity.status();
      EXPECT_EQ(identity->has_value(), enabled && is_own);
    }
  }
}

TEST_F(AuthenticatorTest, DeniedTokensAreRefusedWithoutAReason) {
  ASSERT_TRUE(denied_.Replace("jti t1", "list").ok());
  const auto authenticator = Create();
  json claims = Claims();
  claims["jti"] = "t1";
  EXPECT_EQ(authenticator->WhoIs(*MakeExchange("GET", "/a", Bearer(claims)), {})
                .status(),
            absl::UnauthenticatedError("invalid token"));
  EXPECT_THAT(authenticator->failures().Snapshot(), FailuresAre("deny list"));
  EXPECT_TRUE(
      authenticator->WhoIs(*MakeExchange("GET", "/a", Bearer(Claims())), {})
          .ok());
}

TEST_F(AuthenticatorTest, TicketIsAcceptedOnceAndOnlyForGet) {
  const auto authenticator = Create();
  const std::string target = absl::StrCat("/a?ticket=", Ticket());
  QueryCredentials query;
  // The parameter is a field of the request, or the request could set headers.
  EXPECT_FALSE(
      authenticator->WhoIs(*MakeExchange("GET", target), query)->has_value());
  query.ticket = true;
  EXPECT_FALSE(
      authenticator->WhoIs(*MakeExchange("POST", target), query)->has_value());
  const auto first = authenticator->WhoIs(*MakeExchange("GET", target), query);
  ASSERT_TRUE(first.ok() && first->has_value()) << first.status();
  EXPECT_EQ((*first)->subject, "ada");
  EXPECT_TRUE(absl::IsUnauthenticated(
      authenticator->WhoIs(*MakeExchange("GET", target), query).status()));
  EXPECT_THAT(authenticator->failures().Snapshot(), FailuresAre("ticket"));
}

TEST_F(AuthenticatorTest, UsedTicketIsAcceptedFromTheBrowserThatUsedIt) {
  const auto authenticator = Create();
  const std::string target = absl::StrCat("/a?ticket=", Ticket());
  QueryCredentials query;
  query.ticket = query.comes_back = true;
  std::vector<std::string> cookies;
  ASSERT_TRUE(
      authenticator
          ->WhoIs(*MakeExchange("GET", target), query, nullptr, &cookies)
          .ok());
  ASSERT_THAT(cookies, ElementsAre(HasSubstr("HttpOnly")));
  const std::string cookie = cookies[0].substr(0, cookies[0].find(';'));
  for (int i = 0; i < 2; ++i) {
    const auto again = authenticator->WhoIs(
        *MakeExchange("GET", target, {{"Cookie", cookie}}), query);
    ASSERT_TRUE(again.ok() && again->has_value()) << again.status();
    EXPECT_EQ((*again)->subject, "ada");
  }
  EXPECT_TRUE(absl::IsPermissionDenied(
      authenticator
          ->WhoIs(*MakeExchange(
                      "GET", target,
                      {{"Cookie", cookie}, {"Sec-Fetch-Site", "cross-site"}}),
                  query)
          .status()));
  EXPECT_TRUE(absl::IsUnauthenticated(
      authenticator->WhoIs(*MakeExchange("GET", target), query).status()));
}

TEST_F(AuthenticatorTest, WithoutKeysNoTokenIsValid) {
  parts_.verifier = nullptr;
  const auto authenticator = Create();
  EXPECT_EQ(
      authenticator->WhoIs(*MakeExchange("GET", "/a", Bearer(Claims())), {})
          .status(),
      absl::UnauthenticatedError("invalid token"));
  EXPECT_THAT(authenticator->failures().Snapshot(), FailuresAre("no keys"));
}

TEST_F(AuthenticatorTest, OutcomeIsOpenUntilThePublishedKeysWereFetched) {
  JwksFetcher::Options options;
  options.url = "http://127.0.0.1/jwks";  // never started
  auto fetcher = JwksFetcher::Create(options, [](KeySet) {});
  ASSERT_TRUE(fetcher.ok()) << fetcher.status();
  parts_.published_keys = fetcher->get();
  const auto authenticator = Create();
  const std::string token = MakeToken(TestKey::Ed25519(), "EdDSA", Claims());
  const auto exchange = MakeExchange(
      "GET", "/a", {{"Authorization", absl::StrCat("Bearer ", token)}});
  bool unknown_key = false;
  EXPECT_TRUE(absl::IsUnavailable(
      authenticator->WhoIs(*exchange, {}, &unknown_key).status()));
  EXPECT_TRUE(unknown_key);
  EXPECT_THAT(authenticator->failures().Snapshot(), IsEmpty());
}

TEST_F(AuthenticatorTest, UnknownKeyIsCountedIfNoneCanBeFetched) {
  const auto authenticator = Create();
  EXPECT_FALSE(authenticator->WhenKeysAreFresh([] { ADD_FAILURE(); }));
  EXPECT_EQ(authenticator->failures().Snapshot().size(), 1u);
}

TEST_F(AuthenticatorTest, EachSubjectHasItsOwnTicketRate) {
  EXPECT_EQ(Create()->TicketWait("ada"), absl::ZeroDuration()) << "no limit";
  RateLimiter::Options options;
  options.per_second = 0.001;
  RateLimiter rate(options);
  parts_.ticket_rate = &rate;
  const auto authenticator = Create();
  EXPECT_EQ(authenticator->TicketWait("ada"), absl::ZeroDuration());
  EXPECT_GT(authenticator->TicketWait("ada"), absl::ZeroDuration());
  EXPECT_EQ(authenticator->TicketWait("bob"), absl::ZeroDuration());
}

TEST_F(AuthenticatorTest, TicketRateFollowsTheClock) {
  RateLimiter::Options options;
  options.per_second = 1;
  RateLimiter rate(options);
  ManualClock clock;
  parts_.ticket_rate = &rate;
  parts_.clock = &clock;
  const auto authenticator = Create();
  EXPECT_EQ(authenticator->TicketWait("ada"), absl::ZeroDuration());
  EXPECT_EQ(authenticator->TicketWait("ada"), absl::Seconds(1));
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(authenticator->TicketWait("ada"), absl::ZeroDuration());
}

}  // namespace
}  // namespace sse_bridge
