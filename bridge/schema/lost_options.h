#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Detects files that lost their options before they reached the bridge. Some
// programs drop options that they do not know when they rewrite descriptors
// (among them reflection services based on protobuf.js and prost). The result
// looks like a method that anybody may call with any request.
//
// Two signs indicate a loss, because protoc never produces them:
//
// - A file imports a contract whose options protect or route (sse.v1,
//   google.api.http, buf.validate, validate), directly or by public imports,
//   and uses nothing of it. An unused import looks the same, but protoc warns
//   about it.
// - An element has an empty options message. protoc does write one for a method
//   with empty braces (`rpc M(Q) returns (R) {}`), so for a method of a
//   descriptor set it counts only if its file imports such a contract and does
//   not use it. Reflection services that lose options (Node's) also leave out
//   the import, so there it always counts.
//
// Not thread-safe. The descriptors must outlive this object.
class LostOptions {
 public:
  // Returns why the method must not be served: options of the method, its
  // service or its request (including nested messages) were lost. Names the
  // file and what to do. Empty if nothing was lost.
  std::string WhyNotServed(const google::protobuf::MethodDescriptor* method,
                           bool reflected);

  // Returns the contracts that a file imports but does not use, although it
  // uses another one. Not a loss, but reported as a warning.
  std::vector<std::string> UnusedImports(
      const google::protobuf::FileDescriptor* file);

 private:
  struct Imports {
    bool lost = false;
    bool lost_validation = false;
    std::vector<std::string> unused;
  };

  const Imports& ImportsOf(const google::protobuf::FileDescriptor* file);
  std::string WhyNotTaken(const google::protobuf::Descriptor* request);

  absl::flat_hash_map<const google::protobuf::FileDescriptor*, Imports>
      imports_;
  // Problems of one message, without its nested messages.
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::string>
      messages_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_
