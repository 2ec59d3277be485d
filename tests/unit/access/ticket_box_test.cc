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

std::unique_ptr<TicketBox> Box(absl::string_view secret = "") {
  return *TicketBox::Create(secret, kLifetime);
}

Identity Ada() {
  Identity ada;
  ada.subject = "ada";
  ada.token_id = "t1";
  ada.scopes = {"a", "b:c"};
  ada.roles = {"admin"};
  ada.expires = kNow + absl::Minutes(5) + absl::Nanoseconds(7);
  return ada;
}

void ExpectRefused(TicketBox* box, absl::string_view ticket,
                   absl::Time now = kNow) {
  const auto identity = box->Redeem(ticket, now);
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(identity.status().message(), "invalid ticket");
}

TEST(TicketBoxTest, GivesTheIdentityBackOnce) {
  auto box = Box();
  const std::string ticket = *box->Issue(Ada(), kNow);
  const auto identity = box->Redeem(ticket, kNow);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->subject, "ada");
  EXPECT_EQ(identity->token_id, "t1");
  EXPECT_EQ(identity->scopes, (std::vector<std::string>{"a", "b:c"}));
  EXPECT_EQ(identity->roles, std::vector<std::string>{"admin"});
  EXPECT_EQ(identity->expires, Ada().expires);
  ExpectRefused(box.get(), ticket);
  EXPECT_TRUE(box->Redeem(*box->Issue(Ada(), kNow), kNow).ok());
}

TEST(TicketBoxTest, IsGoodUntilItsEndAndNotLonger) {
  auto box = Box();
  const absl::Duration tick = absl::Nanoseconds(1);
  EXPECT_TRUE(
      box->Redeem(*box->Issue(Ada(), kNow), kNow + kLifetime - tick).ok());
  ExpectRefused(box.get(), *box->Issue(Ada(), kNow), kNow + kLifetime);
}

TEST(TicketBoxTest, EndsWithTheToken) {
  auto box = Box();
  Identity soon = Ada();
  soon.expires = kNow + absl::Seconds(1);
  ExpectRefused(box.get(), *box->Issue(soon, kNow), soon.expires);
  Identity never = Ada();
  never.expires = absl::InfiniteFuture();
  const auto identity = box->Redeem(*box->Issue(never, kNow), kNow);
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->expires, absl::InfiniteFuture());
}

TEST(TicketBoxTest, NoChangeOfOneCharacterIsTaken) {
  auto box = Box();
  const std::string ticket = *box->Issue(Ada(), kNow);
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

TEST(TicketBoxTest, SaysNothingToWhoReadsIt) {
  auto box = Box();
  const std::string one = *box->Issue(Ada(), kNow);
  EXPECT_NE(one, *box->Issue(Ada(), kNow));
  EXPECT_EQ(one.find("ada"), std::string::npos);
}

TEST(TicketBoxTest, OnlyBoxesWithTheSameSecretTakeIt) {
  auto one = Box(kSecret), same = Box(kSecret), other = Box(), another = Box();
  ExpectRefused(other.get(), *one->Issue(Ada(), kNow));
  ExpectRefused(another.get(), *other->Issue(Ada(), kNow));
  EXPECT_TRUE(same->Redeem(*one->Issue(Ada(), kNow), kNow).ok());
  EXPECT_EQ(TicketBox::Create("short", kLifetime).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TicketBoxTest, IdentitiesThatAreTooLargeAreRefused) {
  auto box = Box();
  Identity large = Ada();
  large.roles.assign(100, std::string(64, 'r'));
  EXPECT_EQ(box->Issue(large, kNow).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TicketBoxTest, UsedTicketsAreForgottenWhenTheyEnd) {
  auto box = Box();
  for (int second = 0; second < 100; ++second) {
    const absl::Time now = kNow + absl::Seconds(second);
    ASSERT_TRUE(box->Redeem(*box->Issue(Ada(), now), now).ok());
    EXPECT_LE(box->used(), 31u);
  }
}

TEST(TicketBoxTest, UsedTicketsAreBounded) {
  auto box = Box();
  for (size_t i = 0; i < TicketBox::kMaxUsed; ++i) {
    ASSERT_TRUE(box->Redeem(*box->Issue(Ada(), kNow), kNow).ok());
  }
  const std::string last = *box->Issue(Ada(), kNow + kLifetime / 2);
  EXPECT_EQ(box->Redeem(last, kNow + kLifetime / 2).status().code(),
            absl::StatusCode::kUnavailable);
  // It was not used up by that.
  EXPECT_TRUE(box->Redeem(last, kNow + kLifetime).ok());
}

}  // namespace
}  // namespace sse_bridge
