#include "bridge/http/connection_accounts.h"

#include <gtest/gtest.h>

#include <deque>

namespace sse_bridge {
namespace {

constexpr size_t kMax = 1000 << 10;

class ConnectionAccountsTest : public ::testing::Test {
 protected:
  Http1Connection* Enter(const std::string& key) {
    connections_.emplace_back();
    accounts_.Enter(&connections_.back(), key);
    return &connections_.back();
  }

  std::deque<Http1Connection> connections_;
  ConnectionAccounts accounts_{{kMax, 3}};
};

TEST_F(ConnectionAccountsTest, BeyondTheLimitTheLargestHolderGivesUpItsBytes) {
  Http1Connection* small = Enter("a");
  Http1Connection* large = Enter("b");
  Http1Connection* middle = Enter("c");
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

TEST_F(ConnectionAccountsTest, WhatOthersHoldCountsAgainstTheLimit) {
  Http1Connection* connection = Enter("");
  accounts_.SetHeld(connection, kMax / 2);
  EXPECT_EQ(accounts_.MustGiveBytes(kMax / 2), nullptr) << "at the bound";
  EXPECT_EQ(accounts_.MustGiveBytes(kMax / 2 + 1), connection);
}

TEST_F(ConnectionAccountsTest, AmongEqualHoldersTheNewestGivesUpItsBytes) {
  Http1Connection* first = Enter("a");
  Http1Connection* second = Enter("b");
  Http1Connection* third = Enter("c");
  accounts_.SetHeld(second, kMax * 2 / 5);
  accounts_.SetHeld(first, kMax * 2 / 5);
  accounts_.SetHeld(third, kMax * 2 / 5);
  EXPECT_EQ(accounts_.MustGiveBytes(), third);
}

TEST_F(ConnectionAccountsTest, ArrivingRequestsCountWithTheirExpectedSize) {
  Http1Connection* complete = Enter("a");
  Http1Connection* other = Enter("b");
  Http1Connection* coming = Enter("c");
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

TEST_F(ConnectionAccountsTest, OneAddressHoldsAtMostHalf) {
  Http1Connection* honest = Enter("b");
  accounts_.SetHeld(honest, kMax / 4);
  Http1Connection* mine[] = {Enter("a"), Enter("a"), Enter("a")};
  accounts_.SetHeld(mine[0], kMax / 8);
  accounts_.SetHeld(mine[1], kMax / 4);
  accounts_.SetHeld(mine[2], kMax / 8);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr) << "at the bound";
  accounts_.SetHeld(mine[2], kMax / 8 + 1);
  EXPECT_EQ(accounts_.MustGiveBytes(), mine[1]) << "not another address's";
  accounts_.SetHeld(mine[1], 0);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
}

TEST_F(ConnectionAccountsTest, ConnectionsWithoutAKeyMayHoldEverything) {
  Http1Connection* proxy = Enter("");
  accounts_.SetHeld(proxy, kMax);
  EXPECT_EQ(accounts_.MustGiveBytes(), nullptr);
  accounts_.SetHeld(proxy, kMax + 1);
  EXPECT_EQ(accounts_.MustGiveBytes(), proxy);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(accounts_.MustLeave(*Enter("")), nullptr);
  }
}

TEST_F(ConnectionAccountsTest, SmallHoldersAreNeverSelected) {
  ConnectionAccounts tiny{{100, 0}};
  Http1Connection connection;
  tiny.Enter(&connection, "a");
  tiny.SetHeld(&connection, ConnectionAccounts::kSmallBytes - 1);
  EXPECT_EQ(tiny.MustGiveBytes(), nullptr);
  tiny.SetHeld(&connection, ConnectionAccounts::kSmallBytes);
  EXPECT_EQ(tiny.MustGiveBytes(), &connection);
  tiny.Leave(&connection);
  EXPECT_EQ(tiny.held_bytes(), 0u);
  EXPECT_EQ(tiny.MustGiveBytes(), nullptr);
}

TEST_F(ConnectionAccountsTest,
       TheLongestWaitingConnectionOfAnAddressMustLeave) {
  Http1Connection* first = Enter("a");
  Http1Connection* second = Enter("a");
  Http1Connection* third = Enter("a");
  EXPECT_EQ(accounts_.MustLeave(*third), nullptr) << "at the bound";
  Http1Connection* other = Enter("b");
  Http1Connection* fourth = Enter("a");
  EXPECT_EQ(accounts_.MustLeave(*other), nullptr);
  EXPECT_EQ(accounts_.MustLeave(*fourth), first);
  // A connection whose request is being served does not wait for its client.
  accounts_.SetWaiting(second, false);
  EXPECT_EQ(accounts_.MustLeave(*fourth), nullptr);
  accounts_.SetWaiting(second, true);
  EXPECT_EQ(accounts_.MustLeave(*fourth), first);
  accounts_.Leave(first);
  EXPECT_EQ(accounts_.MustLeave(*fourth), nullptr);
  Http1Connection* fifth = Enter("a");
  EXPECT_EQ(accounts_.MustLeave(*fifth), third)
      << "the second started to wait again";
}

TEST_F(ConnectionAccountsTest, ClosedConnectionsLeaveNoState) {
  Http1Connection* first = Enter("a");
  Http1Connection* second = Enter("a");
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
