#include "bridge/transcode/name_patterns.h"

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(NamePatternsTest, StarsMatchAnyText) {
  const auto patterns =
      NamePatterns::Create({"_", "utm_*", "*_id", "a*b*c", "x"});
  ASSERT_TRUE(patterns.ok());
  for (const char* name : {"_", "utm_", "utm_source", "fb_id", "_id", "abc",
                           "axxbyyc", "abbcc", "x"}) {
    EXPECT_TRUE(patterns->Match(name)) << name;
  }
  for (const char* name :
       {"", "__", "utm", "UTM_x", "id", "ab", "acb", "abcd", "xx"}) {
    EXPECT_FALSE(patterns->Match(name)) << name;
  }
  EXPECT_TRUE(NamePatterns::Create({"*"})->Match("any[thing]"));
  EXPECT_FALSE(NamePatterns().Match("x"));
}

TEST(NamePatternsTest, AnEmptyNameIsRefused) {
  EXPECT_FALSE(NamePatterns::Create({"a", ""}).ok());
}

TEST(NamePatternsTest, ManyStarsAreNotSlow) {
  const auto patterns =
      NamePatterns::Create({std::string(100, '*') + "a*a*a*b"});
  EXPECT_FALSE(patterns->Match(std::string(20'000, 'a')));
}

}  // namespace
}  // namespace sse_bridge
