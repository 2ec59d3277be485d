#include "bridge/transcode/frame_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "bridge/base/event_names.h"
#include "tests/unit/transcode/test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

class FrameEncoderTest : public ::testing::Test {
 protected:
  FrameEncoderTest() {
    options_.response = TestSchema::Get().Type("t3.Envelope");
  }

  std::unique_ptr<FrameEncoder> Make() {
    auto frames = FrameEncoder::Create(
        JsonEncoder::Create(TestSchema::Get().pool(), {}), options_);
    EXPECT_TRUE(frames.ok()) << frames.status();
    return *std::move(frames);
  }

  std::string Frame(absl::string_view wire) {
    const absl::Status status = Make()->Encode({wire}, &frame_);
    if (!status.ok()) {
      EXPECT_TRUE(frame_.payload.empty());
      return "ERR " + std::string(status.message());
    }
    return frame_.payload;
  }

  std::string Error() {
    return std::string(
        FrameEncoder::Create(JsonEncoder::Create(TestSchema::Get().pool(), {}),
                             options_)
            .status()
            .message());
  }

  FrameEncoder::Options options_;
  EncodedFrame frame_;
};

TEST_F(FrameEncoderTest, DataOnly) {
  EXPECT_EQ(Frame(BytesField(2, "n")), "data: {\"name\":\"n\"}\n\n");
  EXPECT_EQ(frame_.name(), "");
  EXPECT_EQ(frame_.id(), "");
  EXPECT_EQ(frame_.data(), "{\"name\":\"n\"}");
  EXPECT_EQ(frame_.key, "");
}

TEST_F(FrameEncoderTest, EventIdKeyAndDataFromAnEnvelope) {
  options_.event_from = "name";
  options_.id_from = "cursor";
  options_.key = "event.f_string";
  options_.data_field = "event";
  const std::string wire = TestSchema::Get().Wire(
      "t3.Envelope", "event { f_string: 'K' } name: 'new' cursor: '42'");
  EXPECT_EQ(Frame(wire), "event: new\nid: 42\ndata: {\"fString\":\"K\"}\n\n");
  EXPECT_EQ(frame_.name(), "new");
  EXPECT_EQ(frame_.id(), "42");
  EXPECT_EQ(frame_.data(), "{\"fString\":\"K\"}");
  EXPECT_EQ(frame_.key, "K");
}

TEST_F(FrameEncoderTest, AReusedFrameKeepsNothingOfThePreviousOne) {
  options_.event_from = "name";
  options_.id_from = "cursor";
  options_.key = "cursor";
  const auto frames = Make();
  EncodedFrame frame;
  const std::string full = BytesField(2, "e") + BytesField(3, "i");
  ASSERT_TRUE(frames->Encode({full}, &frame).ok());
  ASSERT_TRUE(frames->Encode({""}, &frame).ok());
  EXPECT_EQ(frame.payload, "data: {}\n\n");
  EXPECT_EQ(frame.key, "");
  EXPECT_EQ(frame.name(), "");
  EXPECT_EQ(frame.id(), "");
}

TEST_F(FrameEncoderTest, ConstantEventName) {
  options_.event = "price\nid: 7";
  EXPECT_EQ(Frame(""), "event: priceid: 7\ndata: {}\n\n");
}

TEST_F(FrameEncoderTest, EmptyEventNameAndIdAreOmitted) {
  options_.event_from = "name";
  options_.id_from = "cursor";
  EXPECT_EQ(Frame(BytesField(2, "") + BytesField(3, "")), "data: {}\n\n");
}

TEST_F(FrameEncoderTest, AnEventNameFromDataFallsBackToTheConstant) {
  options_.event = "message";
  options_.event_from = "name";
  EXPECT_EQ(Frame(""), "event: message\ndata: {}\n\n");
}

TEST_F(FrameEncoderTest, LineEndsAreRemovedFromEventNames) {
  options_.event_from = "name";
  EXPECT_EQ(Frame(BytesField(2, absl::string_view("a\r\nid: 1\n\n\0b", 12))),
            "event: aid: 1b\ndata: {\"name\":\"a\\r\\nid: 1\\n\\n\\u0000b\"}"
            "\n\n");
  EXPECT_EQ(Frame(BytesField(2, "\n")), "data: {\"name\":\"\\n\"}\n\n");
}

TEST_F(FrameEncoderTest, ReservedEventNamesFromDataGetAPrefix) {
  options_.event_from = "name";
  options_.data_field = "event";
  for (absl::string_view name : kReservedEventNames) {
    EXPECT_EQ(Frame(BytesField(2, name)),
              absl::StrCat("event: message.", name, "\ndata: {}\n\n"));
    // The reserved name appears only after line ends and NUL are removed.
    std::string hidden(name);
    hidden.insert(2, "\r\0\n", 3);
    EXPECT_EQ(Frame(BytesField(2, hidden)),
              absl::StrCat("event: message.", name, "\ndata: {}\n\n"));
    EXPECT_EQ(frame_.name(), absl::StrCat("message.", name));
  }
  // Clients compare event names byte for byte.
  EXPECT_EQ(Frame(BytesField(2, "Reset")), "event: Reset\ndata: {}\n\n");
  EXPECT_EQ(Frame(BytesField(2, "resets")), "event: resets\ndata: {}\n\n");
}

TEST_F(FrameEncoderTest, AnIdWithLineEndsIsOmitted) {
  options_.id_from = "cursor";
  options_.data_field = "event";
  for (const absl::string_view bad :
       {absl::string_view("1\n2"), absl::string_view("1\r"),
        absl::string_view("\0", 1)}) {
    EXPECT_EQ(Frame(BytesField(3, bad)), "data: {}\n\n");
  }
}

TEST_F(FrameEncoderTest, NumbersAndEnumsAsEventAndId) {
  options_.event_from = "color";
  options_.id_from = "number";
  options_.data_field = "event";
  EXPECT_EQ(Frame(VarintField(4, 9) + VarintField(5, 1)),
            "event: RED\nid: 9\ndata: {}\n\n");
  EXPECT_EQ(Frame(""), "event: BLACK\ndata: {}\n\n");
}

TEST_F(FrameEncoderTest, DataOfEveryShape) {
  options_.data_field = "list";
  EXPECT_EQ(Frame(BytesField(9, "a") + BytesField(9, "b")),
            "data: [\"a\",\"b\"]\n\n");
  EXPECT_EQ(Frame(""), "data: []\n\n");
  options_.data_field = "map";
  EXPECT_EQ(Frame(""), "data: {}\n\n");
  options_.data_field = "name";
  EXPECT_EQ(Frame(BytesField(2, "x")), "data: \"x\"\n\n");
  options_.data_field = "event";
  EXPECT_EQ(Frame(""), "data: {}\n\n");
}

TEST_F(FrameEncoderTest, InvalidUtf8InNamesIdsAndKeysIsReplaced) {
  options_.event_from = "name";
  options_.id_from = "cursor";
  options_.key = "cursor";
  options_.data_field = "event";
  EXPECT_EQ(Frame(BytesField(2, "e\xff") + BytesField(3, "\xc3i")),
            "event: e\uFFFD\nid: \uFFFDi\ndata: {}\n\n");
  EXPECT_EQ(frame_.key, "\uFFFDi");
}

TEST_F(FrameEncoderTest, AnUnreadableMessageKeepsItsIdIfReadable) {
  options_.event = "e";
  options_.id_from = "cursor";
  options_.key = "cursor";
  const auto frames = Make();
  EncodedFrame frame;
  const std::string id = BytesField(3, "42");
  const std::string cut = "\x0a\x7f\x01";
  for (const std::string& wire : {id + cut, id + BytesField(1, cut)}) {
    EXPECT_FALSE(frames->Encode({wire}, &frame).ok());
    frames->EncodeUnreadable({wire}, "{\"code\":15}", &frame);
    EXPECT_EQ(frame.payload,
              "event: unreadable\nid: 42\ndata: {\"code\":15}\n\n");
    EXPECT_EQ(frame.name(), "unreadable");
    EXPECT_EQ(frame.id(), "42");
    EXPECT_EQ(frame.data(), "{\"code\":15}");
    EXPECT_EQ(frame.key, "");
  }
  for (const std::string& wire :
       {cut + id, cut, BytesField(3, "4\n2") + cut, BytesField(3, "") + cut}) {
    frames->EncodeUnreadable({wire}, "{}", &frame);
    EXPECT_EQ(frame.payload, "event: unreadable\ndata: {}\n\n");
    EXPECT_EQ(frame.name(), "unreadable");
    EXPECT_EQ(frame.id(), "");
  }
  options_.id_from = "";
  Make()->EncodeUnreadable({id + cut}, "{}", &frame);
  EXPECT_EQ(frame.payload, "event: unreadable\ndata: {}\n\n");
}

TEST_F(FrameEncoderTest, ABodyContainsOnlyTheJson) {
  options_.event = "e";
  options_.data_field = "event";
  std::string json = "[";
  const std::string wire = BytesField(1, VarintField(3, 1));
  EXPECT_TRUE(Make()->EncodeBody({wire}, &json).ok());
  EXPECT_EQ(json, "[{\"fInt32\":1}");
}

TEST_F(FrameEncoderTest, ARawBodyConsistsOfDataOnly) {
  options_.raw_body = true;
  const std::string bytes("a\n\0data: b", 10);
  EXPECT_EQ(Frame(BytesField(1, "text/plain") + BytesField(2, bytes)), bytes);
  EXPECT_EQ(frame_.data(), bytes);
  EXPECT_EQ(frame_.name(), "");
  EXPECT_EQ(frame_.id(), "");
  EXPECT_EQ(frame_.content_type, "text/plain");
}

TEST_F(FrameEncoderTest, AConstantNameAppliesToEveryEvent) {
  options_.event = "price";
  Frame("");
  EXPECT_EQ(frame_.name(), "price");
  EXPECT_EQ(frame_.data(), "{}");
}

TEST_F(FrameEncoderTest, ChainsOfSlices) {
  options_.id_from = "cursor";
  const std::string wire = BytesField(2, "name") + BytesField(3, "42");
  for (size_t i = 0; i <= wire.size(); ++i) {
    const absl::string_view all = wire;
    ASSERT_TRUE(
        Make()->Encode({all.substr(0, i), all.substr(i)}, &frame_).ok());
    EXPECT_EQ(frame_.payload,
              "id: 42\ndata: {\"name\":\"name\",\"cursor\":\"42\"}\n\n");
  }
}

TEST_F(FrameEncoderTest, MalformedBytesAreErrors) {
  EXPECT_THAT(Frame("\x12\x7f"), HasSubstr("ERR"));
  options_.event_from = "name";
  EXPECT_THAT(Frame("\x12\x7f"), HasSubstr("ERR"));
}

TEST_F(FrameEncoderTest, OptionsWithInvalidPathsAreNamed) {
  options_.id_from = "event";
  EXPECT_THAT(Error(), HasSubstr("id_from: \"event\""));
  options_.id_from = "";
  options_.event_from = "x";
  EXPECT_THAT(Error(), HasSubstr("event_from: \"x\""));
  options_.event_from = "";
  options_.key = "real";
  EXPECT_THAT(Error(), HasSubstr("key: \"real\""));
  options_.key = "";
  options_.data_field = "a.b";
  EXPECT_THAT(Error(), HasSubstr("response_body: \"a.b\""));
}

TEST_F(FrameEncoderTest, SubjectsAreRead) {
  options_.only_to = "list";
  options_.not_to = "name";
  Frame(BytesField(9, "ann") + BytesField(9, "ben") + BytesField(2, "cat"));
  EXPECT_THAT(frame_.only_to, ::testing::ElementsAre("ann", "ben"));
  EXPECT_THAT(frame_.not_to, ::testing::ElementsAre("cat"));
  Frame(BytesField(3, "7"));
  EXPECT_THAT(frame_.only_to, ::testing::IsEmpty());
  EXPECT_THAT(frame_.not_to, ::testing::IsEmpty());
}

TEST_F(FrameEncoderTest, UnreadableEventKeepsItsSubjects) {
  options_.only_to = "list";
  const std::string wire = BytesField(9, "ann");
  Make()->EncodeUnreadable({wire}, "{}", &frame_);
  EXPECT_THAT(frame_.only_to, ::testing::ElementsAre("ann"));
}

TEST_F(FrameEncoderTest, SubjectsMustBeStrings) {
  options_.only_to = "number";
  EXPECT_THAT(Error(), HasSubstr("only_to: \"number\""));
  options_.only_to = "";
  options_.not_to = "event";
  EXPECT_THAT(Error(), HasSubstr("not_to: \"event\""));
}

}  // namespace
}  // namespace sse_bridge
