#include "bridge/feed/admission_session.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/feed/admissions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kRenew = absl::Seconds(20);
constexpr absl::Duration kGiveUp = absl::Minutes(5);
constexpr char kEnter[] = "/test.S/Enter";
constexpr char kLeave[] = "/test.S/Leave";

class AdmissionTest : public FeedFixture {
 protected:
  void SetUp() override {
    FeedFixture::SetUp();
    UseLimits({});
  }
  void TearDown() override {
    FeedFixture::TearDown();
    admissions_ = nullptr;
  }

  void UseLimits(LeaveQueue::Limits limits) {
    admissions_ = std::make_unique<Admissions>(delivery_.get(), limits);
  }

  // Calls `enter` for a session with this name, as the next unary call.
  std::shared_ptr<AdmissionSession> Start(const std::string& name,
                                          const std::string& payer = "ann") {
    AdmissionSession::Config config;
    config.method = "test.S.Watch";
    config.upstream = upstream_.get();
    config.path = kEnter;
    config.request = name;
    config.renew = kRenew;
    config.reconnect.give_up_after = kGiveUp;
    config.reconnect.codes |= more_codes_;
    config.leaves = admissions_->QueueOf(upstream_.get());
    config.leave.method = config.method;
    config.leave.path = kLeave;
    config.leave.request = name;
    config.leave.payer = payer;
    config.leave.lease = 3 * kRenew;
    return admissions_->Start(std::move(config), absl::InfiniteFuture(),
                              [this](absl::StatusOr<std::string> response) {
                                {
                                  MutexLock lock(&mu_);
                                  responses_.push_back(std::move(response));
                                }
                                entered_.Add(1);
                              });
  }

  // A session that has been entered, and its stay.
  std::pair<std::shared_ptr<AdmissionSession>, std::shared_ptr<void>> Enter(
      const std::string& name, const std::string& payer = "ann") {
    auto session = Start(name, payer);
    NextCall(kEnter, name)->Finish(absl::OkStatus(), "welcome");
    auto stay = session->Hold();
    return {std::move(session), std::move(stay)};
  }

  // The next unary call, which must be this one.
  std::shared_ptr<FakeUnaryCall> NextCall(const std::string& path,
                                          const std::string& name) {
    auto call = upstream_->WaitUnary(next_call_++);
    EXPECT_NE(call, nullptr);
    EXPECT_EQ(call->path(), path);
    EXPECT_EQ(call->request(), name);
    return call;
  }
  void ExpectNoCall() {
    Sync();
    EXPECT_EQ(upstream_->unary_calls(), next_call_);
  }

  absl::StatusOr<std::string> response(size_t index) {
    MutexLock lock(&mu_);
    return responses_.at(index);
  }

  int64_t Result(const std::string& result) const {
    const auto all = admissions_->stats().results.Snapshot();
    const auto it = all.find({"test.S.Watch", result});
    return it == all.end() ? 0 : it->second;
  }

  std::unique_ptr<Admissions> admissions_;
  Counter entered_;
  size_t next_call_ = 0;
  uint32_t more_codes_ = 0;  // that mean a lost backend
  Mutex mu_;
  std::vector<absl::StatusOr<std::string>> responses_ ABSL_GUARDED_BY(mu_);
};

TEST_F(AdmissionTest, ResponseOfEnterIsReported) {
  const auto held = Enter("a");
  EXPECT_EQ(*response(0), "welcome");
  EXPECT_EQ(Result("entered"), 1);
  EXPECT_EQ(admissions_->stats().sessions.load(), 1);
}

TEST_F(AdmissionTest, RefusedClientHasNothingToLeave) {
  auto session = Start("a");
  auto stay = session->Hold();
  NextCall(kEnter, "a")->Finish(absl::PermissionDeniedError("no"), "");
  EXPECT_EQ(response(0).status(), absl::PermissionDeniedError("no"));
  stay = nullptr;
  session = nullptr;
  ExpectNoCall();
  EXPECT_EQ(Result("refused"), 1);
  EXPECT_EQ(admissions_->stats().sessions.load(), 0);
}

TEST_F(AdmissionTest, SessionLeavesIfItIsUnknownWhetherItWasEntered) {
  auto session = Start("a");
  NextCall(kEnter, "a")->Finish(absl::DeadlineExceededError("late"), "");
  EXPECT_EQ(response(0).status(), absl::DeadlineExceededError("late"));
  NextCall(kLeave, "a")->Finish(absl::OkStatus(), "");
  EXPECT_EQ(Result("left"), 1);
}

TEST_F(AdmissionTest, SessionLeavesOnceWhenItsStayIsOver) {
  auto [session, stay] = Enter("a");
  std::shared_ptr<void> copy = stay;
  stay = nullptr;
  ExpectNoCall();
  copy = nullptr;
  NextCall(kLeave, "a")->Finish(absl::OkStatus(), "");
  Advance(10 * kRenew);
  ExpectNoCall();
}

TEST_F(AdmissionTest, ClientThatGoesWhileEnteringLeavesAfterwards) {
  auto session = Start("a");
  const auto enter = NextCall(kEnter, "a");
  auto stay = session->Hold();
  stay = nullptr;
  ExpectNoCall();
  enter->Finish(absl::OkStatus(), "welcome");
  NextCall(kLeave, "a")->Finish(absl::OkStatus(), "");
}

TEST_F(AdmissionTest, SessionIsRenewedOncePerPeriod) {
  const auto held = Enter("a");
  Advance(absl::Seconds(9));
  ExpectNoCall();
  // The first renewal is early, so that those of many clients are spread.
  Advance(absl::Seconds(11));
  NextCall(kEnter, "a")->Finish(absl::OkStatus(), "again");
  for (int i = 0; i < 3; ++i) {
    Advance(absl::Seconds(18));
    ExpectNoCall();
    Advance(absl::Seconds(2));
    NextCall(kEnter, "a")->Finish(absl::OkStatus(), "again");
  }
  EXPECT_EQ(Result("renewed"), 4);
  EXPECT_EQ(entered_.value(), 1) << "renewals are not greeted";
}

TEST_F(AdmissionTest, RefusedRenewalEndsTheStreamAndLeaves) {
  auto [session, stay] = Enter("a");
  std::vector<absl::Status> ends;
  session->Joined([&, held = &stay](const absl::Status& status) {
    ends.push_back(status);
    *held = nullptr;
  });
  Advance(kRenew);
  NextCall(kEnter, "a")->Finish(absl::PermissionDeniedError("removed"), "");
  EXPECT_THAT(ends,
              ::testing::ElementsAre(absl::PermissionDeniedError("removed")));
  NextCall(kLeave, "a")->Finish(absl::OkStatus(), "");
  EXPECT_EQ(Result("renewal_refused"), 1);
}

TEST_F(AdmissionTest, RefusalBeforeTheStreamBeginsEndsItThen) {
  auto [session, stay] = Enter("a");
  Advance(kRenew);
  NextCall(kEnter, "a")->Finish(absl::PermissionDeniedError("removed"), "");
  std::vector<absl::Status> ends;
  session->Joined([&](const absl::Status& status) { ends.push_back(status); });
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(AdmissionTest, UnreachableBackendEndsTheStreamOnlyAfterGivingUp) {
  auto [session, stay] = Enter("a");
  std::vector<absl::Status> ends;
  session->Joined([&](const absl::Status& status) { ends.push_back(status); });
  Advance(kRenew);
  const absl::Duration step = kRenew / 4;
  absl::Duration away;
  NextCall(kEnter, "a")->Finish(absl::UnavailableError("gone"), "");
  while (away + step < kGiveUp) {
    Advance(step);
    away += step;
    while (upstream_->unary_calls() > next_call_) {
      NextCall(kEnter, "a")->Finish(absl::UnavailableError("gone"), "");
    }
    ASSERT_TRUE(ends.empty()) << away;
  }
  while (ends.empty()) {
    Advance(kRenew);
    NextCall(kEnter, "a")->Finish(absl::UnavailableError("gone"), "");
  }
  EXPECT_TRUE(absl::IsUnavailable(ends[0])) << ends[0];
  EXPECT_EQ(Result("gave_up"), 1);
}

TEST_F(AdmissionTest, CodesThatMeanALossDoNotEndTheStream) {
  more_codes_ = 1u << static_cast<int>(absl::StatusCode::kAborted);
  auto [session, stay] = Enter("a");
  std::vector<absl::Status> ends;
  session->Joined([&](const absl::Status& status) { ends.push_back(status); });
  Advance(kRenew);
  NextCall(kEnter, "a")->Finish(absl::AbortedError("restarting"), "");
  EXPECT_TRUE(ends.empty());
  Advance(kRenew);
  NextCall(kEnter, "a")->Finish(absl::InternalError("another"), "");
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(AdmissionTest, BackendThatIsBackIsForgiven) {
  auto [session, stay] = Enter("a");
  std::vector<absl::Status> ends;
  session->Joined([&](const absl::Status& status) { ends.push_back(status); });
  for (int i = 0; i < 40; ++i) {
    Advance(kRenew);
    NextCall(kEnter, "a")
        ->Finish(i % 2 == 0 ? absl::UnavailableError("gone") : absl::OkStatus(),
                 "");
  }
  EXPECT_TRUE(ends.empty());
}

// The backend could handle them in the wrong order.
TEST_F(AdmissionTest, LeaveWaitsForTheRenewalInFlight) {
  auto [session, stay] = Enter("a");
  Advance(kRenew);
  const auto renewal = NextCall(kEnter, "a");
  stay = nullptr;
  ExpectNoCall();
  renewal->Finish(absl::OkStatus(), "");
  NextCall(kLeave, "a")->Finish(absl::OkStatus(), "");
}

TEST_F(AdmissionTest, LeaveIsRetriedWhileTheBackendIsAway) {
  auto [session, stay] = Enter("a");
  stay = nullptr;
  for (int i = 0; i < 5; ++i) {
    NextCall(kLeave, "a")->Finish(absl::UnavailableError("gone"), "");
    ExpectNoCall();
    EXPECT_EQ(admissions_->leaves_waiting(), 1u);
    Advance(absl::Seconds(5));
  }
  NextCall(kLeave, "a")->Finish(absl::OkStatus(), "");
  EXPECT_EQ(admissions_->leaves_waiting(), 0u);
  EXPECT_TRUE(admissions_->WaitUntilLeft(absl::Now()));
}

TEST_F(AdmissionTest, LeaveIsGivenUpWhenTheLeaseIsOver) {
  auto [session, stay] = Enter("a");
  stay = nullptr;
  NextCall(kLeave, "a")->Finish(absl::UnavailableError("gone"), "");
  Advance(3 * kRenew);
  ExpectNoCall();
  EXPECT_EQ(admissions_->leaves_waiting(), 0u);
  EXPECT_EQ(Result("leave_expired"), 1);
}

TEST_F(AdmissionTest, LeaveThatTheBackendRefusesIsNotRetried) {
  auto [session, stay] = Enter("a");
  stay = nullptr;
  NextCall(kLeave, "a")->Finish(absl::NotFoundError("who?"), "");
  Advance(kRenew);
  ExpectNoCall();
  EXPECT_EQ(Result("leave_failed"), 1);
}

TEST_F(AdmissionTest, WhileTheBackendIsAwayOneLeaveAtATimeTries) {
  std::vector<std::shared_ptr<void>> stays;
  for (const char* name : {"a", "b", "c"}) stays.push_back(Enter(name).second);
  stays[0] = nullptr;
  NextCall(kLeave, "a")->Finish(absl::UnavailableError("gone"), "");
  stays[1] = nullptr;
  stays[2] = nullptr;
  ExpectNoCall();
  Advance(absl::Seconds(5));
  const auto probe = NextCall(kLeave, "a");
  ExpectNoCall();
  probe->Finish(absl::OkStatus(), "");
  NextCall(kLeave, "b")->Finish(absl::OkStatus(), "");
  NextCall(kLeave, "c")->Finish(absl::OkStatus(), "");
}

TEST_F(AdmissionTest, WaitingLeavesAreBoundedPerPayer) {
  UseLimits({.waiting_per_payer = 2, .in_flight = 1});
  std::vector<std::shared_ptr<void>> stays;
  for (const char* name : {"a", "b", "c", "d"}) {
    stays.push_back(Enter(name).second);
  }
  stays.push_back(Enter("e", "eve").second);
  stays[0] = nullptr;
  const auto blocking = NextCall(kLeave, "a");
  for (size_t i = 1; i < stays.size(); ++i) stays[i] = nullptr;
  ExpectNoCall();
  EXPECT_EQ(admissions_->leaves_waiting(), 4u) << "a, c, d and e";
  EXPECT_EQ(Result("leave_dropped"), 1);
  blocking->Finish(absl::OkStatus(), "");
  for (const char* name : {"c", "d", "e"}) {
    NextCall(kLeave, name)->Finish(absl::OkStatus(), "");
  }
}

TEST_F(AdmissionTest, WaitingLeavesAreBoundedInAll) {
  UseLimits({.waiting = 2, .in_flight = 1});
  std::vector<std::shared_ptr<void>> stays;
  for (const char* name : {"a", "b", "c", "d"}) {
    stays.push_back(Enter(name, name).second);
  }
  stays[0] = nullptr;
  const auto blocking = NextCall(kLeave, "a");
  for (size_t i = 1; i < stays.size(); ++i) stays[i] = nullptr;
  ExpectNoCall();
  EXPECT_EQ(Result("leave_dropped"), 1);
  blocking->Finish(absl::OkStatus(), "");
  NextCall(kLeave, "c")->Finish(absl::OkStatus(), "");
  NextCall(kLeave, "d")->Finish(absl::OkStatus(), "");
}

}  // namespace
}  // namespace sse_bridge
