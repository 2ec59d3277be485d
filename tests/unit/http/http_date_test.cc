#include "bridge/http/http_date.h"

#include <gtest/gtest.h>
#include <time.h>

namespace sse_bridge {
namespace {

TEST(HttpDateTest, HasTheFormatOfRfc9110) {
  EXPECT_EQ(HttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDateTest, NowIsTheCurrentTime) {
  const time_t before = time(nullptr) - 1;  // the coarse clock lags a little
  const std::string now(HttpDateNow());
  const time_t after = time(nullptr);
  bool found = false;
  for (time_t at = before; at <= after; ++at) found |= now == HttpDate(at);
  EXPECT_TRUE(found) << now;
}

}  // namespace
}  // namespace sse_bridge
