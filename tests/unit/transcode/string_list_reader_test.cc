#include "bridge/transcode/string_list_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StringListReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto schema = LoadTestProto(R"(
service S { rpc M(Event) returns (stream Event) {
  option (google.api.http).get = '/m'; } }
message Event {
  repeated string many = 1;
  string one = 2;
  Event inner = 3;
  int32 number = 4;
  repeated Event events = 5;
  oneof kind { Event left = 6; string right = 7; }
}
)");
    ASSERT_TRUE(schema.ok()) << schema.status();
    schema_ = *std::move(schema);
    type_ = schema_->FindMethod("test.S.M")->descriptor->input_type();
  }

  std::vector<std::string> Read(const std::string& path,
                                const std::string& wire) {
    const auto reader = StringListReader::Create(type_, path);
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::vector<std::string> strings = {"before"};
    EXPECT_TRUE(reader->Read(wire, &strings).ok());
    return strings;
  }
  std::string CreateError(const std::string& path) {
    return std::string(
        StringListReader::Create(type_, path).status().message());
  }

  std::shared_ptr<const Schema> schema_;
  const google::protobuf::Descriptor* type_ = nullptr;
};

// The field with this number, of a length below 128.
std::string Field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) +
         std::string(1, static_cast<char>(bytes.size())) + bytes;
}

TEST_F(StringListReaderTest, EveryElementIsRead) {
  EXPECT_THAT(Read("many", ""), IsEmpty());
  EXPECT_THAT(Read("many", Field(1, "a") + Field(2, "x") + Field(1, "")),
              ElementsAre("a", ""));
}

TEST_F(StringListReaderTest, LastOccurrenceOfASingularFieldWins) {
  EXPECT_THAT(Read("one", Field(2, "a") + Field(2, "b")), ElementsAre("b"));
  EXPECT_THAT(Read("one", Field(2, "a") + Field(2, "")), IsEmpty());
}

TEST_F(StringListReaderTest, OccurrencesOfAMessageAreMerged) {
  EXPECT_THAT(
      Read("inner.many", Field(3, Field(1, "a")) + Field(3, Field(1, "b"))),
      ElementsAre("a", "b"));
}

TEST_F(StringListReaderTest, AnotherMemberOfTheOneofClearsTheField) {
  EXPECT_THAT(Read("left.many", Field(6, Field(1, "a")) + Field(7, "x")),
              IsEmpty());
}

TEST_F(StringListReaderTest, MalformedBytesAreAnErrorAndNothingIsRead) {
  const auto reader = StringListReader::Create(type_, "many");
  ASSERT_TRUE(reader.ok());
  std::vector<std::string> strings = {"before"};
  EXPECT_FALSE(reader->Read(Field(1, "a") + "\x0a\x05z", &strings).ok());
  EXPECT_THAT(strings, IsEmpty());
}

TEST_F(StringListReaderTest, OnlyStringsCanBeRead) {
  EXPECT_THAT(CreateError("number"), HasSubstr("is not a string"));
  EXPECT_THAT(CreateError("inner"), HasSubstr("is not a string"));
  EXPECT_THAT(CreateError("events.many"), HasSubstr("singular message"));
  EXPECT_THAT(CreateError("none"), HasSubstr("no field"));
}

}  // namespace
}  // namespace sse_bridge
