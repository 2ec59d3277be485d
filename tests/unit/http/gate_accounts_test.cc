#include "bridge/http/gate_accounts.h"

#include <gtest/gtest.h>

#include <deque>

namespace sse_bridge {
namespace {

constexpr size_t kMax = 1000 << 10;

class GateAccountsTest : public ::testing::Test {
 protected:
  GateConnection* Enter(const std::string& key) {
    connections_.emplace_back();
    accounts_.Enter(&connections_.back(), key);
    return &connections_.back();
  }

  std::deque<GateConnection> connections_;
  GateAccounts accounts_{{kMax, 3}};
};

TEST_F(GateAccountsTest, BeyondTheBoundTheLargestGives) {
  GateConnection* small = Enter("a");
  GateConnection* large = Enter("b");
  GateConnection* middle = Enter("c");
  accounts_.SetHeld(large, kMax / 2);
  accounts_.SetHeld(middle, kMax / 4);
  accounts_.SetHeld(small, kMax / 4);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr) << "at the bound";
  accounts_.SetHeld(small, kMax / 4 + 1);
  EXPECT_EQ(accounts_.MustGiveBytes(), large);
  accounts_.SetHeld(large, 0);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
  EXPECT_EQ(accounts_.held_bytes(), kMax / 2 + 1);
}

TEST_F(GateAccountsTest, OfEqualsTheNewestGives) {
  GateConnection* first = Enter("a");
  GateConnection* second = Enter("b");
  GateConnection* third = Enter("c");
  accounts_.SetHeld(second, kMax * 2 / 5);
  accounts_.SetHeld(first, kMax * 2 / 5);
  accounts_.SetHeld(third, kMax * 2 / 5);
  EXPECT_EQ(accounts_.MustGiveBytes(), third);
}

TEST_F(GateAccountsTest, WhoIsStillComingIsAsLargeAsItIsGoingToBe) {
  GateConnection* complete = Enter("a");
  GateConnection* other = Enter("b");
  GateConnection* coming = Enter("c");
  accounts_.SetHeld(complete, kMax * 2 / 5);
  accounts_.SetHeld(other, kMax * 2 / 5);
  accounts_.SetHeld(coming, kMax / 10, kMax * 2 / 5);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
  accounts_.SetHeld(coming, kMax / 4, kMax * 2 / 5);
  EXPECT_EQ(accounts_.MustGiveBytes(), coming);
  accounts_.SetHeld(coming, 0);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
  EXPECT_EQ(accounts_.held_bytes(), kMax * 2 / 5 * 2);
}

TEST_F(GateAccountsTest, AnAddressHoldsHalfOfItAtMost) {
  GateConnection* honest = Enter("b");
  accounts_.SetHeld(honest, kMax / 4);
  GateConnection* mine[] = {Enter("a"), Enter("a"), Enter("a")};
  accounts_.SetHeld(mine[0], kMax / 8);
  accounts_.SetHeld(mine[1], kMax / 4);
  accounts_.SetHeld(mine[2], kMax / 8);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr) << "at the bound";
  accounts_.SetHeld(mine[2], kMax / 8 + 1);
  EXPECT_EQ(accounts_.MustGiveBytes(), mine[1]) << "not the honest one";
  accounts_.SetHeld(mine[1], 0);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
}

TEST_F(GateAccountsTest, WhoHasNoAddressOfItsOwnMayHoldAll) {
  GateConnection* proxy = Enter("");
  accounts_.SetHeld(proxy, kMax);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
  accounts_.SetHeld(proxy, kMax + 1);
  EXPECT_EQ(accounts_.MustGiveBytes(), proxy);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(accounts_.MustLeave(*Enter("")), nullptr);
  }
}

TEST_F(GateAccountsTest, SmallHoldersAreLeftAlone) {
  GateAccounts tiny{{100, 0}};
  GateConnection connection;
  tiny.Enter(&connection, "a");
  tiny.SetHeld(&connection, GateAccounts::kSmallBytes - 1);
  EXPECT_EQ(tiny.MustGiveBytes(), nullptr);
  tiny.SetHeld(&connection, GateAccounts::kSmallBytes);
  EXPECT_EQ(tiny.MustGiveBytes(), &connection);
  tiny.Leave(&connection);
  EXPECT_EQ(tiny.held_bytes(), 0u);
  EXPECT_EQ(tiny.MustGiveBytes(), nullptr);
}

TEST_F(GateAccountsTest, OfAnAddressTheOneThatHasWaitedLongestLeaves) {
  GateConnection* first = Enter("a");
  GateConnection* second = Enter("a");
  GateConnection* third = Enter("a");
  EXPECT_EQ(accounts_.MustLeave(*third), nullptr) << "at the bound";
  GateConnection* other = Enter("b");
  GateConnection* fourth = Enter("a");
  EXPECT_EQ(accounts_.MustLeave(*other), nullptr);
  EXPECT_EQ(accounts_.MustLeave(*fourth), first);
  // A request that is served does not wait for its client.
  accounts_.SetWaiting(second, false);
  EXPECT_EQ(accounts_.MustLeave(*fourth), nullptr);
  accounts_.SetWaiting(second, true);
  EXPECT_EQ(accounts_.MustLeave(*fourth), first);
  accounts_.Leave(first);
  EXPECT_EQ(accounts_.MustLeave(*fourth), nullptr);
  GateConnection* fifth = Enter("a");
  EXPECT_EQ(accounts_.MustLeave(*fifth), third) << "the second began anew";
}

TEST_F(GateAccountsTest, NothingIsKeptOfWhoHasLeft) {
  GateConnection* first = Enter("a");
  GateConnection* second = Enter("a");
  accounts_.SetHeld(first, kMax);
  accounts_.Leave(first);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
  EXPECT_EQ(accounts_.addresses(), 1u);
  accounts_.Leave(second);
  EXPECT_EQ(accounts_.addresses(), 0u);
  EXPECT_EQ(accounts_.held_bytes(), 0u);
}

}  // namespace
}  // namespace sse_bridge
