#include "bridge/http/connection_deadlines.h"

#include <gtest/gtest.h>

#include <limits>

namespace sse_bridge {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

class ConnectionDeadlinesTest : public ::testing::Test {
 protected:
  ConnectionDeadlinesTest() {
    deadlines_.SetLength(ConnectionDeadlines::kHead, absl::Nanoseconds(10));
    deadlines_.SetLength(ConnectionDeadlines::kIdle, absl::Nanoseconds(100));
  }

  ConnectionDeadlines deadlines_;
  Http1Connection a_, b_, c_;
};

TEST_F(ConnectionDeadlinesTest, WithoutConnectionsNothingIsDue) {
  EXPECT_EQ(deadlines_.Next(), kNever);
  EXPECT_EQ(deadlines_.Overdue(kNever), nullptr);
}

TEST_F(ConnectionDeadlinesTest, DueExactlyAtTheDeadline) {
  deadlines_.Set(&a_, ConnectionDeadlines::kHead, 5);
  EXPECT_EQ(deadlines_.Next(), 15);
  EXPECT_EQ(deadlines_.Overdue(14), nullptr);
  EXPECT_EQ(deadlines_.Overdue(15), &a_);
}

TEST_F(ConnectionDeadlinesTest, ShortDeadlinesOvertakeLongOnes) {
  deadlines_.Set(&a_, ConnectionDeadlines::kIdle, 0);
  deadlines_.Set(&b_, ConnectionDeadlines::kHead, 50);
  EXPECT_EQ(deadlines_.Overdue(60), &b_);
  EXPECT_EQ(deadlines_.Next(), 60);
}

TEST_F(ConnectionDeadlinesTest, SettingAgainMovesToTheEnd) {
  deadlines_.Set(&a_, ConnectionDeadlines::kHead, 0);
  deadlines_.Set(&b_, ConnectionDeadlines::kHead, 1);
  deadlines_.Set(&a_, ConnectionDeadlines::kHead, 2);
  EXPECT_EQ(deadlines_.First(ConnectionDeadlines::kHead), &b_);
  deadlines_.Clear(&b_);
  EXPECT_EQ(deadlines_.First(ConnectionDeadlines::kHead), &a_);
  EXPECT_EQ(deadlines_.Next(), 12);
}

TEST_F(ConnectionDeadlinesTest, ClearedFromAnyPosition) {
  for (Http1Connection* middle : {&a_, &b_, &c_}) {
    deadlines_.Set(&a_, ConnectionDeadlines::kHead, 0);
    deadlines_.Set(&b_, ConnectionDeadlines::kHead, 0);
    deadlines_.Set(&c_, ConnectionDeadlines::kHead, 0);
    deadlines_.Clear(middle);
    deadlines_.Clear(middle);
    int left = 0;
    while (Http1Connection* each = deadlines_.Overdue(kNever)) {
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
