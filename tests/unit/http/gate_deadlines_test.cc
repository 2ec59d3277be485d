#include "bridge/http/gate_deadlines.h"

#include <gtest/gtest.h>

#include <limits>

namespace sse_bridge {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

class GateDeadlinesTest : public ::testing::Test {
 protected:
  GateDeadlinesTest() {
    deadlines_.SetLength(GateDeadlines::kHead, absl::Nanoseconds(10));
    deadlines_.SetLength(GateDeadlines::kIdle, absl::Nanoseconds(100));
  }

  GateDeadlines deadlines_;
  GateConnection a_, b_, c_;
};

TEST_F(GateDeadlinesTest, NothingIsDueOfNothing) {
  EXPECT_EQ(deadlines_.Next(), kNever);
  EXPECT_EQ(deadlines_.Overdue(kNever), nullptr);
}

TEST_F(GateDeadlinesTest, DueExactlyAtTheDeadline) {
  deadlines_.Set(&a_, GateDeadlines::kHead, 5);
  EXPECT_EQ(deadlines_.Next(), 15);
  EXPECT_EQ(deadlines_.Overdue(14), nullptr);
  EXPECT_EQ(deadlines_.Overdue(15), &a_);
}

TEST_F(GateDeadlinesTest, ShortDeadlinesOvertakeLongOnes) {
  deadlines_.Set(&a_, GateDeadlines::kIdle, 0);
  deadlines_.Set(&b_, GateDeadlines::kHead, 50);
  EXPECT_EQ(deadlines_.Overdue(60), &b_);
  EXPECT_EQ(deadlines_.Next(), 60);
}

TEST_F(GateDeadlinesTest, SettingAgainMovesToTheEnd) {
  deadlines_.Set(&a_, GateDeadlines::kHead, 0);
  deadlines_.Set(&b_, GateDeadlines::kHead, 1);
  deadlines_.Set(&a_, GateDeadlines::kHead, 2);
  EXPECT_EQ(deadlines_.First(GateDeadlines::kHead), &b_);
  deadlines_.Clear(&b_);
  EXPECT_EQ(deadlines_.First(GateDeadlines::kHead), &a_);
  EXPECT_EQ(deadlines_.Next(), 12);
}

TEST_F(GateDeadlinesTest, ClearedFromAnyPlace) {
  for (GateConnection* middle : {&a_, &b_, &c_}) {
    deadlines_.Set(&a_, GateDeadlines::kHead, 0);
    deadlines_.Set(&b_, GateDeadlines::kHead, 0);
    deadlines_.Set(&c_, GateDeadlines::kHead, 0);
    deadlines_.Clear(middle);
    deadlines_.Clear(middle);
    int left = 0;
    while (GateConnection* each = deadlines_.Overdue(kNever)) {
      EXPECT_NE(each, middle);
      deadlines_.Clear(each);
      ++left;
    }
    EXPECT_EQ(left, 2);
  }
  EXPECT_EQ(deadlines_.Next(), kNever);
}

}  // namespace
}  // namespace sse_bridge
