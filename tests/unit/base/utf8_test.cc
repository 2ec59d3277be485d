#include "bridge/base/utf8.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sse_bridge {
namespace {

TEST(Utf8Test, AShortTextIsNotCut) {
  EXPECT_EQ(CutText("", 0), "");
  EXPECT_EQ(CutText("abc", 3), "abc");
  EXPECT_EQ(CutText("\u20ac", 3), "\u20ac");
}

TEST(Utf8Test, ALongTextIsCutAfterAWholeCharacter) {
  EXPECT_EQ(CutText("abc", 0), "");
  EXPECT_EQ(CutText("abcd", 3), "abc");
  // Of one, two, three and four bytes.
  const std::string text = "a\u00e9\u20ac\U0001f600";
  ASSERT_EQ(text.size(), 10u);
  for (const auto& [max, size] :
       std::vector<std::pair<size_t, size_t>>{{0, 0},
                                              {1, 1},
                                              {2, 1},
                                              {3, 3},
                                              {4, 3},
                                              {5, 3},
                                              {6, 6},
                                              {7, 6},
                                              {8, 6},
                                              {9, 6},
                                              {10, 10}}) {
    EXPECT_EQ(CutText(text, max), text.substr(0, size)) << max;
  }
}

TEST(Utf8Test, OfBytesThatAreNoUtf8AtMostThreeMoreAreLeftOut) {
  const std::string continuations(100, '\x80');
  EXPECT_EQ(CutText(continuations, 50).size(), 47u);
  EXPECT_EQ(CutText(continuations, 2).size(), 0u);
  EXPECT_EQ(CutText(std::string(100, '\xff'), 50).size(), 50u);
}

}  // namespace
}  // namespace sse_bridge
