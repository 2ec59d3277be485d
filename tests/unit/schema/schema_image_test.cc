#include "bridge/schema/schema_image.h"

#include <gmock/gmock.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Zip(const std::string& text, size_t copies = 1) {
  std::string out;
  {
    google::protobuf::io::StringOutputStream bytes(&out);
    google::protobuf::io::GzipOutputStream gzip(&bytes);
    for (size_t n = 0; n < copies; ++n) {
      size_t at = 0;
      void* data;
      int size;
      while (at < text.size() && gzip.Next(&data, &size)) {
        const size_t part =
            std::min(static_cast<size_t>(size), text.size() - at);
        std::memcpy(data, text.data() + at, part);
        gzip.BackUp(size - static_cast<int>(part));
        at += part;
      }
    }
  }
  return out;
}

std::string ErrorOf(const std::string& content) {
  const auto image = ReadSchemaImage("a.binpb", content);
  return image.ok() ? "" : std::string(image.status().message());
}

std::string Set() {
  return CompileProtos({{"a.proto", "syntax = 'proto3'; message A {}"}})
      .SerializeAsString();
}

TEST(SchemaImageTest, BinaryAndGzipAreRecognizedByContent) {
  EXPECT_EQ(*ReadSchemaImage("a.json", Set()), Set());
  EXPECT_EQ(*ReadSchemaImage("a.binpb", Zip(Set())), Set());
}

TEST(SchemaImageTest, DamagedGzipIsRefused) {
  const std::string zipped = Zip(Set());
  for (size_t size = 2; size < zipped.size(); ++size) {
    EXPECT_THAT(ErrorOf(zipped.substr(0, size)),
                AllOf(HasSubstr("a.binpb: "), HasSubstr("damaged")))
        << size;
  }
  std::string flipped = zipped;
  flipped[flipped.size() - 1] ^= 1;
  EXPECT_THAT(ErrorOf(flipped), HasSubstr("damaged"));
}

TEST(SchemaImageTest, UncompressedSizeIsBounded) {
  const std::string megabyte(size_t{1} << 20, '\n');
  EXPECT_THAT(ErrorOf(Zip(megabyte, 257)), HasSubstr("more than 268435456"));
}

TEST(SchemaImageTest, JsonAndTextAreRefusedWithAdvice) {
  for (const char* text :
       {"{\"file\": []}", "\n{\n}", "file {\n}", "# proto-file\nfile {}"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("JSON or text form")) << text;
    EXPECT_THAT(ErrorOf(Zip(text)), HasSubstr("JSON or text form")) << text;
  }
}

}  // namespace
}  // namespace sse_bridge
