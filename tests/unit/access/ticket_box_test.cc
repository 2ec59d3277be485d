#include "bridge/access/ticket_box.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
constexpr absl::Duration kLifetime = absl::Seconds(30);
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

std::unique_ptr<TicketBox> Box(absl::string_view secret = "",
                               int max_per_subject = 0) {
  return *TicketBox::Create(secret, {kLifetime, max_per_subject});
}

absl::StatusOr<std::string> Issue(TicketBox* box, const Identity& identity,
                                  absl::Time now) {
  absl::Duration retry_after;
  return box->Issue(identity, now, &retry_after);
}

Identity Ada() {
  Identity ada;
  ada.subject = "ada";
  ada.token_id = "t1";
  ada.scopes = {"a", "b:c"};
  ada.roles = {"admin"};
  ada.claims = {{"x-tenant", "t"}, {"x-tenant", ""}};
  ada.expires = kNow + absl::Minutes(5) + absl::Nanoseconds(7);
  return ada;
}

void ExpectRefused(TicketBox* box, absl::string_view ticket,
                   absl::Time now = kNow) {
  const auto identity = box->Redeem(ticket, now);
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(identity.status().message(), "invalid ticket");
}

TEST(TicketBoxTest, ReturnsTheIdentityOnce) {
  auto box = Box();
  const std::string ticket = *Issue(box.get(), Ada(), kNow);
  const auto identity = box->Redeem(ticket, kNow);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->subject, "ada");
  EXPECT_EQ(identity->token_id, "t1");
  EXPECT_EQ(identity->scopes, (std::vector<std::string>{"a", "b:c"}));
  EXPECT_EQ(identity->roles, std::vector<std::string>{"admin"});
  EXPECT_EQ(identity->claims, Ada().claims);
  EXPECT_EQ(identity->expires, Ada().expires);
  ExpectRefused(box.get(), ticket);
  EXPECT_TRUE(box->Redeem(*Issue(box.get(), Ada(), kNow), kNow).ok());
}

TEST(TicketBoxTest, IsValidUntilItExpires) {
  auto box = Box();
  const absl::Duration tick = absl::Nanoseconds(1);
  EXPECT_TRUE(
      box->Redeem(*Issue(box.get(), Ada(), kNow), kNow + kLifetime - tick)
          .ok());
  ExpectRefused(box.get(), *Issue(box.get(), Ada(), kNow), kNow + kLifetime);
}

TEST(TicketBoxTest, EndsWithTheToken) {
  auto box = Box();
  Identity soon = Ada();
  soon.expires = kNow + absl::Seconds(1);
  ExpectRefused(box.get(), *Issue(box.get(), soon, kNow), soon.expires);
  Identity never = Ada();
  never.expires = absl::InfiniteFuture();
  const auto identity = box->Redeem(*Issue(box.get(), never, kNow), kNow);
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->expires, absl::InfiniteFuture());
}

TEST(TicketBoxTest, EveryModifiedCharacterIsDetected) {
  auto box = Box();
  const std::string ticket = *Issue(box.get(), Ada(), kNow);
  for (size_t i = 0; i < ticket.size(); ++i) {
    std::string changed = ticket;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed != ticket) ExpectRefused(box.get(), changed);
  }
  for (size_t size = 0; size < ticket.size(); ++size) {
    ExpectRefused(box.get(), ticket.substr(0, size));
  }
  ExpectRefused(box.get(), ticket + "A");
  ExpectRefused(box.get(), ticket + "=");
  ExpectRefused(box.get(), std::string(1 << 20, 'A'));
  EXPECT_TRUE(box->Redeem(ticket, kNow).ok());
}

TEST(TicketBoxTest, TextRevealsNothing) {
  auto box = Box();
  const std::string one = *Issue(box.get(), Ada(), kNow);
  EXPECT_NE(one, *Issue(box.get(), Ada(), kNow));
  EXPECT_EQ(one.find("ada"), std::string::npos);
}

TEST(TicketBoxTest, OnlyBoxesWithTheSameSecretAcceptIt) {
  auto one = Box(kSecret), same = Box(kSecret), other = Box(), another = Box();
  ExpectRefused(other.get(), *Issue(one.get(), Ada(), kNow));
  ExpectRefused(another.get(), *Issue(other.get(), Ada(), kNow));
  EXPECT_TRUE(same->Redeem(*Issue(one.get(), Ada(), kNow), kNow).ok());
  EXPECT_EQ(TicketBox::Create("short", {kLifetime}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TicketBoxTest, IdentitiesThatAreTooLargeAreRefused) {
  auto box = Box();
  Identity large = Ada();
  large.roles.assign(100, std::string(64, 'r'));
  EXPECT_EQ(Issue(box.get(), large, kNow).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TicketBoxTest, UsedTicketsAreForgottenWhenTheyEnd) {
  auto box = Box();
  for (int second = 0; second < 100; ++second) {
    const absl::Time now = kNow + absl::Seconds(second);
    ASSERT_TRUE(box->Redeem(*Issue(box.get(), Ada(), now), now).ok());
    EXPECT_LE(box->used(), 31u);
  }
}

Identity Named(const std::string& subject) {
  Identity identity;
  identity.subject = subject;
  return identity;
}

TEST(TicketBoxTest, TicketsOfASubjectAreBounded) {
  auto box = Box("", 3);
  absl::Duration retry_after;
  std::vector<std::string> tickets;
  for (int i = 0; i < 3; ++i) {
    tickets.push_back(*box->Issue(Ada(), kNow, &retry_after));
  }
  const auto refused = box->Issue(Ada(), kNow, &retry_after);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(refused.status().message().find("max_tickets_per_subject is 3"),
            absl::string_view::npos);
  EXPECT_EQ(retry_after, kLifetime);
  // A used ticket is remembered, so it counts until it would have expired.
  for (const std::string& ticket : tickets) {
    ASSERT_TRUE(box->Redeem(ticket, kNow).ok());
  }
  EXPECT_FALSE(Issue(box.get(), Ada(), kNow).ok());
  // Other subjects are not affected.
  EXPECT_TRUE(box->Redeem(*Issue(box.get(), Named("ben"), kNow), kNow).ok());
  EXPECT_TRUE(Issue(box.get(), Ada(), kNow + kLifetime).ok());
  EXPECT_EQ(box->used(), 0u);
  EXPECT_EQ(box->subjects(), 1u);
}

TEST(TicketBoxTest, UsedTicketsOfASubjectAreBoundedWhoeverIssuedThem) {
  auto box = Box(kSecret, 3), other = Box(kSecret), another = Box(kSecret);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(box->Redeem(*Issue(other.get(), Ada(), kNow), kNow).ok());
  }
  const std::string fourth = *Issue(another.get(), Ada(), kNow);
  EXPECT_EQ(box->Redeem(fourth, kNow).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(box->Redeem(*Issue(other.get(), Named("ben"), kNow), kNow).ok());
  EXPECT_TRUE(another->Redeem(fourth, kNow).ok()) << "it was not used up";
}

TEST(TicketBoxTest, OneSubjectDoesNotAffectTicketsOfOthers) {
  auto box = Box("", 100);
  const std::string victims = *Issue(box.get(), Named("victim"), kNow);
  for (int i = 0; i < 200'000; ++i) {
    const auto ticket = Issue(box.get(), Ada(), kNow);
    if (!ticket.ok()) break;
    box->Redeem(*ticket, kNow).IgnoreError();
  }
  EXPECT_LE(box->used(), 100u);
  EXPECT_TRUE(box->Redeem(victims, kNow).ok());
}

TEST(TicketBoxTest, AllTogetherAreBounded) {
  auto box = Box();
  std::string ticket = *Issue(box.get(), Ada(), kNow);
  for (size_t i = 1; i < TicketBox::kMaxLive; ++i) {
    ASSERT_TRUE(box->Redeem(ticket, kNow).ok());
    ticket = *Issue(box.get(), Ada(), kNow);
  }
  absl::Duration retry_after;
  EXPECT_EQ(box->Issue(Ada(), kNow, &retry_after).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(box->used(), TicketBox::kMaxUsed - 1);
  ASSERT_TRUE(box->Redeem(ticket, kNow).ok());
  EXPECT_TRUE(Issue(box.get(), Ada(), kNow + kLifetime).ok());
  EXPECT_EQ(box->used(), 0u);
}

constexpr char kPath[] = "/channels/c/stream";

void ExpectNotAgain(TicketBox* box, absl::string_view ticket,
                    absl::string_view path, absl::string_view binding,
                    absl::Time now = kNow) {
  const auto identity = box->RedeemAgain(ticket, path, binding, now);
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(TicketBoxTest, WithItsBindingATicketIsGoodUntilTheTokenEnds) {
  auto box = Box();
  const std::string ticket = *Issue(box.get(), Ada(), kNow);
  ASSERT_TRUE(box->Redeem(ticket, kNow).ok());
  const std::string binding = box->Binding(ticket, kPath);
  const absl::Duration tick = absl::Nanoseconds(1);
  for (const absl::Time now : {kNow, kNow + kLifetime, Ada().expires - tick}) {
    const auto identity = box->RedeemAgain(ticket, kPath, binding, now);
    ASSERT_TRUE(identity.ok()) << identity.status();
    EXPECT_EQ(identity->subject, "ada");
    EXPECT_EQ(identity->token_id, "t1") << "so that it can be denied";
    EXPECT_EQ(identity->expires, Ada().expires);
    ExpectRefused(box.get(), ticket, now);
  }
  ExpectNotAgain(box.get(), ticket, kPath, binding, Ada().expires);
}

TEST(TicketBoxTest, ABindingIsGoodForItsTicketAndItsPathOnly) {
  auto box = Box(), other = Box();
  const std::string ticket = *Issue(box.get(), Ada(), kNow);
  const std::string second = *Issue(box.get(), Ada(), kNow);
  const std::string binding = box->Binding(ticket, kPath);
  ExpectNotAgain(box.get(), second, kPath, binding);
  ExpectNotAgain(box.get(), ticket, "/channels/d/stream", binding);
  ExpectNotAgain(box.get(), ticket, kPath, "");
  ExpectNotAgain(box.get(), ticket, kPath, other->Binding(ticket, kPath));
  ExpectNotAgain(box.get(), ticket, kPath, binding + "=");
  for (size_t i = 0; i < binding.size(); ++i) {
    std::string changed = binding;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed != binding) ExpectNotAgain(box.get(), ticket, kPath, changed);
  }
  ExpectNotAgain(box.get(), "", kPath, box->Binding("", kPath));
  ExpectNotAgain(box.get(), ticket.substr(0, 20), kPath, binding);
  EXPECT_TRUE(box->RedeemAgain(ticket, kPath, binding, kNow).ok());
}

TEST(TicketBoxTest, BoxesWithTheSameSecretAcceptEachOthersBindings) {
  auto one = Box(kSecret), same = Box(kSecret);
  const std::string ticket = *Issue(one.get(), Ada(), kNow);
  ASSERT_TRUE(one->Redeem(ticket, kNow).ok());
  const std::string binding = one->Binding(ticket, kPath);
  EXPECT_TRUE(same->RedeemAgain(ticket, kPath, binding, kNow).ok());
  // From now on it is used in that box as well.
  ExpectRefused(same.get(), ticket);
}

}  // namespace
}  // namespace sse_bridge
