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
  bool source_info = true;      // like --include_source_info
  bool include_imports = true;  // like --include_imports
};

// Returns what protoc would write. The test fails if a file does not compile.
google::protobuf::FileDescriptorSet CompileProtos(
    const ProtoFiles& files, const CompileOptions& options = {});

// Returns a source with the set.
SchemaSource SourceOf(const google::protobuf::FileDescriptorSet& set,
                      const std::string& name = "test.binpb");

// Returns one file, "test.proto", with package `test`. Imports of the contracts
// precede `body`, all on the first line; the body begins on the second.
std::string TestProto(const std::string& body);

// Compiles and loads TestProto(body).
absl::StatusOr<std::shared_ptr<const Schema>> LoadTestProto(
    const std::string& body, const LoadOptions& options = {});

// Returns the error message of LoadTestProto with `strict`, or "" if it
// succeeds.
std::string LoadError(const std::string& body, const LoadOptions& options = {});

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_SCHEMA_SCHEMA_TESTING_H_
