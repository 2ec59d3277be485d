#include "bridge/transcode/field_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/transcode/test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

std::string Read(absl::string_view type, absl::string_view path,
                 absl::string_view wire) {
  const auto reader = FieldReader::Create(TestSchema::Get().Type(type), path);
  if (!reader.ok()) return std::string(reader.status().message());
  std::string text = "> ";
  bool present = false;
  const absl::Status status = reader->Append(wire, &text, &present);
  if (!status.ok()) {
    EXPECT_EQ(text, "> ");
    return "ERR " + std::string(status.message());
  }
  return text.substr(2) + (present ? "" : " (absent)");
}

std::string Envelope(absl::string_view path, absl::string_view wire) {
  return Read("t3.Envelope", path, wire);
}

TEST(FieldReaderTest, EveryTypeAsText) {
  const std::string wire = TestSchema::Get().Wire(
      "t3.Envelope",
      "name: 'n' number: -5 color: RED raw: '\\377\\000' flag: true nested { "
      "nested { cursor: 'deep' } } minus: -7 wide: -8 narrow: 4294967295 "
      "maybe: 0");
  EXPECT_EQ(Envelope("name", wire), "n");
  EXPECT_EQ(Envelope("number", wire), "-5");
  EXPECT_EQ(Envelope("color", wire), "RED");
  EXPECT_EQ(Envelope("raw", wire), "/wA=");
  EXPECT_EQ(Envelope("flag", wire), "true");
  EXPECT_EQ(Envelope("nested.nested.cursor", wire), "deep");
  EXPECT_EQ(Envelope("minus", wire), "-7");
  EXPECT_EQ(Envelope("wide", wire), "-8");
  EXPECT_EQ(Envelope("narrow", wire), "4294967295");
  EXPECT_EQ(Envelope("maybe", wire), "0");
  EXPECT_EQ(Envelope("color", VarintField(5, 99)), "99");
}

TEST(FieldReaderTest, AbsentFieldsWithoutPresenceReadAsTheirDefault) {
  EXPECT_EQ(Envelope("name", ""), " (absent)");
  EXPECT_EQ(Envelope("number", ""), "0 (absent)");
  EXPECT_EQ(Envelope("color", ""), "BLACK (absent)");
  EXPECT_EQ(Envelope("flag", ""), "false (absent)");
  EXPECT_EQ(Envelope("maybe", ""), " (absent)");
  EXPECT_EQ(Envelope("here", ""), " (absent)");
  EXPECT_EQ(Envelope("number", VarintField(4, 0)), "0 (absent)");
  EXPECT_EQ(Envelope("here", BytesField(11, "")), "");
}

TEST(FieldReaderTest, TheLastOccurrenceWinsAndSubmessagesMerge) {
  EXPECT_EQ(Envelope("name", BytesField(2, "a") + BytesField(2, "b")), "b");
  const std::string wire = BytesField(8, BytesField(2, "a")) +
                           BytesField(8, BytesField(3, "c")) +
                           BytesField(8, "");
  EXPECT_EQ(Envelope("nested.name", wire), "a");
  EXPECT_EQ(Envelope("nested.cursor", wire), "c");
}

TEST(FieldReaderTest, SettingAOneofMemberClearsTheOthers) {
  const std::string there = BytesField(12, BytesField(2, "x"));
  const std::string here = BytesField(11, "y");
  EXPECT_EQ(Envelope("there.name", there + here), " (absent)");
  EXPECT_EQ(Envelope("here", here + there), " (absent)");
  EXPECT_EQ(Envelope("there.name", there + here + BytesField(12, "")),
            " (absent)");
  EXPECT_EQ(Envelope("here", there + here), "y");
}

TEST(FieldReaderTest, UnknownValuesOfClosedEnumsAreIgnored) {
  EXPECT_EQ(Read("t2.Old", "mode", VarintField(3, 2) + VarintField(3, 9)),
            "FAST");
  EXPECT_EQ(Read("t2.Old", "mode", VarintField(3, 9)), " (absent)");
}

TEST(FieldReaderTest, MalformedBytesAreErrors) {
  EXPECT_THAT(Envelope("name", "\x12\x05x"), HasSubstr("malformed"));
  EXPECT_THAT(Envelope("name", BytesField(2, "x") + "\x80"),
              HasSubstr("malformed"));
  EXPECT_THAT(Envelope("nested.name", BytesField(8, "\x12\x05x")),
              HasSubstr("malformed"));
  EXPECT_EQ(Envelope("name", BytesField(2,
                                        "a\xff\xe2\x82"
                                        "b")),
            "a\uFFFD\uFFFDb");
}

TEST(FieldReaderTest, PathsAreChecked) {
  EXPECT_THAT(Envelope("nope", ""), HasSubstr("has no field \"nope\""));
  EXPECT_THAT(Envelope("", ""), HasSubstr("has no field"));
  EXPECT_THAT(Envelope("nested.", ""), HasSubstr("has no field"));
  for (const absl::string_view unsuitable :
       {"event", "list", "map", "real", "nested"}) {
    EXPECT_THAT(Envelope(unsuitable, ""),
                HasSubstr("is not a singular string"));
  }
  EXPECT_THAT(Envelope("list.x", ""), HasSubstr("not a singular message"));
  EXPECT_THAT(Read("t2.Old", "item.s", ""),
              HasSubstr("t2.Old.item is not a singular message"));
}

TEST(FieldReaderTest, PathsLeadThroughDelimitedMessages) {
  const std::string group = Tag(7, 3) + VarintField(9, 1) + Tag(9, 3) +
                            VarintField(1, 8) + Tag(9, 4) + VarintField(1, 5) +
                            Tag(7, 4);
  EXPECT_EQ(Read("t2.Old", "data.a", VarintField(1, 3) + group), "5");
  EXPECT_EQ(Read("t2.Old", "data.a", group + group), "5");
  for (size_t size = 1; size < group.size(); ++size) {
    EXPECT_THAT(Read("t2.Old", "data.a", group.substr(0, size)),
                HasSubstr("malformed"));
  }
}

}  // namespace
}  // namespace sse_bridge
