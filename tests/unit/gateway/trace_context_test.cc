// W3C Trace Context: what is kept and what is generated.

#include "bridge/gateway/trace_context.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";

TEST(TraceContextTest, TraceAndFlagsAreKeptWithANewSpan) {
  const std::string next = NextTraceparent(
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_THAT(next, MatchesRegex("00-0af7651916cd43dd8448eb211c80319c-"
                                 "[0-9a-f][0-9a-f]*-01"));
  EXPECT_EQ(next.size(), 55u);
  EXPECT_EQ(next.find("b7ad6b7169203331"), std::string::npos);
}

TEST(TraceContextTest, LaterVersionsAreAccepted) {
  EXPECT_THAT(
      NextTraceparent(
          "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"),
      StartsWith(std::string("00-") + kTrace));
}

TEST(TraceContextTest, MalformedValuesStartANewTrace) {
  for (const char* text :
       {"", "x", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x"}) {
    const std::string next = NextTraceparent(text);
    EXPECT_EQ(next.size(), 55u) << text;
    EXPECT_THAT(next, MatchesRegex("00-[0-9a-f]*-[0-9a-f]*-00")) << text;
    EXPECT_EQ(next.find(kTrace), std::string::npos) << text;
  }
  EXPECT_NE(NextTraceparent(""), NextTraceparent(""));
}

}  // namespace
}  // namespace sse_bridge
