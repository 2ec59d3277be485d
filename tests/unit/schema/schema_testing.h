#ifndef SSE_BRIDGE_TESTS_UNIT_SCHEMA_SCHEMA_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_SCHEMA_SCHEMA_TESTING_H_

#include <map>
#include <string>

#include "bridge/schema/schema.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Name -> text of .proto files. They may import each other, the contracts in
// proto/ and google/protobuf.
using ProtoFiles = std::map<std::string, std::string>;

struct CompileOptions {
  bool source_info = true;      // as --include_source_info
  bool include_imports = true;  // as --include_imports
};

// What protoc would write. A proto that does not compile fails the test.
google::protobuf::FileDescriptorSet CompileProtos(
    const ProtoFiles& files, const CompileOptions& options = {});

// A source that holds the set.
SchemaSource SourceOf(const google::protobuf::FileDescriptorSet& set,
                      const std::string& name = "test.binpb");

// One file, "test.proto", whose package is `test`. The imports of the
// contracts are put before `body`, all on the first line; the body begins in
// the second.
std::string TestProto(const std::string& body);

// Compiles and loads TestProto(body).
absl::StatusOr<std::shared_ptr<const Schema>> LoadTestProto(
    const std::string& body, const LoadOptions& options = {});

// The message of the error that LoadTestProto gives, or "" if it loads.
std::string LoadError(const std::string& body, const LoadOptions& options = {});

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_SCHEMA_SCHEMA_TESTING_H_
