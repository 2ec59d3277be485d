#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_IMPORT_REPAIR_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_IMPORT_REPAIR_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Some reflection services (those based on protobuf.js) return synthesised
// files: one per package, under a made-up name, without imports. This makes
// such a set complete:
//
// - Removes files that only repeat types that this program has under another
//   file name ("google_protobuf.proto").
// - Makes each file import the files that define the types it uses.
// - Renames the entry types of maps as protoc names them.
//
// Does not change a complete set.
void RepairImports(google::protobuf::FileDescriptorSet* set);

// Removes imports of `gone`, and imports the files of the set, or of this
// program, that define the types used instead.
void ReplaceImports(const absl::flat_hash_set<std::string>& gone,
                    google::protobuf::FileDescriptorSet* set);

// Full names of the messages and enums that a file defines or uses (for uses,
// only names that are fully qualified).
std::vector<std::string> TypesDefinedBy(
    const google::protobuf::FileDescriptorProto& file);
std::vector<std::string> TypesUsedBy(
    const google::protobuf::FileDescriptorProto& file);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_IMPORT_REPAIR_H_
