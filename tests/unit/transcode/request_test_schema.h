#ifndef SSE_BRIDGE_TESTS_UNIT_TRANSCODE_REQUEST_TEST_SCHEMA_H_
#define SSE_BRIDGE_TESTS_UNIT_TRANSCODE_REQUEST_TEST_SCHEMA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// A schema that is parsed from text into its own pool, like an external schema.
class RequestTestSchema {
 public:
  // `files` are .proto sources in import order. They may import the well-known
  // types.
  explicit RequestTestSchema(const std::vector<std::string>& files);

  const google::protobuf::Descriptor* Type(const std::string& name) const;
  std::unique_ptr<google::protobuf::Message> New(const std::string& name);
  google::protobuf::MessageFactory* factory() { return &factory_; }

 private:
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
};

// proto3: test.All, test.Nested and more; proto2: test2.Old.
RequestTestSchema& AllTypesSchema();

// "field: description|field: description" of the status's BadRequest.
std::string Violations(const absl::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_TRANSCODE_REQUEST_TEST_SCHEMA_H_
