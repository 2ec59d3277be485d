#include "bridge/access/connection_limits.h"

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using Lease = ConnectionLimits::Lease;

constexpr absl::StatusCode kExhausted = absl::StatusCode::kResourceExhausted;
constexpr absl::StatusCode kUnavailable = absl::StatusCode::kUnavailable;

Lease Must(absl::StatusOr<Lease> lease) {
  EXPECT_TRUE(lease.ok()) << lease.status();
  return lease.ok() ? *std::move(lease) : Lease();
}

void ExpectEmpty(const ConnectionLimits& limits) {
  EXPECT_EQ(limits.counts().total, 0);
  EXPECT_EQ(limits.counts().subjects, 0u);
  EXPECT_EQ(limits.counts().addresses, 0u);
}

TEST(ConnectionLimitsTest, SubjectLastAllowedFirstRefusedFreedAgain) {
  ConnectionLimits limits({.per_subject = 3, .per_address = 0, .total = 0});
  std::deque<Lease> leases;
  for (int i = 0; i < 3; ++i) {
    leases.push_back(Must(limits.Acquire("ada", absl::StrCat("10.0.0.", i))));
  }
  const auto refused = limits.Acquire("ada", "10.0.0.9");
  EXPECT_EQ(refused.status().code(), kExhausted);
  EXPECT_EQ(refused.status().message(),
            "too many connections: this user may have 3 streams "
            "(max_streams_per_subject)");
  EXPECT_EQ(limits.subject_count("ada"), 3);
  EXPECT_EQ(limits.address_count("10.0.0.9"), 0) << "a refusal counts nothing";
  EXPECT_EQ(limits.counts().total, 3);
  Must(limits.Acquire("bob", "10.0.0.1"));

  leases.pop_front();
  leases.push_back(Must(limits.Acquire("ada", "10.0.0.9")));
  EXPECT_EQ(limits.Acquire("ada", "10.0.0.9").status().code(), kExhausted);
  leases.clear();
  ExpectEmpty(limits);
}

TEST(ConnectionLimitsTest, AddressLastAllowedFirstRefusedFreedAgain) {
  ConnectionLimits limits({.per_subject = 0, .per_address = 2, .total = 0});
  Lease first = Must(limits.Acquire("ada", "::1"));
  Lease second = Must(limits.Acquire("", "::1"));
  const auto refused = limits.Acquire("bob", "::1");
  EXPECT_EQ(refused.status().code(), kUnavailable);
  EXPECT_EQ(refused.status().message(),
            "too many connections from this address; retry later");
  EXPECT_EQ(limits.subject_count("bob"), 0);
  Must(limits.Acquire("bob", "::2"));
  first.Release();
  Must(limits.Acquire("bob", "::1"));
}

TEST(ConnectionLimitsTest, TotalLastAllowedFirstRefusedFreedAgain) {
  ConnectionLimits limits({.per_subject = 1, .per_address = 0, .total = 2});
  Lease first = Must(limits.Acquire("ada", "a"));
  Lease second = Must(limits.Acquire("", "b"));
  const auto refused = limits.Acquire("eve", "c");
  EXPECT_EQ(refused.status().code(), kUnavailable);
  EXPECT_EQ(refused.status().message(), "too many connections; retry later");
  second.Release();
  Must(limits.Acquire("eve", "c"));
}

TEST(ConnectionLimitsTest, AnonymousIsNotLimitedBySubject) {
  ConnectionLimits limits({.per_subject = 1, .per_address = 0, .total = 0});
  std::vector<Lease> leases;
  for (int i = 0; i < 50; ++i) leases.push_back(Must(limits.Acquire("", "a")));
  EXPECT_EQ(limits.counts().subjects, 0u);
  EXPECT_EQ(limits.address_count("a"), 50);
}

TEST(ConnectionLimitsTest, DefaultIsTenForEachSubject) {
  ConnectionLimits limits({});
  std::vector<Lease> leases;
  for (int i = 0; i < 10; ++i) {
    leases.push_back(Must(limits.Acquire("ada", "a")));
  }
  EXPECT_EQ(limits.Acquire("ada", "a").status().code(), kExhausted);
}

TEST(ConnectionLimitsTest, EachStreamOfAConnectionCountsForItsSubject) {
  ConnectionLimits limits({.per_subject = 5, .per_address = 2, .total = 2});
  Lease four = Must(limits.Acquire("ada", "a", 4));
  EXPECT_EQ(limits.subject_count("ada"), 4);
  EXPECT_EQ(limits.address_count("a"), 1) << "one connection";
  EXPECT_EQ(limits.counts().total, 1);
  const auto refused = limits.Acquire("ada", "a", 2);
  EXPECT_EQ(refused.status().code(), kExhausted);
  EXPECT_EQ(refused.status().message(),
            "too many connections: this user may have 5 streams "
            "(max_streams_per_subject), and each of these 2 counts");
  Lease fifth = Must(limits.Acquire("ada", "a", 1));
  EXPECT_EQ(limits.subject_count("ada"), 5);
  fifth.Release();
  four.Release();
  EXPECT_EQ(limits.Acquire("ada", "a", 6).status().code(), kExhausted)
      << "more than all";
  Must(limits.Acquire("ada", "a", 5));
  ExpectEmpty(limits);
}

TEST(ConnectionLimitsTest, CallsAreRefusedWith429AndTheLimitsName) {
  ConnectionLimits limits({.per_subject = 1, .per_address = 2, .total = 0},
                          nullptr, ConnectionLimits::Kind::kCalls);
  Lease first = Must(limits.Acquire("ada", "a"));
  auto refused = limits.Acquire("ada", "b");
  EXPECT_EQ(refused.status().code(), kExhausted);
  EXPECT_EQ(refused.status().message(),
            "too many concurrent calls by this user "
            "(max_calls_per_subject is 1); retry later");
  Lease second = Must(limits.Acquire("", "a"));
  refused = limits.Acquire("", "a");
  EXPECT_EQ(refused.status().code(), kExhausted);
  EXPECT_EQ(refused.status().message(),
            "too many concurrent calls from this address "
            "(max_calls_per_address is 2); retry later");
  first.Release();
  Must(limits.Acquire("ada", "a"));
}

// Decides when the test says so.
class LateLimits : public SharedLimits {
 public:
  void Take(absl::string_view, int streams, int, Done done) override {
    asked += streams;
    waiting.push_back(std::move(done));
  }
  void Give(absl::string_view, int streams) override { given += streams; }

  int asked = 0, given = 0;
  std::deque<Done> waiting;
};

TEST(ConnectionLimitsTest, AcquireDoesNotWaitForOtherBridges) {
  LateLimits shared;
  ConnectionLimits limits({.per_subject = 3, .per_address = 0, .total = 0},
                          &shared);
  std::vector<Lease> leases;
  int refused = 0;
  const auto done = [&](absl::StatusOr<Lease> lease) {
    if (lease.ok()) {
      leases.push_back(*std::move(lease));
    } else {
      EXPECT_EQ(lease.status().code(), kExhausted);
      ++refused;
    }
  };
  limits.AcquireShared("ada", "a", 2, done);
  EXPECT_EQ(shared.asked, 2);
  EXPECT_EQ(limits.subject_count("ada"), 2) << "its own limit holds meanwhile";
  limits.AcquireShared("ada", "a", 2, done);
  EXPECT_EQ(refused, 1) << "by its own limit, without asking";
  EXPECT_EQ(shared.asked, 2);
  limits.AcquireShared("ada", "a", 1, done);
  limits.AcquireShared("", "a", 1, done);
  EXPECT_EQ(leases.size(), 1u) << "anonymous";
  std::move(shared.waiting[0])(true);
  EXPECT_EQ(leases.size(), 2u);
  std::move(shared.waiting[1])(false);
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(limits.subject_count("ada"), 2) << "a refusal counts nothing";
  leases.clear();
  EXPECT_EQ(shared.given, 2) << "what was counted, and nothing else";
  // A request that is never answered releases its slot.
  limits.AcquireShared("ada", "a", 1, done);
  shared.waiting.clear();
  ExpectEmpty(limits);
  EXPECT_EQ(shared.given, 2);
}

TEST(ConnectionLimitsTest, LeaseIsMovable) {
  ConnectionLimits limits({});
  Lease first = Must(limits.Acquire("ada", "a"));
  Lease second = std::move(first);
  EXPECT_FALSE(first.held());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second.held());
  first.Release();
  EXPECT_EQ(limits.subject_count("ada"), 1);
  Lease third = Must(limits.Acquire("bob", "b"));
  third = std::move(second);
  EXPECT_EQ(limits.subject_count("bob"), 0);
  EXPECT_EQ(limits.subject_count("ada"), 1);
  third.Release();
  third.Release();
  ExpectEmpty(limits);
}

TEST(ConnectionLimitsTest, AConnectionMayCarryFewerAndMoreStreams) {
  ConnectionLimits limits({.per_subject = 4, .per_address = 0, .total = 0});
  Lease lease = Must(limits.Acquire("ada", "10.0.0.1", 3));
  lease.ReleaseStreams(2);
  EXPECT_EQ(limits.subject_count("ada"), 1);
  lease.Absorb(Must(limits.Acquire("ada", "10.0.0.1", 3)));
  EXPECT_EQ(limits.subject_count("ada"), 4);
  EXPECT_EQ(limits.counts().total, 1) << "one connection";
  EXPECT_EQ(limits.address_count("10.0.0.1"), 1);
  EXPECT_EQ(limits.Acquire("ada", "10.0.0.1").status().code(), kExhausted);
  // More than it has.
  lease.ReleaseStreams(9);
  EXPECT_EQ(limits.subject_count("ada"), 0);
  EXPECT_EQ(limits.counts().total, 1);
  lease.Absorb(Must(limits.Acquire("ada", "10.0.0.2", 2)));
  EXPECT_EQ(limits.subject_count("ada"), 2);
  lease.Release();
  lease.ReleaseStreams(1);
  ExpectEmpty(limits);
}

TEST(ConnectionLimitsTest, AnonymousStreamsMayComeAndGoToo) {
  ConnectionLimits limits({});
  Lease lease = Must(limits.Acquire("", "10.0.0.1", 2));
  lease.ReleaseStreams(1);
  lease.Absorb(Must(limits.Acquire("", "10.0.0.1")));
  EXPECT_EQ(limits.counts().total, 1);
  lease.Release();
  ExpectEmpty(limits);
}

TEST(ConnectionLimitsTest, LimitsCanBeChangedWhileRunning) {
  ConnectionLimits limits({.per_subject = 1, .per_address = 0, .total = 0});
  Lease first = Must(limits.Acquire("ada", "a"));
  EXPECT_EQ(limits.Acquire("ada", "a").status().code(), kExhausted);
  limits.SetOptions({.per_subject = 2, .per_address = 0, .total = 0});
  Lease second = Must(limits.Acquire("ada", "a"));
  limits.SetOptions({.per_subject = 1, .per_address = 0, .total = 0});
  first.Release();
  EXPECT_EQ(limits.Acquire("ada", "a").status().code(), kExhausted);
  second.Release();
  Must(limits.Acquire("ada", "a"));
}

TEST(ConnectionLimitsTest, CountersReturnToZeroAfterAStormFromManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 4000;
  constexpr int kPerSubject = 5;
  ConnectionLimits limits(
      {.per_subject = kPerSubject, .per_address = 12, .total = 20});
  std::atomic<int> over{0};
  Mutex mu;
  std::vector<Lease> shared;  // released on another thread than acquired
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string subject = absl::StrCat("user", (t + i) % 3);
        auto lease = limits.Acquire(subject, absl::StrCat("host", i % 2));
        if (lease.ok() && (limits.subject_count(subject) > kPerSubject ||
                           limits.counts().total > 20)) {
          ++over;
        }
        MutexLock lock(&mu);
        if (lease.ok() && i % 4 != 0) shared.push_back(*std::move(lease));
        if (shared.size() > 10) shared.erase(shared.begin());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(over, 0);
  shared.clear();
  ExpectEmpty(limits);
}

}  // namespace
}  // namespace sse_bridge
