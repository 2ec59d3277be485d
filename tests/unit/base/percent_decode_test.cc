#include "bridge/base/percent_decode.h"

#include <gtest/gtest.h>

#include <string>

namespace sse_bridge {
namespace {

TEST(PercentDecodeTest, EscapesAreTheirBytes) {
  std::string out = "before:";
  EXPECT_EQ(PercentDecode("a%2fb%2F%00%fF+%25", &out), "");
  EXPECT_EQ(out, std::string("before:a/b/\0\xff+%", 15));
}

TEST(PercentDecodeTest, PlusIsASpaceInForms) {
  std::string out;
  EXPECT_EQ(PercentDecode("+%2b+", &out, PlusMeans::kSpace), "");
  EXPECT_EQ(out, " + ");
}

TEST(PercentDecodeTest, TheFirstMalformedEscapeIsReturned) {
  for (const std::string bad : {"%", "%4", "%zz", "%4g", "%g4", "%%4", "% 4"}) {
    std::string out;
    EXPECT_EQ(PercentDecode("a%41" + bad, &out), bad);
    EXPECT_EQ(out, "aA");
    EXPECT_FALSE(PercentEncodedByte(bad, 0).has_value());
  }
  std::string out;
  EXPECT_EQ(PercentDecode("%zz%41", &out), "%zz");
  EXPECT_EQ(PercentEncodedByte("a%41", 1), 'A');
  EXPECT_FALSE(PercentEncodedByte("a%41", 0).has_value());
}

}  // namespace
}  // namespace sse_bridge
