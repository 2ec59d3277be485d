// How the formats render a feed's frames on their connections.

#include "bridge/feed/formats/output_formats.h"

#include "absl/strings/str_cat.h"
#include "bridge/feed/formats/json_array.h"
#include "bridge/feed/formats/multiplexed.h"
#include "bridge/feed/formats/ndjson.h"
#include "bridge/feed/formats/raw_body.h"
#include "bridge/feed/formats/sse.h"
#include "bridge/feed/own_events.h"
#include "bridge/feed/reset_event.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

FramePtr EventWithId(const std::string& id) {
  return EventFrame({.name = "tick", .id = id, .data = "1"});
}

// The last event of a stream that has ended permanently.
FramePtr EndFrame(const std::string& id) {
  return StatusFrame(absl::StatusCode::kOk, "{\"code\":0}", id);
}

FramePtr UnreadableWithId(const std::string& id) {
  return EventFrame({.kind = EventKind::kUnreadable,
                     .name = "unreadable",
                     .id = id,
                     .data = "{\"code\":15}"});
}

std::string Text(const FramePtr& frame) {
  return frame == nullptr ? "" : std::string(frame->payload());
}

// The text of a frame, also for formats that send frames verbatim.
std::string Appended(OutputFormat* format, const FramePtr& frame) {
  std::string text;
  format->AppendEvent(frame->event(), 0, &text);
  return text;
}

TEST(SseFormatTest, FramesEqualTheRenderedEvents) {
  SseFormat format;
  EXPECT_TRUE(format.traits().verbatim);
  for (const FramePtr& frame :
       {EventWithId("5"), EventWithId(""), EndFrame("x"), ResetFrame("a", "b"),
        UnreadableWithId("2"), AwayFrame(false), BackFrame()}) {
    EXPECT_EQ(Appended(&format, frame), Text(frame));
  }
}

TEST(SseFormatTest, OpeningContainsRetry) {
  const SseFormat format;
  EXPECT_EQ(format.content_type(), "text/event-stream");
  EXPECT_EQ(format.Open({absl::Seconds(2), ""}), "retry: 2000\n: open\n\n");
  EXPECT_EQ(format.Open({absl::Seconds(2), "left\nout"}),
            "retry: 2000\n: open\n\n: left out\n\n");
  EXPECT_FALSE(format.EmptyBody().has_value());
}

TEST(SseFormatTest, EndsWithTheLastEventIfThereIsOne) {
  SseFormat format;
  EXPECT_EQ(Text(format.RewriteEnd(EndFrame(""), CloseReason::kExpired)),
            Text(EndFrame("")));
  EXPECT_EQ(format.RewriteEnd(nullptr, CloseReason::kDrain), nullptr);
}

TEST(MultiplexedFormatTest, EveryEventHasTheIdsOfAllParts) {
  MultiplexedFormat format({{"a", {}, {""}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("1&2"), 0)),
            "event: a\nid: a=1%262&b=7\ndata: 1\n\n");
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("8"), 1)),
            "event: b\nid: a=1%262&b=8\ndata: 1\n\n");
  EXPECT_EQ(Text(format.Rewrite(*EventWithId(""), 1)), "event: b\ndata: 1\n\n");
}

TEST(MultiplexedFormatTest, ANameWithAnAsteriskKeepsTheEventsOwnName) {
  MultiplexedFormat format({{"a*", {}, {""}}});
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("1"), 0)),
            "event: a*tick\nid: a%2A=1\ndata: 1\n\n");
  EXPECT_EQ(Text(format.Rewrite(*StatusFrame(absl::StatusCode::kOk, "{}"), 0)),
            "event: grpc-status\ndata: {\"stream\":\"a*\"}\n\n");
}

TEST(MultiplexedFormatTest, StreamsAreAddedToAnOpenConnectionAndRemoved) {
  const auto changes = std::make_shared<MultiplexedFormat::Changes>();
  MultiplexedFormat format({{"a", {}, {"1"}}, {"b", {}, {"7"}}}, changes);
  changes->Add({{"c", {"x", "y"}, {"3", ""}}, {"d", {}, {"4"}}}, 2);
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("9"), 3)),
            "event: c\nid: a=1&b=7&c=x%3D3%26y%3D9&d=4\ndata: 1\n\n");
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("5"), 4)),
            "event: d\nid: a=1&b=7&c=x%3D3%26y%3D9&d=5\ndata: 1\n\n");
  changes->Remove("b");
  changes->Remove("nobody");
  EXPECT_EQ(format.Rewrite(*EventWithId("8"), 1), nullptr) << "still queued";
  EXPECT_EQ(format.Rewrite(*EndFrame("sse-bridge:end.0.x"), 1), nullptr);
  changes->Remove("c");
  // Its place is used again, its tags are not.
  changes->Add({{"e", {}, {""}}}, 5);
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("6"), 5)),
            "event: e\nid: a=1&e=6&d=5\ndata: 1\n\n");
  EXPECT_EQ(format.Rewrite(*EventWithId("9"), 2), nullptr);
}

TEST(MultiplexedFormatTest, AStreamMayBeRemovedBeforeItsFirstEvent) {
  const auto changes = std::make_shared<MultiplexedFormat::Changes>();
  MultiplexedFormat format({{"a", {}, {"1"}}}, changes);
  for (int tag = 1; tag <= 3; ++tag) {
    changes->Add({{"b", {}, {"7"}}}, tag);
    changes->Remove("b");
  }
  EXPECT_EQ(format.Rewrite(*EventWithId("8"), 3), nullptr);
  changes->Add({{"b", {}, {"7"}}}, 4);
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("2"), 0)),
            "event: a\nid: a=2&b=7\ndata: 1\n\n");
}

TEST(MultiplexedFormatTest, IsSseRenderedPerConnection) {
  const MultiplexedFormat format({{"a", {}, {""}}});
  const SseFormat sse;
  EXPECT_FALSE(format.traits().verbatim);
  EXPECT_TRUE(format.traits().comments);
  EXPECT_TRUE(format.traits().ids);
  EXPECT_EQ(format.content_type(), sse.content_type());
  EXPECT_EQ(format.Open({absl::Seconds(1), "c"}),
            sse.Open({absl::Seconds(1), "c"}));
  EXPECT_EQ(format.EmptyBody(), sse.EmptyBody());
}

TEST(MultiplexedFormatTest, ASingleUnnamedStreamKeepsItsEvents) {
  MultiplexedFormat format({{"", {"x/y", "z"}, {"", "4"}}});
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("1"), 0)),
            "event: tick\nid: x%2Fy=1&z=4\ndata: 1\n\n");
  const FramePtr status =
      StatusFrame(absl::StatusCode::kInvalidArgument, "{\"code\":3}");
  EXPECT_EQ(Text(format.Rewrite(*status, 0)), Text(status));
  // The end of a connection has the ID of the end only, without those of the
  // calls.
  const FramePtr end = EndFrame("sse-bridge:end.0.x");
  EXPECT_EQ(Text(format.Rewrite(*end, 0)), Text(end));
}

TEST(MultiplexedFormatTest, AStreamOfSeveralCallsHasOneIdInTheBundle) {
  MultiplexedFormat format({{"a", {}, {"1"}}, {"b", {"x", "y"}, {"", "2"}}});
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("3"), 1)),
            "event: b\nid: a=1&b=x%3D3%26y%3D2\ndata: 1\n\n");
}

TEST(MultiplexedFormatTest, AnEndWithAPositionKeepsThoseOfTheOtherCalls) {
  MultiplexedFormat format({{"", {"x", "y"}, {"1", "2"}}});
  const FramePtr end = StatusFrame(absl::StatusCode::kResourceExhausted,
                                   "{\"code\":8}", /*id=*/"3");
  EXPECT_EQ(Text(format.Rewrite(*end, 1)),
            "event: grpc-status\nid: x=1&y=3\ndata: {\"code\":8}\n\n");
}

TEST(MultiplexedFormatTest, EndedStreamsStayEndedInTheIdsOfOthers) {
  MultiplexedFormat format({{"a", {}, {"1"}}, {"b", {}, {""}}});
  EXPECT_EQ(Text(format.Rewrite(*EndFrame("sse-bridge:end.0.x"), 0)),
            "event: grpc-status\nid: a=sse-bridge:end.0.x\ndata: "
            "{\"stream\":\"a\",\"code\":0}\n\n");
  EXPECT_EQ(Text(format.Rewrite(*EventWithId("2"), 1)),
            "event: b\nid: a=sse-bridge:end.0.x&b=2\ndata: 1\n\n");
}

TEST(MultiplexedFormatTest, ATooLongIdBecomesTheLostId) {
  MultiplexedFormat format(
      {{"a", {}, {std::string(4000, 'i')}}, {"b", {}, {""}}});
  const std::string fits = Text(format.Rewrite(*EventWithId("2"), 1));
  EXPECT_NE(fits.find("&b=2\n"), std::string::npos);
  EXPECT_EQ(Text(format.Rewrite(*EventWithId(std::string(4000, 'k')), 1)),
            "event: b\nid: sse-bridge:lost\ndata: 1\n\n");
}

TEST(MultiplexedFormatTest, ResetNamesItsStreamAndClearsItsPosition) {
  MultiplexedFormat format({{"a", {}, {"1"}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(format.Rewrite(*ResetFrame("1", "4"), 0)),
            "event: reset\nid: b=7\ndata: "
            "{\"stream\":\"a\",\"requested\":\"1\",\"oldest\":\"4\"}\n\n");
  EXPECT_EQ(Text(format.Rewrite(*ResetFrame("7", ""), 1)),
            "event: reset\nid: \ndata: "
            "{\"stream\":\"b\",\"requested\":\"7\",\"oldest\":\"\"}\n\n");
  EXPECT_EQ(Text(format.Rewrite(*StatusFrame(absl::StatusCode::kOk, "{}"), 0)),
            "event: grpc-status\ndata: {\"stream\":\"a\"}\n\n");
}

TEST(MultiplexedFormatTest, UnreadableNamesItsStreamAndMovesItsPosition) {
  MultiplexedFormat format({{"a", {}, {"1"}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(format.Rewrite(*UnreadableWithId("2"), 0)),
            "event: unreadable\nid: a=2&b=7\ndata: "
            "{\"stream\":\"a\",\"code\":15}\n\n");
  EXPECT_EQ(Text(format.Rewrite(*UnreadableWithId(""), 1)),
            "event: unreadable\ndata: {\"stream\":\"b\",\"code\":15}\n\n");
  MultiplexedFormat sole({{"", {"x", "y"}, {"1", "4"}}});
  EXPECT_EQ(Text(sole.Rewrite(*UnreadableWithId("3"), 0)),
            "event: unreadable\nid: x=3&y=4\ndata: {\"code\":15}\n\n");
}

TEST(MultiplexedFormatTest, AnOutageNamesItsStreamAndHasNoId) {
  MultiplexedFormat format({{"a", {}, {"1"}}, {"b", {}, {"7"}}});
  EXPECT_EQ(Text(format.Rewrite(*AwayFrame(/*hidden=*/false), 0)),
            ": upstream is away\n\nevent: upstream\ndata: "
            "{\"stream\":\"a\",\"state\":\"away\"}\n\n");
  EXPECT_EQ(Text(format.Rewrite(*BackFrame(), 0)),
            "event: upstream\ndata: {\"stream\":\"a\",\"state\":\"back\"}\n\n");
  MultiplexedFormat sole({{"", {"x", "y"}, {"1", "4"}}});
  EXPECT_EQ(Text(sole.Rewrite(*BackFrame(), 1)), Text(BackFrame()));
  EXPECT_EQ(Text(format.Rewrite(*AwayFrame(/*hidden=*/true), 0)),
            ": upstream is away\n\n");
}

TEST(JsonFormatsTest, AnEventIsWrittenAsItsData) {
  NdjsonFormat lines;
  EXPECT_EQ(Text(lines.Rewrite(*EventWithId("5"), 0)), "1\n");
  EXPECT_EQ(lines.Open({}), "");
  EXPECT_EQ(lines.EmptyBody(), "");
  JsonArrayFormat array;
  EXPECT_EQ(array.Open({}), "[");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), "1");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("6"), 0)), ",\n1");
  EXPECT_EQ(array.EmptyBody(), "[]\n");
}

TEST(JsonFormatsTest, UnreadableIsASeparateElement) {
  NdjsonFormat lines;
  EXPECT_EQ(Text(lines.Rewrite(*UnreadableWithId("2"), 0)),
            "{\"unreadable\":{\"code\":15}}\n");
  JsonArrayFormat array;
  EXPECT_EQ(Text(array.Rewrite(*UnreadableWithId(""), 0)),
            "{\"unreadable\":{\"code\":15}}");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), ",\n1");
}

TEST(JsonFormatsTest, OutagesAreLinesButNotElements) {
  NdjsonFormat lines;
  EXPECT_EQ(Text(lines.Rewrite(*AwayFrame(/*hidden=*/false), 0)),
            "{\"upstream\":{\"state\":\"away\"}}\n");
  EXPECT_EQ(Text(lines.Rewrite(*BackFrame(), 0)),
            "{\"upstream\":{\"state\":\"back\"}}\n");
  EXPECT_EQ(Text(lines.Rewrite(*AwayFrame(/*hidden=*/true), 0)), "");
  JsonArrayFormat array;
  EXPECT_EQ(Text(array.Rewrite(*AwayFrame(/*hidden=*/false), 0)), "");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), "1");
}

TEST(JsonFormatsTest, ResetIsASeparateElement) {
  NdjsonFormat lines;
  EXPECT_EQ(Text(lines.Rewrite(*ResetFrame("1", "4"), 0)),
            "{\"reset\":{\"requested\":\"1\",\"oldest\":\"4\"}}\n");
  JsonArrayFormat array;
  EXPECT_EQ(Text(array.Rewrite(*ResetFrame("1", ""), 0)),
            "{\"reset\":{\"requested\":\"1\",\"oldest\":\"\"}}");
  EXPECT_EQ(Text(array.Rewrite(*EventWithId("5"), 0)), ",\n1");
}

TEST(JsonFormatsTest, AnEndByTheBridgeIsReported) {
  JsonArrayFormat array;
  array.Rewrite(*EventWithId("5"), 0);
  EXPECT_EQ(
      Text(array.RewriteEnd(
          StatusFrame(absl::StatusCode::kUnauthenticated, "{\"code\":16}"),
          CloseReason::kExpired)),
      ",\n{\"error\":{\"code\":16}}]\n");
  NdjsonFormat lines;
  EXPECT_EQ(Text(lines.RewriteEnd(nullptr, CloseReason::kDrain)),
            "{\"error\":{\"code\":14,\"message\":\"the bridge is shutting "
            "down\"}}\n");
  JsonArrayFormat old;
  EXPECT_EQ(Text(old.RewriteEnd(nullptr, CloseReason::kMaxAge)),
            "{\"error\":{\"code\":14,\"message\":\"the stream's max_age is "
            "over\"}}]\n");
}

TEST(JsonFormatsTest, AnEndIsReportedOnce) {
  JsonArrayFormat array;
  EXPECT_EQ(Text(array.Rewrite(*EndFrame("sse-bridge:end.0.x"), 0)), "]\n");
  EXPECT_EQ(array.RewriteEnd(nullptr, CloseReason::kEnded), nullptr);
  JsonArrayFormat quiet;
  EXPECT_EQ(Text(quiet.RewriteEnd(nullptr, CloseReason::kEnded)), "]\n");
  NdjsonFormat lines;
  EXPECT_EQ(Text(lines.Rewrite(
                *StatusFrame(absl::StatusCode::kNotFound, "{\"code\":5}"), 0)),
            "{\"error\":{\"code\":5}}\n");
  EXPECT_EQ(lines.RewriteEnd(nullptr, CloseReason::kError), nullptr);
}

// The status code decides, not the text of the status.
TEST(JsonFormatsTest, TheStatusCodeDecidesWhetherAnEndIsAnError) {
  JsonArrayFormat well;
  EXPECT_EQ(Text(well.Rewrite(
                *StatusFrame(absl::StatusCode::kOk, "{\"code\":07}"), 0)),
            "]\n");
  JsonArrayFormat ill;
  EXPECT_EQ(Text(ill.Rewrite(*StatusFrame(absl::StatusCode::kAborted,
                                          "{\"message\":\"x\",\"code\":10}"),
                             0)),
            "{\"error\":{\"message\":\"x\",\"code\":10}}]\n");
}

TEST(RawBodyFormatTest, ContainsOnlyTheBackendsBytes) {
  RawBodyFormat format;
  EXPECT_TRUE(format.traits().verbatim);
  EXPECT_TRUE(format.traits().bytes);
  EXPECT_FALSE(format.traits().comments);
  EXPECT_EQ(format.Open({absl::Seconds(2), "left out"}), "");
  EXPECT_FALSE(format.EmptyBody().has_value());
  const std::string bytes("\0\n", 2);
  std::string text;
  format.AppendEvent({.data = bytes}, 0, &text);
  EXPECT_EQ(text, bytes);
  EXPECT_EQ(Appended(&format, AwayFrame(/*hidden=*/false)), "");
  EXPECT_EQ(format.RewriteEnd(EndFrame(""), CloseReason::kExpired), nullptr);
}

TEST(RawBodyFormatTest, ContentTypeIsSafeAsAHeader) {
  RawBodyFormat format;
  EXPECT_EQ(format.content_type(), "");
  format.SetContentType("text/csv");
  EXPECT_EQ(format.content_type(), "text/csv");
  format.SetContentType("text/html\r\nSet-Cookie: a=b");
  EXPECT_EQ(format.content_type(), "application/octet-stream");
  format.SetContentType("");
  EXPECT_EQ(format.content_type(), "application/octet-stream");
  bool sandboxed = false;
  for (const auto& [name, value] : format.headers()) {
    sandboxed = sandboxed || (name == "Content-Security-Policy" &&
                              value == "default-src 'none'; sandbox");
  }
  EXPECT_TRUE(sandboxed);
}

TEST(OutputFormatsTest, BuiltInFormatsAreInOrderOfPreference) {
  const OutputFormats& formats = OutputFormats::BuiltIn();
  EXPECT_EQ(formats.Names(),
            "text/event-stream, application/x-ndjson or application/json");
  for (const OutputFormats::Entry& entry : formats.entries()) {
    EXPECT_EQ(entry.make()->content_type(), entry.content_type);
  }
}

TEST(ResetEventTest, OnlyTheExpiryReasonIsAnExpiry) {
  EXPECT_FALSE(OldestAfterExpiry(absl::OkStatus()).has_value());
  EXPECT_FALSE(OldestAfterExpiry(absl::OutOfRangeError("x")).has_value());
  EXPECT_EQ(Text(ResetFrame("a\n\"", "b")),
            "event: reset\nid: \ndata: "
            "{\"requested\":\"a\\n\\\"\",\"oldest\":\"b\"}\n\n");
  EXPECT_LT(ResetFrame(std::string(5000, 'x'), "")->size(), 400u);
}

}  // namespace
}  // namespace sse_bridge
