#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/schema/request_types.h"
#include "bridge/schema/service_config_writer.h"
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
// What a service configuration added does not count as used. But a method whose
// routes and access are all given there lost nothing that matters, unless the
// loss may include validation rules.
//
// Not thread-safe. The descriptors and `added` must outlive this object.
class LostOptions {
 public:
  // `added` may be null: no service configuration.
  explicit LostOptions(const ServiceConfigWriter* added = nullptr);

  LostOptions(const LostOptions&) = delete;
  LostOptions& operator=(const LostOptions&) = delete;

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
    // What the unused ones bring.
    bool unused_http = false;
    bool unused_sse = false;
    bool unused_validation = false;
  };

  const Imports& ImportsOf(const google::protobuf::FileDescriptor* file);
  bool IsRestored(const Imports& imports,
                  const google::protobuf::MethodDescriptor* method) const;
  const std::string& WhyNotTaken(const google::protobuf::Descriptor* request);

  const ServiceConfigWriter* const added_;
  absl::flat_hash_map<const google::protobuf::FileDescriptor*, Imports>
      imports_;
  // Problems of one message, without its nested messages.
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::string>
      messages_;
  RequestTypes damaged_;  // messages with problems
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_
