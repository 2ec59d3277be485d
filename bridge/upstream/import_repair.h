#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_IMPORT_REPAIR_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_IMPORT_REPAIR_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Some reflection services (those made from protobuf.js) hand out files that
// they put together themselves: one a package, under a made-up name, without
// imports. This makes such a set whole:
//
// - A file that only repeats types which this program has under another file
//   name ("google_protobuf.proto") is left out.
// - A file that uses a type imports the file that has it.
// - The entry types of maps have the names that protoc gives them.
//
// A set that is whole is left as it is.
void RepairImports(google::protobuf::FileDescriptorSet* set);

// Files that import one of `gone` no longer do, and import instead the files of
// the set, or of this program, that have the types which they use.
void ReplaceImports(const absl::flat_hash_set<std::string>& gone,
                    google::protobuf::FileDescriptorSet* set);

// Full names of the messages and enums that a file has, and of those that it
// uses (as far as its names are full ones).
std::vector<std::string> TypesDefinedBy(
    const google::protobuf::FileDescriptorProto& file);
std::vector<std::string> TypesUsedBy(
    const google::protobuf::FileDescriptorProto& file);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_IMPORT_REPAIR_H_
