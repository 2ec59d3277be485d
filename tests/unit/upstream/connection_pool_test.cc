#include "bridge/upstream/connection_pool.h"

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using Lease = std::unique_ptr<ConnectionPool::Lease>;
using Verdict = ConnectionPool::Verdict;
constexpr auto kStream = ConnectionPool::Use::kStream;
constexpr auto kUnary = ConnectionPool::Use::kUnary;

class FakeConnection : public PooledConnection {
 public:
  bool Ready() override { return ready; }
  bool ready = true;
};

class ConnectionPoolTest : public ::testing::Test {
 protected:
  void Make(ConnectionPool::Options options) {
    pool_ = std::make_shared<ConnectionPool>(options, [this] {
      opened_.push_back(std::make_shared<FakeConnection>());
      return opened_.back();
    });
  }

  Lease Take(ConnectionPool::Use use = kStream) {
    return pool_->Take(use, now_);
  }

  Lease TakeAndSend(ConnectionPool::Use use = kStream) {
    Lease lease = Take(use);
    if (lease != nullptr) lease->Sent(now_);
    return lease;
  }

  // The connection carries this many calls; one more is not sent.
  void Learn(int limit) {
    for (int i = 0; i < limit; ++i) leases_.push_back(TakeAndSend());
    const Lease stuck = Take();
    Pass(ConnectionPool::kPatience);
    ASSERT_EQ(stuck->Judge(false, false, now_), Verdict::kMove);
  }

  void Pass(absl::Duration time) { now_ += time; }

  std::vector<std::shared_ptr<FakeConnection>> opened_;
  std::shared_ptr<ConnectionPool> pool_;
  std::vector<Lease> leases_;
  absl::Duration now_ = absl::Hours(1);
};

TEST_F(ConnectionPoolTest, FillsAConnectionBeforeItOpensAnother) {
  Make({.streams_per_connection = 2});
  for (int i = 0; i < 4; ++i) leases_.push_back(TakeAndSend());
  EXPECT_EQ(opened_.size(), 2u);
  EXPECT_EQ(leases_[1]->connection(), opened_[0].get());
  EXPECT_EQ(leases_[2]->connection(), opened_[1].get());
  // A released slot is used first.
  leases_[0] = nullptr;
  EXPECT_EQ(Take()->connection(), opened_[0].get());
}

TEST_F(ConnectionPoolTest, UnaryCallsUseSeparateConnections) {
  Make({.streams_per_connection = 1, .max_connections = 3});
  leases_.push_back(TakeAndSend());
  leases_.push_back(TakeAndSend());
  EXPECT_EQ(Take(), nullptr) << "the last is for unary calls";
  leases_.push_back(TakeAndSend(kUnary));
  ASSERT_NE(leases_.back(), nullptr);
  EXPECT_EQ(opened_.size(), 3u);
  EXPECT_EQ(Take(kUnary), nullptr);
  // Unary calls may use the streams' connections.
  leases_.erase(leases_.begin(), leases_.begin() + 2);
  Pass(absl::Hours(1));
  pool_->CloseIdle(now_);
  EXPECT_NE(Take(kUnary), nullptr);
}

TEST_F(ConnectionPoolTest, SpreadsOverTheFirstConnections) {
  Make({.streams_per_connection = 2, .spread = 3});
  for (int i = 0; i < 3; ++i) leases_.push_back(TakeAndSend());
  EXPECT_EQ(opened_.size(), 3u);
  for (int i = 0; i < 3; ++i) leases_.push_back(TakeAndSend());
  EXPECT_EQ(opened_.size(), 3u);
  // The least loaded one.
  leases_[1] = nullptr;
  EXPECT_EQ(Take()->connection(), opened_[1].get());
}

TEST_F(ConnectionPoolTest, BlockedCallRevealsTheLimit) {
  Make({.streams_per_connection = 100});
  for (int i = 0; i < 3; ++i) leases_.push_back(TakeAndSend());
  Lease stuck = Take();
  Pass(ConnectionPool::kPatience / 2);
  EXPECT_EQ(stuck->Judge(false, false, now_), Verdict::kWait);
  Pass(ConnectionPool::kPatience / 2);
  EXPECT_EQ(stuck->Judge(false, false, now_), Verdict::kMove);
  stuck = nullptr;
  // The call moves, and later calls use the lower limit.
  for (int i = 0; i < 4; ++i) leases_.push_back(TakeAndSend());
  EXPECT_EQ(opened_.size(), 3u);
  EXPECT_EQ(leases_[3]->connection(), opened_[1].get());
  EXPECT_EQ(leases_[5]->connection(), opened_[1].get());
  EXPECT_EQ(leases_[6]->connection(), opened_[2].get());
}

TEST_F(ConnectionPoolTest, BusyMachineDoesNotLookLikeALimit) {
  Make({});
  leases_.push_back(TakeAndSend());
  const Lease slow = Take();
  Pass(ConnectionPool::kPatience);
  EXPECT_EQ(slow->Judge(false, /*late=*/true, now_), Verdict::kWait);
  Pass(ConnectionPool::kPatience / 2);
  EXPECT_EQ(slow->Judge(false, /*late=*/false, now_), Verdict::kWait);
  // But not forever.
  Pass(ConnectionPool::kLongestQueue);
  EXPECT_EQ(slow->Judge(false, /*late=*/true, now_), Verdict::kMove);
}

TEST_F(ConnectionPoolTest, LoweredLimitIsDetected) {
  Make({.streams_per_connection = 100});
  Learn(8);
  leases_.pop_back();
  const Lease stuck = Take();
  EXPECT_EQ(stuck->connection(), opened_[0].get());
  Pass(ConnectionPool::kPatience);
  EXPECT_EQ(stuck->Judge(false, false, now_), Verdict::kMove);
  const Lease next = Take();
  ASSERT_EQ(opened_.size(), 2u);
  EXPECT_EQ(next->connection(), opened_[1].get());
}

TEST_F(ConnectionPoolTest, UnestablishedConnectionRevealsNoLimit) {
  Make({});
  const Lease lease = Take();
  const Lease other = TakeAndSend();
  opened_[0]->ready = false;
  Pass(absl::Minutes(1));
  EXPECT_EQ(lease->Judge(false, false, now_), Verdict::kWait);
  opened_[0]->ready = true;
  EXPECT_EQ(lease->Judge(false, false, now_), Verdict::kWait);
  Pass(ConnectionPool::kPatience);
  EXPECT_EQ(lease->Judge(false, false, now_), Verdict::kMove);
}

TEST_F(ConnectionPoolTest, BlockedCallsWaitWhileOthersAreSent) {
  Make({});
  const Lease waiting = Take();
  for (absl::Duration waited;
       waited < ConnectionPool::kLongestQueue - absl::Milliseconds(200);
       waited += absl::Milliseconds(200)) {
    leases_.push_back(TakeAndSend());
    Pass(absl::Milliseconds(200));
    EXPECT_EQ(waiting->Judge(false, false, now_), Verdict::kWait);
  }
  // But not forever.
  leases_.push_back(TakeAndSend());
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(waiting->Judge(false, false, now_), Verdict::kMove);
}

TEST_F(ConnectionPoolTest, LargeRequestsMayWaitForFlowControl) {
  Make({});
  const Lease other = TakeAndSend();
  const Lease lease = Take();
  Pass(ConnectionPool::kLongPatience - absl::Milliseconds(1));
  EXPECT_EQ(lease->Judge(/*large=*/true, false, now_), Verdict::kWait);
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(lease->Judge(/*large=*/true, false, now_), Verdict::kMove);
}

TEST_F(ConnectionPoolTest, ConnectionThatAcceptsNothingRejectsTheCall) {
  Make({});
  const Lease lease = Take();
  Pass(ConnectionPool::kLongPatience - absl::Milliseconds(1));
  EXPECT_EQ(lease->Judge(false, false, now_), Verdict::kWait);
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(lease->Judge(false, false, now_), Verdict::kRefuse);
}

TEST_F(ConnectionPoolTest, FullConnectionIsRetriedBeforeARejection) {
  Make({.streams_per_connection = 100, .max_connections = 2});
  Learn(3);
  EXPECT_EQ(Take(), nullptr);
  Pass(ConnectionPool::kBetweenRetries + absl::Seconds(1));
  leases_.push_back(TakeAndSend());  // the limit was raised
  ASSERT_NE(leases_.back(), nullptr);
  EXPECT_EQ(Take(), nullptr);
}

TEST_F(ConnectionPoolTest, DetectedLimitIsForgotten) {
  Make({.streams_per_connection = 100});
  Learn(3);
  Pass(ConnectionPool::kRemembered + absl::Seconds(1));
  for (int i = 0; i < 10; ++i) leases_.push_back(TakeAndSend());
  EXPECT_EQ(opened_.size(), 1u);
}

TEST_F(ConnectionPoolTest, IdleConnectionsCloseExceptTheFirst) {
  Make({.streams_per_connection = 1, .idle = absl::Seconds(10)});
  for (int i = 0; i < 3; ++i) leases_.push_back(TakeAndSend());
  leases_.push_back(TakeAndSend(kUnary));
  EXPECT_TRUE(pool_->CloseIdle(now_));
  leases_.clear();
  Pass(absl::Seconds(9));
  EXPECT_TRUE(pool_->CloseIdle(now_));
  EXPECT_EQ(pool_->connections().size(), 4u);
  Pass(absl::Seconds(1));
  EXPECT_FALSE(pool_->CloseIdle(now_));
  EXPECT_EQ(pool_->connections().size(), 2u);
  EXPECT_EQ(opened_[1].use_count(), 1);
}

TEST_F(ConnectionPoolTest, LeasesMayOutliveThePool) {
  Make({});
  const Lease lease = TakeAndSend();
  pool_ = nullptr;
  EXPECT_EQ(lease->connection(), opened_[0].get());
}

}  // namespace
}  // namespace sse_bridge
