#include "bridge/access/strict_json.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(StrictJsonTest, ReadsObjects) {
  const auto value = ParseStrictJsonObject(
      R"( {"a": [1, -2, 2.5, "x", null, true, {"b": {}}, [[]]], "c": {}} )", 8);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value,
            nlohmann::json::parse(
                R"({"a":[1,-2,2.5,"x",null,true,{"b":{}},[[]]],"c":{}})"));
}

TEST(StrictJsonTest, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const char* text : {R"({"a":1,"a":1})",
                           R"({"a":{"b":1,"c":2,"b":3}})",
                           R"({"a":1,"\u0061":2})",
                           "\xef\xbb\xbf{}",
                           "{'a':1}",
                           "{\"a\":1,}",
                           "{\"a\":NaN}",
                           "{\"a\":1e999}",
                           "{\"a\":01}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":1} x",
                           "{} {}",
                           "{/**/}",
                           "",
                           "[]",
                           "1",
                           "null",
                           "\"x\"",
                           "{",
                           "{\"a\":\"\n\"}"}) {
    EXPECT_FALSE(ParseStrictJsonObject(text, 8)) << text;
  }
}

TEST(StrictJsonTest, NothingFollowsANul) {
  for (const absl::string_view text :
       {absl::string_view("{}\0", 3), absl::string_view("{}\0{\"a\":1}", 10),
        absl::string_view("\0{}", 3), absl::string_view("{\"a\":1\0}", 8)}) {
    EXPECT_FALSE(ParseStrictJsonObject(text, 8)) << text;
  }
}

TEST(StrictJsonTest, DepthIsBounded) {
  const auto nested = [](int depth) {
    std::string text = "{\"a\":";
    for (int i = 1; i < depth; ++i) text += '[';
    text += '1';
    for (int i = 1; i < depth; ++i) text += ']';
    return text + "}";
  };
  EXPECT_TRUE(ParseStrictJsonObject(nested(8), 8));
  EXPECT_FALSE(ParseStrictJsonObject(nested(9), 8));
  EXPECT_FALSE(ParseStrictJsonObject(nested(100000), 8));
}

TEST(StrictJsonTest, FindMemberOfANonObjectIsNull) {
  EXPECT_EQ(FindMember(nlohmann::json("a"), "a"), nullptr);
  EXPECT_EQ(FindMember(nlohmann::json::array({1}), "a"), nullptr);
  EXPECT_EQ(FindMember(nlohmann::json::object(), "a"), nullptr);
}

}  // namespace
}  // namespace sse_bridge
