// What a connection of several streams, or of JSON, makes of a feed's frames.

#include "bridge/feed/bundle_rewriter.h"
#include "bridge/feed/json_rewriter.h"
#include "bridge/feed/own_events.h"
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

// The last event of a stream that is over for good.
FramePtr EndFrame(const std::string& id) {
  FrameInfo info;
  info.event_end = sizeof "event: grpc-status";
  info.id_end = info.event_end + static_cast<uint32_t>(id.size() + 5);
  return Frame::Create(StatusEvent("{\"code\":0}", id), info);
}

std::string Text(const FramePtr& frame) {
  return frame == nullptr ? "" : std::string(frame->payload());
}

TEST(BundleRewriterTest, IdsOfAllPartsTravelWithEachEvent) {
  BundleRewriter rewriter({{"a", {}, {""}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("1&2"), 0)),
            "event: a\nid: a=1%262&b=7\ndata: 1\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("8"), 1)),
            "event: b\nid: a=1%262&b=8\ndata: 1\n\n");
}

TEST(BundleRewriterTest, ASoleStreamWithoutNameKeepsItsEvents) {
  BundleRewriter rewriter({{"", {"x/y", "z"}, {"", "4"}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("1"), 0)),
            "event: tick\nid: x%2Fy=1&z=4\ndata: 1\n\n");
  const FramePtr status = Frame::Create(StatusEvent("{\"code\":3}"));
  EXPECT_EQ(Text(rewriter.Rewrite(*status, 0)), Text(status));
  // The end of all has the id of the end, and nothing of the calls.
  const FramePtr end = EndFrame("sse-bridge:end.0.x");
  EXPECT_EQ(Text(rewriter.Rewrite(*end, 0)), Text(end));
}

TEST(BundleRewriterTest, AStreamOfSeveralCallsHasOneIdInTheBundle) {
  BundleRewriter rewriter({{"a", {}, {"1"}}, {"b", {"x", "y"}, {"", "2"}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("3"), 1)),
            "event: b\nid: a=1&b=x%3D3%26y%3D2\ndata: 1\n\n");
}

TEST(BundleRewriterTest, WhoHasEndedStaysEndedInTheIdsOfTheOthers) {
  BundleRewriter rewriter({{"a", {}, {"1"}}, {"b", {}, {""}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*EndFrame("sse-bridge:end.0.x"), 0)),
            "event: grpc-status\nid: a=sse-bridge:end.0.x\ndata: "
            "{\"stream\":\"a\",\"code\":0}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId("2"), 1)),
            "event: b\nid: a=sse-bridge:end.0.x&b=2\ndata: 1\n\n");
}

TEST(BundleRewriterTest, AnIdThatIsTooLongSaysThatTheStreamCannotBeResumed) {
  BundleRewriter rewriter(
      {{"a", {}, {std::string(4000, 'i')}}, {"b", {}, {""}}});
  const std::string fits = Text(rewriter.Rewrite(*EventWithId("2"), 1));
  EXPECT_NE(fits.find("&b=2\n"), std::string::npos);
  EXPECT_EQ(Text(rewriter.Rewrite(*EventWithId(std::string(4000, 'k')), 1)),
            "event: b\nid: sse-bridge:lost\ndata: 1\n\n");
}

TEST(BundleRewriterTest, ResetNamesItsStreamAndForgetsItsPlace) {
  BundleRewriter rewriter({{"a", {}, {"1"}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*ResetFrame("1", "4"), 0)),
            "event: reset\nid: b=7\ndata: "
            "{\"stream\":\"a\",\"requested\":\"1\",\"oldest\":\"4\"}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*ResetFrame("7", ""), 1)),
            "event: reset\nid: \ndata: "
            "{\"stream\":\"b\",\"requested\":\"7\",\"oldest\":\"\"}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*Frame::Create(StatusEvent("{}")), 0)),
            "event: grpc-status\ndata: {\"stream\":\"a\"}\n\n");
}

FramePtr UnreadableWithId(const std::string& id) {
  EncodedFrame encoded;
  const std::string line = id.empty() ? "" : "id: " + id + "\n";
  encoded.payload = "event: unreadable\n";
  encoded.event_end = encoded.payload.size();
  encoded.payload += line;
  encoded.id_end = encoded.payload.size();
  encoded.data_begin = encoded.id_end + 6;
  encoded.payload += "data: {\"code\":15}";
  encoded.data_end = encoded.payload.size();
  encoded.payload += "\n\n";
  return UnreadableFrame(encoded);
}

TEST(BundleRewriterTest, UnreadableNamesItsStreamAndMovesItsPlace) {
  BundleRewriter rewriter({{"a", {}, {"1"}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*UnreadableWithId("2"), 0)),
            "event: unreadable\nid: a=2&b=7\ndata: "
            "{\"stream\":\"a\",\"code\":15}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*UnreadableWithId(""), 1)),
            "event: unreadable\ndata: {\"stream\":\"b\",\"code\":15}\n\n");
  BundleRewriter sole({{"", {"x", "y"}, {"1", "4"}}});
  EXPECT_EQ(Text(sole.Rewrite(*UnreadableWithId("3"), 0)),
            "event: unreadable\nid: x=3&y=4\ndata: {\"code\":15}\n\n");
}

TEST(BundleRewriterTest, AnOutageNamesItsStreamAndHasNoId) {
  BundleRewriter rewriter({{"a", {}, {"1"}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(rewriter.Rewrite(*AwayFrame(/*hidden=*/false), 0)),
            ": upstream is away\n\nevent: upstream\ndata: "
            "{\"stream\":\"a\",\"state\":\"away\"}\n\n");
  EXPECT_EQ(Text(rewriter.Rewrite(*BackFrame(), 0)),
            "event: upstream\ndata: {\"stream\":\"a\",\"state\":\"back\"}\n\n");
  BundleRewriter sole({{"", {"x", "y"}, {"1", "4"}}});
  EXPECT_EQ(Text(sole.Rewrite(*BackFrame(), 1)), Text(BackFrame()));
  EXPECT_EQ(Text(rewriter.Rewrite(*AwayFrame(/*hidden=*/true), 0)),
            ": upstream is away\n\n");
}

TEST(JsonRewriterTest, UnreadableIsAnElementOfItsOwn) {
  JsonRewriter lines(JsonRewriter::Form::kLines);
  EXPECT_EQ(Text(lines.Rewrite(*UnreadableWithId("2"), 0)),
            "{\"unreadable\":{\"code\":15}}\n");
  JsonRewriter array(JsonRewriter::Form::kArray);
  EXPECT_EQ(Text(array.Rewrite(*UnreadableWithId(""), 0)),
            "{\"unreadable\":{\"code\":15}}");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), ",\n1");
}

TEST(JsonRewriterTest, OutagesAreLinesButNoElements) {
  JsonRewriter lines(JsonRewriter::Form::kLines);
  EXPECT_EQ(Text(lines.Rewrite(*AwayFrame(/*hidden=*/false), 0)),
            "{\"upstream\":{\"state\":\"away\"}}\n");
  EXPECT_EQ(Text(lines.Rewrite(*BackFrame(), 0)),
            "{\"upstream\":{\"state\":\"back\"}}\n");
  EXPECT_EQ(Text(lines.Rewrite(*AwayFrame(/*hidden=*/true), 0)), "");
  JsonRewriter array(JsonRewriter::Form::kArray);
  EXPECT_EQ(Text(array.Rewrite(*AwayFrame(/*hidden=*/false), 0)), "");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), "1");
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

TEST(JsonRewriterTest, WhatIsCutOffByTheBridgeSaysSo) {
  JsonRewriter array(JsonRewriter::Form::kArray);
  array.Rewrite(*EventWithId("5"), 0);
  EXPECT_EQ(Text(array.RewriteEnd(Frame::Create(StatusEvent("{\"code\":16}")),
                                  CloseReason::kExpired)),
            ",\n{\"error\":{\"code\":16}}]\n");
  JsonRewriter lines(JsonRewriter::Form::kLines);
  EXPECT_EQ(Text(lines.RewriteEnd(nullptr, CloseReason::kDrain)),
            "{\"error\":{\"code\":14,\"message\":\"the bridge is shutting "
            "down\"}}\n");
  JsonRewriter old(JsonRewriter::Form::kArray);
  EXPECT_EQ(Text(old.RewriteEnd(nullptr, CloseReason::kMaxAge)),
            "{\"error\":{\"code\":14,\"message\":\"the stream's max_age is "
            "over\"}}]\n");
}

TEST(JsonRewriterTest, AnEndIsToldOnce) {
  JsonRewriter array(JsonRewriter::Form::kArray);
  EXPECT_EQ(Text(array.Rewrite(*EndFrame("sse-bridge:end.0.x"), 0)), "]\n");
  EXPECT_EQ(array.RewriteEnd(nullptr, CloseReason::kEnded), nullptr);
  JsonRewriter quiet(JsonRewriter::Form::kArray);
  EXPECT_EQ(Text(quiet.RewriteEnd(nullptr, CloseReason::kEnded)), "]\n");
}

TEST(ResetEventTest, OnlyTheOneReasonIsAnExpiry) {
  EXPECT_FALSE(OldestAfterExpiry(absl::OkStatus()).has_value());
  EXPECT_FALSE(OldestAfterExpiry(absl::OutOfRangeError("x")).has_value());
  EXPECT_EQ(Text(ResetFrame("a\n\"", "b")),
            "event: reset\nid: \ndata: "
            "{\"requested\":\"a\\n\\\"\",\"oldest\":\"b\"}\n\n");
  EXPECT_FALSE(IsReset(*EventWithId("1")));
  EXPECT_FALSE(IsReset(*EndFrame("sse-bridge:end.0.x")));
  EXPECT_LT(ResetFrame(std::string(5000, 'x'), "")->size(), 400u);
}

}  // namespace
}  // namespace sse_bridge
