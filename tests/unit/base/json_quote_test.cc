#include "bridge/base/json_quote.h"

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(JsonQuoteTest, QuotesAndEscapes) {
  EXPECT_EQ(JsonQuote(""), R"("")");
  EXPECT_EQ(JsonQuote("a/b <c> \u00e9"), "\"a/b <c> \u00e9\"");
  EXPECT_EQ(JsonQuote("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(JsonQuote(absl::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
}

TEST(JsonQuoteTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(JsonQuote("a\xff"
                      "b"),
            "\"a\uFFFDb\"");
  EXPECT_EQ(JsonQuote("\xe2\x82"), "\"\uFFFD\"");
}

}  // namespace
}  // namespace sse_bridge
