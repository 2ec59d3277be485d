#include "bridge/gateway/share_by.h"

#include <string>

#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptorProto;

const FieldDescriptor* Field(const google::protobuf::Descriptor* type,
                             const char* name) {
  return type->FindFieldByName(name);
}

TEST(ShareByTest, EachDistinctElementGivesOneRequest) {
  FileDescriptorProto request;
  request.set_name("rest");
  for (const char* each : {"a", "b", "a", "c"}) request.add_dependency(each);
  const auto parts = SplitRequest(
      request, Field(FileDescriptorProto::descriptor(), "dependency"));
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts->size(), 3u);
  const char* kElements[] = {"a", "b", "c"};
  const size_t kIndexes[] = {0, 1, 3};
  for (size_t i = 0; i < 3; ++i) {
    FileDescriptorProto part;
    ASSERT_TRUE(part.ParseFromString((*parts)[i].bytes));
    EXPECT_EQ(part.name(), "rest");
    ASSERT_EQ(part.dependency_size(), 1);
    EXPECT_EQ(part.dependency(0), kElements[i]);
    EXPECT_EQ((*parts)[i].index, kIndexes[i]);
  }
}

TEST(ShareByTest, FewerThanTwoElementsKeepTheRequest) {
  FileDescriptorProto request;
  request.set_name("rest");
  const FieldDescriptor* field =
      Field(FileDescriptorProto::descriptor(), "dependency");
  for (int elements = 0; elements < 2; ++elements) {
    for (const FieldDescriptor* by : {field, (const FieldDescriptor*)nullptr}) {
      const auto parts = SplitRequest(request, by);
      ASSERT_TRUE(parts.ok());
      ASSERT_EQ(parts->size(), 1u);
      EXPECT_EQ((*parts)[0].bytes, request.SerializeAsString());
    }
    request.add_dependency("a");
  }
}

TEST(ShareByTest, NumbersAndMessagesCanBeKeys) {
  FileDescriptorProto numbers;
  for (int each : {3, 1, 3}) numbers.add_public_dependency(each);
  auto parts = SplitRequest(
      numbers, Field(FileDescriptorProto::descriptor(), "public_dependency"));
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->size(), 2u);
  DescriptorProto messages;
  messages.add_field()->set_name("x");
  messages.add_field()->set_name("y");
  parts = SplitRequest(messages, Field(DescriptorProto::descriptor(), "field"));
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->size(), 2u);
}

// The total size is the product of the number of keys and the common part.
TEST(ShareByTest, TotalSizeIsBounded) {
  FileDescriptorProto request;
  const FieldDescriptor* field =
      Field(FileDescriptorProto::descriptor(), "public_dependency");
  request.set_name(std::string(256 << 10, 'x'));
  for (int i = 0; i < 63; ++i) request.add_public_dependency(i);
  EXPECT_TRUE(SplitRequest(request, field).ok());
  request.add_public_dependency(63);
  request.add_public_dependency(64);
  const auto parts = SplitRequest(request, field);
  EXPECT_EQ(parts.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(parts.status().message().find("public_dependency"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace sse_bridge
