#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_VALUES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_VALUES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Prepares option values, which are unknown fields still, for being read as
// this program's extensions. Where `files` declare another extension under the
// number of one of ours, its values are removed. The result has each file in
// which a value does not parse as the extension it is meant for, with an
// InvalidArgument that says so.
std::vector<std::pair<std::string, absl::Status>> PrepareOptions(
    const std::vector<google::protobuf::FileDescriptorProto*>& files);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_VALUES_H_
