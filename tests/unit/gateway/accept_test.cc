// Which format a client gets by its Accept headers, and what a new one takes:
// a class and a registration.

#include "bridge/gateway/accept.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/codegen/openapi_parts.h"
#include "bridge/feed/own_events.h"
#include "bridge/gateway/stream_connection.h"
#include "gtest/gtest.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

// One line with the kind, the id and the data of each event.
class CsvFormat : public OutputFormat {
 public:
  static constexpr absl::string_view kContentType = "text/csv";

  Traits traits() const override { return {}; }
  absl::string_view content_type() const override { return kContentType; }
  std::string Open(const Opening&) const override { return "kind,id,data\n"; }
  std::optional<std::string> EmptyBody() const override { return Open({}); }
  void AppendEvent(const StreamEvent& event, int, std::string* out) override {
    absl::StrAppend(out, static_cast<int>(event.kind), ",", event.id, ",",
                    event.data, "\n");
  }
  void AppendEnd(const StreamEvent*, CloseReason reason,
                 std::string* out) override {
    absl::StrAppend(out, "end,,", CloseReasonName(reason), "\n");
  }
};

OutputFormats WithCsv() {
  OutputFormats formats = OutputFormats::BuiltIn();
  formats.Add<CsvFormat>();
  return formats;
}

std::string Chosen(const std::vector<absl::string_view>& accept,
                   const OutputFormats& formats = OutputFormats::BuiltIn()) {
  const OutputFormats::Entry* const entry = NegotiateFormat(formats, accept);
  return entry == nullptr ? "406" : entry->content_type;
}

TEST(AcceptTest, EventsAreTheFormatOfThoseWhoDoNotMind) {
  for (const char* any :
       {"", "*/*", "text/*", "text/event-stream, application/json",
        "application/json, text/event-stream, */*;q=0.1"}) {
    EXPECT_EQ(Chosen({any}), "text/event-stream") << any;
  }
  EXPECT_EQ(Chosen({}), "text/event-stream");
}

TEST(AcceptTest, TheHighestQualityWins) {
  EXPECT_EQ(Chosen({"application/x-ndjson"}), "application/x-ndjson");
  EXPECT_EQ(Chosen({"APPLICATION/JSON; charset=utf-8"}), "application/json");
  EXPECT_EQ(Chosen({"text/event-stream;q=0.5, application/json;q=0.6"}),
            "application/json");
  EXPECT_EQ(Chosen({"text/event-stream;q=0.1", "application/x-ndjson"}),
            "application/x-ndjson");
}

TEST(AcceptTest, TheMostExactRangeSpeaksOfAFormat) {
  EXPECT_EQ(Chosen({"*/*, text/event-stream;q=0"}), "application/x-ndjson");
  EXPECT_EQ(Chosen({"application/*;q=0.1, application/json, text/*;q=0"}),
            "application/json");
}

TEST(AcceptTest, NothingAcceptableIsRefused) {
  EXPECT_EQ(Chosen({"image/png"}), "406");
  EXPECT_EQ(Chosen({"*/*;q=0"}), "406");
  EXPECT_EQ(Chosen({"text/event-stream;q=x"}), "406");
}

TEST(AcceptTest, OnlyWhoNamesEventsPrefersThem) {
  EXPECT_TRUE(PrefersEvents({"text/event-stream"}));
  EXPECT_TRUE(PrefersEvents({"*/*, text/event-stream"}));
  EXPECT_FALSE(PrefersEvents({}));
  EXPECT_FALSE(PrefersEvents({"*/*"}));
  EXPECT_FALSE(PrefersEvents({"text/event-stream;q=0.5, image/png"}));
}

TEST(NewFormatTest, ARegistrationIsAllThatItTakesToBeChosen) {
  const OutputFormats formats = WithCsv();
  EXPECT_EQ(Chosen({"text/csv"}), "406");
  EXPECT_EQ(Chosen({"text/csv"}, formats), "text/csv");
  EXPECT_EQ(Chosen({"text/csv, */*;q=0.1"}, formats), "text/csv");
  // It takes nothing from those who have not asked for it.
  EXPECT_EQ(Chosen({"text/*"}, formats), "text/event-stream");
  EXPECT_EQ(formats.Names(),
            "text/event-stream, application/x-ndjson, application/json or "
            "text/csv");
}

TEST(NewFormatTest, TheResponseIsWhatItSays) {
  const OutputFormats formats = WithCsv();
  const auto format = NegotiateFormat(formats, {"text/csv"})->make();
  const HttpResponse head = StreamHeadResponse(*format);
  ASSERT_FALSE(head.headers.empty());
  EXPECT_EQ(head.headers[0].first, "Content-Type");
  EXPECT_EQ(head.headers[0].second, "text/csv");
  const HttpResponse empty = NoEventsResponse(*format);
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "kind,id,data\n");
}

TEST(NewFormatTest, TheDocumentDescribesWhatIsRegistered) {
  const Json events = {{"schema", "of events"}}, element = {{"type", "object"}};
  const Json content =
      StreamContent(WithCsv(), events, element, OpenApiOptions::Version::k32);
  ASSERT_EQ(content.size(), WithCsv().entries().size());
  EXPECT_EQ(content["text/event-stream"], events);
  EXPECT_EQ(content["application/x-ndjson"]["itemSchema"], element);
  EXPECT_EQ(content["application/json"]["schema"]["items"], element);
  EXPECT_EQ(content["text/csv"]["schema"]["type"], "string");
}

class NewFormatDeliveryTest : public DeliveryFixture {};

TEST_F(NewFormatDeliveryTest, EventsReachItsConnectionThroughTheLoop) {
  StartDelivery();
  const OutputFormats formats = WithCsv();
  const auto topic = NewTopic();
  TestStream sse, csv;
  csv.spec.rewriter = NegotiateFormat(formats, {"text/csv"})->make();
  for (TestStream* stream : {&sse, &csv}) {
    stream->Open(delivery_.get());
    topic->Attach(stream->ref, {}, {});
  }
  topic->Publish(EventFrame({.name = "tick", .id = "7", .data = "{\"n\":1}"}));
  topic->Publish(AwayFrame(/*hidden=*/true));
  topic->Publish(BackFrame());
  topic->End(StatusFrame(absl::StatusCode::kOk, "{\"code\":0}"),
             /*error=*/false);
  EXPECT_EQ(csv.ReadToEnd(),
            "0,7,{\"n\":1}\n"
            "1,,{\"code\":0}\n"
            "end,,ended\n");
  EXPECT_EQ(sse.ReadToEnd(),
            "event: tick\nid: 7\ndata: {\"n\":1}\n\n"
            ": upstream is away\n\n"
            "event: grpc-status\ndata: {\"code\":0}\n\n");
}

}  // namespace
}  // namespace sse_bridge
