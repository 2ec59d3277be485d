#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_ORIGIN_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_ORIGIN_H_

#include <map>
#include <string>

#include "bridge/schema/schema_errors.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Records that options were not written in the .proto file but elsewhere, so
// that Where() names that place: path of the option to "weather.yaml:12:
// sse.rules[acme.v1.Weather.*].stream". It is
// kept in the source locations of the file, as a comment that nothing else
// reads.
void SetOptionOrigins(const std::map<SourcePath, std::string>& origins,
                      google::protobuf::FileDescriptorProto* file);

// Returns the recorded origin of an option, or "" if it is in the .proto file.
std::string OptionOrigin(const google::protobuf::SourceLocation& location);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_ORIGIN_H_
