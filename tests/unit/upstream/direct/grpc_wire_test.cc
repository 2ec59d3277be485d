#include "bridge/upstream/direct/grpc_wire.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using State = GrpcMessageReader::State;

std::string Framed(const std::string& message) {
  return GrpcPrefix(message.size()) + message;
}

// What a reader finds in `bytes`, given to it in pieces of this size.
std::vector<std::string> Messages(const std::string& bytes, size_t piece,
                                  GrpcMessageReader* reader) {
  std::vector<std::string> messages;
  for (size_t i = 0; i < bytes.size(); i += piece) {
    absl::string_view data = absl::string_view(bytes).substr(i, piece);
    absl::string_view message;
    while (!data.empty() && reader->Next(&data, &message) == State::kMessage) {
      messages.emplace_back(message);
    }
  }
  return messages;
}

TEST(GrpcWireTest, MessagesAreFoundHoweverTheyAreSplit) {
  const std::vector<std::string> messages = {"one", "", std::string(300, 'x'),
                                             "four"};
  std::string bytes;
  for (const std::string& message : messages) bytes += Framed(message);
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    GrpcMessageReader reader(1000);
    EXPECT_EQ(Messages(bytes, piece, &reader), messages) << piece;
    EXPECT_TRUE(reader.at_boundary());
  }
}

TEST(GrpcWireTest, PartOfAMessageIsNoBoundary) {
  GrpcMessageReader reader(1000);
  EXPECT_TRUE(reader.at_boundary());
  Messages(Framed("message").substr(0, 3), 3, &reader);
  EXPECT_FALSE(reader.at_boundary());
}

TEST(GrpcWireTest, MessageOfTheLimitPassesAndOneByteMoreIsRefused) {
  GrpcMessageReader reader(3);
  absl::string_view message;
  const std::string good = Framed("abc");
  absl::string_view data = good;
  EXPECT_EQ(reader.Next(&data, &message), State::kMessage);
  // The length alone is enough.
  const std::string bad = GrpcPrefix(4);
  data = bad;
  EXPECT_EQ(reader.Next(&data, &message), State::kRefused);
  EXPECT_EQ(reader.refusal(),
            absl::ResourceExhaustedError(
                "a message of 4 bytes exceeds the limit of 3 bytes"));
}

TEST(GrpcWireTest, CompressedMessageIsRefused) {
  GrpcMessageReader reader(1000);
  std::string bytes = Framed("abc");
  bytes[0] = 1;
  absl::string_view data = bytes;
  absl::string_view message;
  EXPECT_EQ(reader.Next(&data, &message), State::kRefused);
  EXPECT_EQ(reader.refusal(), CompressedMessage());
}

TEST(GrpcWireTest, TimeoutsHaveEightDigitsAtMostAndAreRoundedUp) {
  EXPECT_EQ(GrpcTimeout(absl::Nanoseconds(1)), "1u");
  EXPECT_EQ(GrpcTimeout(absl::Nanoseconds(-1)), "1u");
  EXPECT_EQ(GrpcTimeout(absl::Milliseconds(15)), "15000u");
  EXPECT_EQ(GrpcTimeout(absl::Microseconds(99'999'999)), "99999999u");
  EXPECT_EQ(GrpcTimeout(absl::Microseconds(100'000'000)), "100000m");
  EXPECT_EQ(GrpcTimeout(absl::Hours(24 * 365)), "31536000S");
  EXPECT_EQ(GrpcTimeout(absl::InfiniteDuration()), "99999999M");
}

TEST(GrpcWireTest, MessagesArePercentDecoded) {
  EXPECT_EQ(DecodeGrpcMessage("a%20b%C3%a9%25"), "a b\xc3\xa9%");
  EXPECT_EQ(DecodeGrpcMessage("100%"), "100%");
  EXPECT_EQ(DecodeGrpcMessage("%zz%4"), "%zz%4");
}

CallEnd EndOf(const Metadata& fields) {
  GrpcAnswer answer(10'000, nullptr);
  answer.BeginBlock();
  for (const auto& [name, value] : fields) {
    EXPECT_TRUE(answer.Add(name, value));
  }
  return answer.End();
}

TEST(GrpcWireTest, StatusIsReadFromTheFields) {
  const CallEnd end = EndOf({{":status", "200"},
                             {"grpc-status", "5"},
                             {"grpc-message", "no%20order"},
                             {"grpc-status-details-bin", "CAUS"}});
  EXPECT_EQ(end.code, 5);
  EXPECT_EQ(end.message, "no order");
  EXPECT_EQ(end.details, "\x08\x05\x12");
  EXPECT_TRUE(end.from_peer);
}

TEST(GrpcWireTest, WithoutAStatusTheOneOfHttpCounts) {
  EXPECT_EQ(EndOf({{":status", "200"}}).code, 2);
  EXPECT_EQ(EndOf({{":status", "401"}}).code, 16);
  EXPECT_EQ(EndOf({{":status", "403"}}).code, 7);
  EXPECT_EQ(EndOf({{":status", "404"}}).code, 12);
  EXPECT_EQ(EndOf({{":status", "503"}}).code, 14);
  EXPECT_FALSE(EndOf({{":status", "503"}}).from_peer);
  EXPECT_EQ(EndOf({{":status", "503"}, {"grpc-status", "8"}}).code, 8);
  EXPECT_EQ(EndOf({{"grpc-status", "x"}}).code, 2);
  EXPECT_EQ(EndOf({{"grpc-status", "-1"}}).code, 2);
  EXPECT_EQ(
      EndOf({{"grpc-status", "5"}, {"grpc-status-details-bin", "!"}}).code, 13);
}

TEST(GrpcWireTest, FieldsAreCountedPerBlockUpToTheLimit) {
  GrpcAnswer answer(/*max_metadata_bytes=*/100, nullptr);
  for (int block = 0; block < 2; ++block) {
    answer.BeginBlock();
    EXPECT_TRUE(answer.Add("ab", std::string(66, 'x')));
    EXPECT_FALSE(answer.Add("", ""));
  }
}

TEST(GrpcWireTest, SelectedMetadataAreKept) {
  const MetadataFilter wanted = [](absl::string_view name) {
    return name != "y" && name != "z";
  };
  GrpcAnswer answer(10'000, &wanted);
  answer.BeginBlock();
  for (const auto& [name, value] :
       {std::pair("x", "1"), std::pair("y", "2"), std::pair("x-bin", "AP8"),
        std::pair("z-bin", "?"), std::pair("content-type", "text/html"),
        std::pair("grpc-status", "0")}) {
    EXPECT_TRUE(answer.Add(name, value));
  }
  EXPECT_EQ(answer.TakeMetadata(),
            (Metadata{{"x", "1"}, {"x-bin", std::string("\0\xff", 2)}}));
  EXPECT_TRUE(answer.TakeMetadata().empty());
}

}  // namespace
}  // namespace sse_bridge
