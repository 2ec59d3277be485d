#include "bridge/transcode/json_document.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = JsonValue::Kind;

template <typename Child>
std::vector<Child> All(JsonValue::Range<Child> range) {
  return {range.begin(), range.end()};
}

TEST(JsonDocumentTest, KeepsDigitsOrderAndRepeatedNames) {
  const auto document = ParseJson(
      R"( {"b":[18446744073709551615,-9223372036854775808,1.0,1e3,-0,
          123456789012345678901234567890], "a":true, "b":null, "":"x"} )");
  ASSERT_TRUE(document.ok()) << document.status();
  ASSERT_EQ(document->root().kind(), Kind::kObject);
  const auto members = All(document->root().members());
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].name, "b");
  const auto numbers = All(members[0].value.items());
  ASSERT_EQ(numbers.size(), 6u);
  EXPECT_EQ(numbers[0].text(), "18446744073709551615");
  EXPECT_EQ(numbers[1].text(), "-9223372036854775808");
  EXPECT_EQ(numbers[2].text(), "1.0");
  EXPECT_EQ(numbers[3].text(), "1e3");
  EXPECT_EQ(numbers[4].text(), "-0");
  EXPECT_EQ(numbers[5].text(), "123456789012345678901234567890");
  EXPECT_TRUE(members[1].value.boolean());
  EXPECT_EQ(members[2].name, "b");
  EXPECT_TRUE(members[2].value.is_null());
  EXPECT_EQ(members[3].name, "");
  EXPECT_EQ(members[3].value.text(), "x");
}

TEST(JsonDocumentTest, IterationSkipsGrandchildren) {
  const auto document =
      ParseJson(R"([{"a":[1,{"b":{}}],"c":{}},[[],[2]],"end"])");
  ASSERT_TRUE(document.ok()) << document.status();
  const auto items = All(document->root().items());
  ASSERT_EQ(items.size(), 3u);
  const auto members = All(items[0].members());
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(All(members[0].value.items()).size(), 2u);
  EXPECT_EQ(members[1].name, "c");
  EXPECT_TRUE(members[1].value.members().empty());
  const auto nested = All(items[1].items());
  ASSERT_EQ(nested.size(), 2u);
  EXPECT_TRUE(nested[0].items().empty());
  EXPECT_EQ(All(nested[1].items())[0].text(), "2");
  EXPECT_EQ(items[2].text(), "end");
}

TEST(JsonDocumentTest, StringsAreUnescaped) {
  const auto document = ParseJson(R"("\ud83d\ude00 \u20ac\n\/\"\\\u0000")");
  ASSERT_TRUE(document.ok()) << document.status();
  EXPECT_EQ(document->root().text(), std::string("\U0001F600 €\n/\"\\\0", 13));
}

TEST(JsonDocumentTest, MalformedJsonIsRefusedWithItsPosition) {
  const struct {
    std::string text;
    std::string want;
  } kCases[] = {
      {"", "line 1, column 1: "},
      {" ", "line 1, column 2: "},
      {"{", "line 1, column 2: "},
      {"{\"a\":1,}", "line 1, column 8: "},
      {"{\n  \"a\": tru\n}", "line 2, column 11: "},
      {"[1,]", "line 1, column 4: "},
      {"[1 2]", "line 1, column 4: "},
      {"{} x", "line 1, column 4: "},
      {"{}{}", "line 1, column 3: "},
      {"{a:1}", "line 1, column 2: "},
      {"'a'", "line 1, column 1: "},
      {"01", "line 1, column 2: "},
      {"+1", "line 1, column 1: "},
      {".5", "line 1, column 1: "},
      {"NaN", "line 1, column 1: "},
      {"1e999", "line 1, column "},
      {"// c\n1", "line 1, column 1: "},
      {"/* c */ 1", "line 1, column 1: "},
      {"\"a\nb\"", "line "},
      {"\"\\x\"", "line 1, column 3: "},
      {"\"\\ud800\"", "line 1, column "},
      {"\"\\ud800\\u0041\"", "line 1, column "},
      {"\"\\udc00\"", "line 1, column "},
      {"\"\xff\"", "line 1, column 2: "},
      {"\"\xed\xa0\x80\"", "line 1, column "},
      {"\"\xc0\x80\"", "line 1, column 2: "},
      {std::string("{}\0", 3), "line 1, column 3: a NUL byte"},
      {std::string("\"a\0b\"", 5), "line 1, column 3: a NUL byte"},
  };
  for (const auto& c : kCases) {
    const auto value = ParseJson(c.text);
    ASSERT_FALSE(value.ok()) << c.text;
    EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(value.status().message()),
                StartsWith("request body: " + c.want))
        << c.text;
    EXPECT_EQ(Violations(value.status()), value.status().message());
    for (char ch : value.status().message()) {
      EXPECT_TRUE(ch >= 0x20 && ch < 0x7f) << value.status();
    }
  }
}

TEST(JsonDocumentTest, LongTokensAreTruncatedInErrors) {
  const auto value = ParseJson("\"" + std::string(100'000, 'a'));
  ASSERT_FALSE(value.ok());
  EXPECT_LT(value.status().message().size(), 500u);
}

TEST(JsonDocumentTest, DepthIsBounded) {
  const auto nested = [](int depth, const std::string& open,
                         const std::string& close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "1";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  for (const auto& [open, close] :
       {std::pair<std::string, std::string>{"[", "]"}, {"{\"a\":", "}"}}) {
    EXPECT_TRUE(ParseJson(nested(kMaxJsonDepth, open, close)).ok());
    EXPECT_THAT(
        ParseJson(nested(kMaxJsonDepth + 1, open, close)).status().message(),
        HasSubstr("nested deeper than 100"));
    EXPECT_FALSE(ParseJson(nested(100'000, open, close)).ok());
    EXPECT_FALSE(ParseJson(nested(100'000, open, "")).ok());
  }
}

}  // namespace
}  // namespace sse_bridge
