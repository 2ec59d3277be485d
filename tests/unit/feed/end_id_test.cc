#include "bridge/feed/end_id.h"

#include "bridge/base/own_ids.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(EndIdTest, ContainsTheCodeAndIdentifiesTheCall) {
  const std::string tag = CallTag("/a.B/C", "request", "ann");
  const std::string id = EndId(absl::StatusCode::kNotFound, tag);
  EXPECT_TRUE(IsOwnId(id));
  const auto parsed = ParseEndId(id);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->code, absl::StatusCode::kNotFound);
  EXPECT_EQ(parsed->call_tag, tag);
}

TEST(EndIdTest, TheTagDependsOnEveryPartOfACall) {
  const std::string tag = CallTag("/a.B/C", "request", "ann");
  EXPECT_EQ(tag, CallTag("/a.B/C", "request", "ann"));
  EXPECT_NE(tag, CallTag("/a.B/D", "request", "ann"));
  EXPECT_NE(tag, CallTag("/a.B/C", "request2", "ann"));
  EXPECT_NE(tag, CallTag("/a.B/C", "request", "ben"));
  EXPECT_NE(tag, CallTag("/a.B/C", "requestann", ""));
  // Equal in all bridges and builds.
  EXPECT_EQ(CallTag("", "", "").size(), 16u);
}

TEST(EndIdTest, OtherTextsAreNotEndIds) {
  for (const char* text :
       {"", "7", "sse-bridge:", "sse-bridge:end.", "sse-bridge:lost",
        "sse-bridge:end.0.", "sse-bridge:end.x.0123456789abcdef",
        "sse-bridge:end.-1.0123456789abcdef",
        "sse-bridge:end.14.0123456789abcdef",
        "sse-bridge:end.99.0123456789abcdef",
        "sse-bridge:end.0.0123456789abcde"}) {
    EXPECT_FALSE(ParseEndId(text).has_value()) << text;
  }
}

TEST(EndIdTest, OnlyRepeatableEndsAreForGood) {
  EXPECT_TRUE(EndsForGood(absl::StatusCode::kOk));
  EXPECT_TRUE(EndsForGood(absl::StatusCode::kPermissionDenied));
  EXPECT_FALSE(EndsForGood(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(EndsForGood(absl::StatusCode::kUnauthenticated));
  EXPECT_FALSE(EndsForGood(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace sse_bridge
