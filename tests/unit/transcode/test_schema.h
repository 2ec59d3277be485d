#ifndef SSE_BRIDGE_TESTS_UNIT_TRANSCODE_TEST_SCHEMA_H_
#define SSE_BRIDGE_TESTS_UNIT_TRANSCODE_TEST_SCHEMA_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// A pool with two files that are not linked into any program: proto3 types in
// package `t3`, proto2 types in package `t2`. Well-known types come from the
// underlay, the generated pool.
class TestSchema {
 public:
  TestSchema();

  // One for all tests.
  static const TestSchema& Get();

  const google::protobuf::DescriptorPool* pool() const { return &pool_; }
  const google::protobuf::Descriptor* Type(absl::string_view name) const;

  // Parses a message of this type from text format.
  std::unique_ptr<google::protobuf::Message> FromText(
      absl::string_view type, absl::string_view text) const;

  std::unique_ptr<google::protobuf::Message> New(
      const google::protobuf::Descriptor* type) const;

  // Same, serialised with fields in order.
  std::string Wire(absl::string_view type, absl::string_view text) const;

 private:
  google::protobuf::DescriptorPool pool_;
  mutable google::protobuf::DynamicMessageFactory factory_;
};

// The wire format of single fields, for bytes that no serialiser writes.
std::string VarintField(uint32_t number, uint64_t value);
std::string BytesField(uint32_t number, absl::string_view value);
std::string Fixed64Field(uint32_t number, uint64_t value);
std::string Tag(uint32_t number, uint32_t wire_type);
std::string Varint(uint64_t value);

// Serialises deterministically.
std::string Serialize(const google::protobuf::Message& message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_TRANSCODE_TEST_SCHEMA_H_
