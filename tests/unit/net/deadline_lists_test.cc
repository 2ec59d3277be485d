#include "bridge/net/deadline_lists.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

enum List { kHead, kIdle, kLists };

struct Object {
  DeadlineLink<Object> deadline;
};

using Lists = DeadlineLists<Object, kLists>;

constexpr int64_t kNever = Lists::kNever;

class DeadlineListsTest : public ::testing::Test {
 protected:
  DeadlineListsTest() {
    deadlines_.SetLength(kHead, absl::Nanoseconds(10));
    deadlines_.SetLength(kIdle, absl::Nanoseconds(100));
  }

  Lists deadlines_;
  Object a_, b_, c_;
};

TEST_F(DeadlineListsTest, WithoutObjectsNothingIsDue) {
  EXPECT_EQ(deadlines_.Next(), kNever);
  EXPECT_EQ(deadlines_.Overdue(kNever), nullptr);
}

TEST_F(DeadlineListsTest, DueExactlyAtTheDeadline) {
  deadlines_.Set(&a_, kHead, 5);
  EXPECT_EQ(deadlines_.Next(), 15);
  EXPECT_EQ(deadlines_.Overdue(14), nullptr);
  EXPECT_EQ(deadlines_.Overdue(15), &a_);
}

TEST_F(DeadlineListsTest, ShortDeadlinesOvertakeLongOnes) {
  deadlines_.Set(&a_, kIdle, 0);
  deadlines_.Set(&b_, kHead, 50);
  EXPECT_EQ(deadlines_.Overdue(60), &b_);
  EXPECT_EQ(deadlines_.Next(), 60);
}

TEST_F(DeadlineListsTest, SettingAgainMovesToTheEnd) {
  deadlines_.Set(&a_, kHead, 0);
  deadlines_.Set(&b_, kHead, 1);
  deadlines_.Set(&a_, kHead, 2);
  EXPECT_EQ(deadlines_.First(kHead), &b_);
  deadlines_.Clear(&b_);
  EXPECT_EQ(deadlines_.First(kHead), &a_);
  EXPECT_EQ(deadlines_.Next(), 12);
}

TEST_F(DeadlineListsTest, KnowsSinceWhenAnObjectWaits) {
  deadlines_.Set(&a_, kIdle, 5);
  deadlines_.Set(&b_, kHead, 7);
  EXPECT_EQ(deadlines_.SetAt(a_), 5);
  EXPECT_EQ(deadlines_.SetAt(b_), 7);
  EXPECT_EQ(a_.deadline.list, kIdle);
  deadlines_.Clear(&a_);
  EXPECT_EQ(a_.deadline.list, -1);
}

TEST_F(DeadlineListsTest, ClearedFromAnyPosition) {
  for (Object* middle : {&a_, &b_, &c_}) {
    deadlines_.Set(&a_, kHead, 0);
    deadlines_.Set(&b_, kHead, 0);
    deadlines_.Set(&c_, kHead, 0);
    deadlines_.Clear(middle);
    deadlines_.Clear(middle);
    int left = 0;
    while (Object* each = deadlines_.Overdue(kNever)) {
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
