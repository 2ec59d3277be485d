#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_EDITIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_EDITIONS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Turns files in an edition (2023, 2024) into proto2 or proto3 files that
// libprotobuf 3.21 accepts and that mean the same. Changes nothing if there is
// no such file.
//
// - Features are resolved from file to message, oneof, field, enum and
//   extension, starting from the defaults of the edition.
// - A file becomes proto3 if proto3 can say everything that it says, with
//   `optional` for explicit presence. Otherwise (required fields, closed enums,
//   delimited messages, default values, extensions, ...) it becomes proto2;
//   fields without presence and open enums are then marked, and
//   field_features.h reads the marks.
// - A proto3 file that uses an enum of a file which became proto2 becomes
//   proto2 too, since libprotobuf would reject it.
// - Files named by `import option` become imports if they are among `files` or
//   linked into this program.
//
// Returns the files that cannot be converted, each with a kInvalidArgument
// error that names file, line, element and feature.
std::vector<std::pair<std::string, absl::Status>> LowerEditions(
    const std::vector<google::protobuf::FileDescriptorProto*>& files);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_EDITIONS_H_
