#include "bridge/cel/parser.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge::cel {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Error(absl::string_view text) {
  const absl::StatusOr<ExprPtr> expr = Parse(text);
  return expr.ok() ? "" : std::string(expr.status().message());
}

std::string Repeat(absl::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) absl::StrAppend(&all, text);
  return all;
}

TEST(CelParserTest, ErrorsSayLineAndColumn) {
  EXPECT_THAT(Error("1 +"), StartsWith("1:4: the expression ends early"));
  EXPECT_THAT(Error("1 +\n\"\u00e9\" $"), StartsWith("2:5: a character"));
  EXPECT_THAT(Error("'abc"), StartsWith("1:1: a literal without its end"));
  EXPECT_THAT(Error("a b"), StartsWith("1:3: unexpected text"));
}

TEST(CelParserTest, TextIsUtf8) {
  EXPECT_THAT(Error("'\xff'"), HasSubstr("not UTF-8"));
  EXPECT_THAT(Error("'\xed\xa0\x80'"), HasSubstr("not UTF-8"));
}

TEST(CelParserTest, ErrorsNameWholeCharacters) {
  EXPECT_EQ(Error("'\\\u00e9'"), "1:1: there is no escape \\\u00e9");
}

TEST(CelParserTest, IntegersHaveARange) {
  EXPECT_EQ(Error("9223372036854775807"), "");
  EXPECT_EQ(Error("-9223372036854775808"), "");
  EXPECT_THAT(Error("9223372036854775808"), HasSubstr("out of range"));
  EXPECT_EQ(Error("18446744073709551615u"), "");
  EXPECT_THAT(Error("18446744073709551616u"), HasSubstr("out of range"));
}

TEST(CelParserTest, ReservedWordsAreNoVariables) {
  EXPECT_THAT(Error("while"), HasSubstr("reserved"));
  EXPECT_EQ(Error("a.while"), "");
  EXPECT_THAT(Error("a.in"), HasSubstr("keyword"));
}

TEST(CelParserTest, MacrosTakeAVariable) {
  EXPECT_EQ(Error("a.all(x, x > 0)"), "");
  EXPECT_THAT(Error("a.all(1, true)"), HasSubstr("name of a variable"));
  EXPECT_THAT(Error("has(a)"), HasSubstr("has() takes a selection"));
}

TEST(CelParserTest, DepthIsBounded) {
  EXPECT_EQ(Error(Repeat("!", kMaxNesting - 1) + "true"), "");
  EXPECT_THAT(Error(Repeat("!", kMaxNesting) + "true"),
              HasSubstr("nested too deeply"));
  EXPECT_EQ(Error("a" + Repeat(".b", kMaxDepth - 1)), "");
  EXPECT_THAT(Error("a" + Repeat(".b", kMaxDepth)),
              HasSubstr("nested too deeply"));
  for (const std::string& text :
       {absl::StrCat(Repeat("(", 10'000), "1"), Repeat("!", 10'000) + "true",
        "a" + Repeat(".b", 10'000), "1" + Repeat("+1", 10'000),
        Repeat("[", 10'000), Repeat("a ? b : ", 2'000) + "c"}) {
    EXPECT_THAT(Error(text), HasSubstr("nested too deeply"));
  }
}

TEST(CelParserTest, ChainsOfLogicAreNotDeep) {
  EXPECT_EQ(Error("true" + Repeat(" && true", 5'000)), "");
}

TEST(CelParserTest, SizeIsBounded) {
  EXPECT_EQ(Error(std::string(kMaxText - 1, ' ') + "1"), "");
  EXPECT_THAT(Error(std::string(kMaxText, ' ') + "1"),
              HasSubstr("longer than"));
  EXPECT_EQ(Error("[1" + Repeat(",1", kMaxNodes - 2) + "]"), "");
  EXPECT_THAT(Error("[1" + Repeat(",1", kMaxNodes - 1) + "]"),
              HasSubstr("too many parts"));
}

}  // namespace
}  // namespace sse_bridge::cel
