#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FILE_LOWERING_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FILE_LOWERING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// The two steps of LowerEditions (editions.h) for one file.

struct FileNeeds {
  bool only_in_proto2 = false;  // uses what a proto3 file cannot say

  // Full names, without a leading dot.
  std::vector<std::string> enums;       // declared in the file
  std::vector<std::string> used_enums;  // types of its fields
};

// Does not change the file. Errors are kInvalidArgument and name file, line and
// element, except for an unknown edition.
absl::StatusOr<FileNeeds> InspectFile(
    int edition, google::protobuf::FileDescriptorProto* file);

// `file` must have passed InspectFile.
void LowerFile(int edition, bool to_proto2,
               google::protobuf::FileDescriptorProto* file);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FILE_LOWERING_H_
