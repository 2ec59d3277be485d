#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_VALUES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_VALUES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Prepares option values, which are still unknown fields, for reading as this
// program's extensions. If `files` declare another extension with the number of
// one of ours, its values are removed. Returns the files with a value that does
// not parse as its extension, each with a kInvalidArgument error.
std::vector<std::pair<std::string, absl::Status>> PrepareOptions(
    const std::vector<google::protobuf::FileDescriptorProto*>& files);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_VALUES_H_
