#include "bridge/transcode/sse_format.h"

#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

TEST(SseFormatTest, Comments) {
  EXPECT_EQ(CommentFrame("ping"), ": ping\n\n");
  EXPECT_EQ(CommentFrame("a\ndata: b\r"), ": a data: b \n\n");
}

TEST(SseFormatTest, Retry) {
  EXPECT_EQ(RetryLine(3000), "retry: 3000\n");
  EXPECT_EQ(RetryLine(-1), "retry: 0\n");
}

std::string Rendered(const StreamEvent& event, EventSpans* spans = nullptr) {
  std::string text;
  AppendSseEvent(event, &text, spans);
  return text;
}

TEST(SseFormatTest, AnEventHasALineForEachOfItsTexts) {
  EXPECT_EQ(Rendered({.data = "{}"}), "data: {}\n\n");
  EXPECT_EQ(Rendered({.name = "e", .id = "42", .data = "{}", .comment = "c"}),
            ": c\n\nevent: e\nid: 42\ndata: {}\n\n");
  EXPECT_EQ(Rendered({}), "data: \n\n");
}

TEST(SseFormatTest, OnlyAResetClearsTheId) {
  EXPECT_EQ(Rendered({.kind = EventKind::kReset, .name = "reset", .data = "1"}),
            "event: reset\nid: \ndata: 1\n\n");
  EXPECT_EQ(Rendered({.kind = EventKind::kStatus, .name = "s", .data = "1"}),
            "event: s\ndata: 1\n\n");
}

TEST(SseFormatTest, TextCannotBreakOutOfItsLine) {
  EXPECT_EQ(Rendered({.name = "e\nx",
                      .id = absl::string_view("1\0", 2),
                      .data = "a\nb\r\nc\rd",
                      .comment = "\r\n"}),
            ":   \n\nevent: e x\nid: 1 \ndata: a b  c d\n\n");
}

TEST(SseFormatTest, SpansMatchThePositionsOfTheTexts) {
  EventSpans spans;
  std::string text = "before";
  AppendSseEvent({.name = "e", .id = "42", .data = "{}", .comment = "c"}, &text,
                 &spans);
  EXPECT_EQ(spans.comment.In(text), "c");
  EXPECT_EQ(spans.name.In(text), "e");
  EXPECT_EQ(spans.id.In(text), "42");
  EXPECT_EQ(spans.data.In(text), "{}");
  text.clear();
  AppendSseEvent({.data = "1"}, &text, &spans);
  EXPECT_EQ(spans.comment.size + spans.name.size + spans.id.size, 0u);
  EXPECT_EQ(spans.data.In(text), "1");
}

TEST(SseFormatTest, OneLine) {
  EXPECT_TRUE(IsOneLine(""));
  EXPECT_TRUE(IsOneLine("a b"));
  EXPECT_FALSE(IsOneLine("a\n"));
  EXPECT_FALSE(IsOneLine("\r"));
  EXPECT_FALSE(IsOneLine(absl::string_view("\0", 1)));
}

}  // namespace
}  // namespace sse_bridge
