// What a connection of several streams, or of JSON, makes of a feed's frames.

#include "bridge/feed/bundle_rewriter.h"
#include "bridge/feed/json_rewriter.h"
#include "bridge/feed/reset_event.h"
#include "bridge/transcode/sse_format.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

FramePtr EventWithId(const std::string& id) {
  FrameInfo info;
  const std::string event = "event: tick\n", line = "id: " + id + "\n";
  info.event_end = static_cast<uint32_t>(event.size());
  info.id_end = static_cast<uint32_t>(event.size() + line.size());
  info.data_begin = info.id_end + 6;
  info.data_end = info.data_begin + 1;
  return Frame::Create(event + line + "data: 1\n\n", info);
}

std::string Text(const FramePtr& frame) {
  return frame == nullptr ? "" : std::string(frame->payload());
}

TEST(BundleRewriterTest, IdsOfAllPartsTravelWithEachEvent) {
  BundleRewriter rewriter({{"a", "a", ""}, {"b", "b", "7"}});
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("1&2"), 0)),
            "event: a\nid: a=1%262&b=7\ndata: 1\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("8"), 1)),
            "event: b\nid: a=1%262&b=8\ndata: 1\n\n");
}

TEST(BundleRewriterTest, PartsWithoutNameKeepTheirEvents) {
  BundleRewriter rewriter({{"", "x/y", ""}});
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("1"), 0)),
            "event: tick\nid: x%2Fy=1\ndata: 1\n\n");
  const FramePtr status = Frame::Create(StatusEvent("{\"code\":3}"));
  EXPECT_EQ(Text(rewriter.Rewrite(*status, 0)), Text(status));
}

TEST(BundleRewriterTest, ResetNamesItsStreamAndForgetsItsPlace) {
  BundleRewriter rewriter({{"a", "a", "1"}, {"b", "b", "7"}});
  EXPECT_EQ(Text(rewriter.Rewrite(*ResetFrame("1", "4"), 0)),
            "event: reset\nid: b=7\ndata: "
            "{\"stream\":\"a\",\"requested\":\"1\",\"oldest\":\"4\"}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*ResetFrame("7", ""), 1)),
            "event: reset\nid: \ndata: "
            "{\"stream\":\"b\",\"requested\":\"7\",\"oldest\":\"\"}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*Frame::Create(StatusEvent("{}")), 0)),
            "event: grpc-status\ndata: {\"stream\":\"a\"}\n\n");
}

TEST(JsonRewriterTest, ResetIsAnElementOfItsOwn) {
  JsonRewriter lines(JsonRewriter::Form::kLines);
  EXPECT_EQ(Text(lines.Rewrite(*ResetFrame("1", "4"), 0)),
            "{\"reset\":{\"requested\":\"1\",\"oldest\":\"4\"}}\n");
  JsonRewriter array(JsonRewriter::Form::kArray);
  EXPECT_EQ(Text(array.Rewrite(*ResetFrame("1", ""), 0)),
            "{\"reset\":{\"requested\":\"1\",\"oldest\":\"\"}}");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), ",\n1");
}

TEST(ResetEventTest, OnlyTheOneReasonIsAnExpiry) {
  EXPECT_FALSE(OldestAfterExpiry(absl::OkStatus()).has_value());
  EXPECT_FALSE(OldestAfterExpiry(absl::OutOfRangeError("x")).has_value());
  EXPECT_TRUE(IsReset(*ResetFrame("a\n\"\xff", "b")));
  EXPECT_EQ(Text(ResetFrame("a\n\"", "b")),
            "event: reset\nid: \ndata: "
            "{\"requested\":\"a\\n\\\"\",\"oldest\":\"b\"}\n\n");
  EXPECT_FALSE(IsReset(*EventWithId("1")));
}

}  // namespace
}  // namespace sse_bridge
