#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_FILE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_FILE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Parses the files of a serialized FileDescriptorSet one by one: a set may be
// large, and much of it is not kept. Options stay unknown fields, until it is
// known whose extensions they are. Stops when visit(file) returns false, which
// may move from the file. Returns false if the bytes are not such a set.
bool ForEachFile(
    const std::string& bytes,
    const std::function<bool(google::protobuf::FileDescriptorProto*)>& visit);

// Removes the source locations that nobody reads, which are most of a set: of
// names, types and numbers. Keeps those of declarations, options and imports,
// with the comment of each.
void KeepUsefulLocations(google::protobuf::FileDescriptorProto* file);

// Limits input for which protobuf takes more than linear time. Errors are
// kInvalidArgument and name file and line.
absl::Status CheckShape(google::protobuf::FileDescriptorProto* file);

// Returns what must be the same in every source of a file. Sources may differ
// in comments, in default values of json_name, which protoc writes but
// linked-in descriptors omit, in the order of fields in options, and in what
// buf adds to its images. Does not change the file.
std::string ComparableForm(google::protobuf::FileDescriptorProto* file);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_FILE_H_
