#include "bridge/upstream/multiplexer/multiplexer_wire.h"

#include <string>

#include "gtest/gtest.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {
namespace {

using Part = ToBridgeReader::Part;
using Kind = MultiplexerFrame::Kind;

TEST(MultiplexerWireTest, PartsAreReadInOrder) {
  sse::v1::ToBridge message;
  message.mutable_hello()->add_methods("/a.B/C");
  for (int i = 0; i < 4; ++i) message.add_frames()->set_stream(1ull << 40);
  message.mutable_frames(0)->mutable_opened()->add_metadata()->set_name("n");
  message.mutable_frames(1)->set_message("bytes");
  message.mutable_frames(2)->set_message("");
  message.mutable_frames(3)->mutable_end()->set_code(5);
  message.set_pong(7);
  const std::string bytes = message.SerializeAsString();
  ToBridgeReader reader(bytes);
  ASSERT_EQ(reader.Next(), Part::kHello);
  sse::v1::BackendHello hello;
  ASSERT_TRUE(hello.ParseFromString(std::string(reader.hello())));
  EXPECT_EQ(hello.methods(0), "/a.B/C");
  for (const Kind kind :
       {Kind::kOpened, Kind::kMessage, Kind::kMessage, Kind::kEnd}) {
    ASSERT_EQ(reader.Next(), Part::kFrame);
    EXPECT_EQ(reader.frame().kind, kind);
    EXPECT_EQ(reader.frame().stream, 1ull << 40);
  }
  EXPECT_EQ(reader.Next(), Part::kPong);
  EXPECT_EQ(reader.Next(), Part::kEnd);
}

TEST(MultiplexerWireTest, MessagesAreNotCopied) {
  sse::v1::ToBridge message;
  message.add_frames()->set_message("bytes");
  const std::string bytes = message.SerializeAsString();
  ToBridgeReader reader(bytes);
  ASSERT_EQ(reader.Next(), Part::kFrame);
  EXPECT_EQ(reader.frame().payload, "bytes");
  EXPECT_GE(reader.frame().payload.data(), bytes.data());
  EXPECT_LT(reader.frame().payload.data(), bytes.data() + bytes.size());
}

TEST(MultiplexerWireTest, UnknownFieldsAreSkipped) {
  ToBridgeReader reader("\x7a\x01x\x12\x05\x08\x01\x7a\x01y");
  ASSERT_EQ(reader.Next(), Part::kFrame);
  EXPECT_EQ(reader.frame().kind, Kind::kUnknown);
  EXPECT_EQ(reader.frame().stream, 1u);
  EXPECT_EQ(reader.Next(), Part::kEnd);
}

TEST(MultiplexerWireTest, TheLastKindOfAFrameCounts) {
  // `message` "x", then `end` without content.
  ToBridgeReader reader(absl::string_view("\x12\x05\x1a\x01x\x22\x00", 7));
  ASSERT_EQ(reader.Next(), Part::kFrame);
  EXPECT_EQ(reader.frame().kind, Kind::kEnd);
  EXPECT_EQ(reader.frame().payload, "");
}

TEST(MultiplexerWireTest, MalformedBytesAreAnError) {
  for (const absl::string_view bytes :
       {absl::string_view("\xff"), absl::string_view("\x12\x05\x08"),
        absl::string_view("\x12\x02\x1a\x05"), absl::string_view("\x0a\x01"),
        absl::string_view("\x00", 1), absl::string_view("\x13"),
        absl::string_view("\x14")}) {
    ToBridgeReader reader(bytes);
    EXPECT_EQ(reader.Next(), Part::kMalformed);
  }
  ToBridgeReader empty("");
  EXPECT_EQ(empty.Next(), Part::kEnd);
}

}  // namespace
}  // namespace sse_bridge
