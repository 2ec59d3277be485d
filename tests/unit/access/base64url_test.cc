#include "bridge/access/base64url.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::Optional;

TEST(Base64UrlTest, DecodesEveryRemainder) {
  EXPECT_THAT(DecodeBase64Url(""), Optional(std::string()));
  EXPECT_THAT(DecodeBase64Url("Zg"), Optional(std::string("f")));
  EXPECT_THAT(DecodeBase64Url("Zm8"), Optional(std::string("fo")));
  EXPECT_THAT(DecodeBase64Url("Zm9v"), Optional(std::string("foo")));
  EXPECT_THAT(DecodeBase64Url("Zm9vYg"), Optional(std::string("foob")));
  EXPECT_THAT(DecodeBase64Url("-_-_"), Optional(std::string("\xfb\xff\xbf")));
  EXPECT_THAT(DecodeBase64Url("AAAA"), Optional(std::string(3, '\0')));
}

TEST(Base64UrlTest, RefusesAllOtherTexts) {
  for (const char* text :
       {"A", "AAAAA", "Zg==", "Zg=", "Zm8=", "+/+/", "Zm 9", "Zm9v\n", " Zm9v",
        "Zh", "Zm9", "Zm9vYh", "Zm9\xc3", "Zm9."}) {
    EXPECT_EQ(DecodeBase64Url(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase64Url(absl::string_view("Zm\0v", 4)), std::nullopt);
}

}  // namespace
}  // namespace sse_bridge
