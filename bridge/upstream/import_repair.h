#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_IMPORT_REPAIR_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_IMPORT_REPAIR_H_

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

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_IMPORT_REPAIR_H_
