// Which message types are special, by name and by fields.

#include "bridge/base/well_known_types.h"

#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;

TEST(WellKnownTypesTest, WrappersAreTheTypesOfWrappersProto) {
  const pb::FileDescriptor* file = pb::Int64Value::descriptor()->file();
  ASSERT_EQ(file->message_type_count(), 9);
  for (int i = 0; i < file->message_type_count(); ++i) {
    EXPECT_TRUE(IsWrapper(file->message_type(i)));
  }
  EXPECT_FALSE(IsWrapper(pb::Any::descriptor()));
  EXPECT_FALSE(IsWrapper(pb::FileDescriptorSet::descriptor()));
}

// Whether the message of this name and these fields is an HttpBody.
bool Is(const std::string& package, const std::string& fields) {
  pb::FileDescriptorProto file;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(
      "name: 'f.proto' package: '" + package +
          "' syntax: 'proto3' message_type { name: 'HttpBody' " + fields + "}",
      &file));
  pb::DescriptorPool pool;
  const pb::FileDescriptor* built = pool.BuildFile(file);
  EXPECT_NE(built, nullptr);
  return built != nullptr && IsHttpBody(built->message_type(0));
}

std::string Field(const char* name, int number, const char* type,
                  const char* label = "LABEL_OPTIONAL") {
  return std::string("field { name: '") + name +
         "' number: " + std::to_string(number) + " type: " + type +
         " label: " + label + " } ";
}

TEST(WellKnownTypesTest, HttpBodyHasItsNameAndItsFields) {
  const std::string type = Field("content_type", 1, "TYPE_STRING");
  const std::string data = Field("data", 2, "TYPE_BYTES");
  EXPECT_TRUE(Is("google.api", type + data));
  EXPECT_FALSE(Is("my.api", type + data));
  EXPECT_FALSE(Is("google.api", type));
  EXPECT_FALSE(Is("google.api", data));
  EXPECT_FALSE(Is("google.api", type + Field("data", 3, "TYPE_BYTES")));
  EXPECT_FALSE(Is("google.api", type + Field("data", 2, "TYPE_STRING")));
  EXPECT_FALSE(Is("google.api",
                  type + Field("data", 2, "TYPE_BYTES", "LABEL_REPEATED")));
  EXPECT_FALSE(Is("google.api", Field("type", 1, "TYPE_STRING") + data));
}

}  // namespace
}  // namespace sse_bridge
