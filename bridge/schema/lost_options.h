#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Finds out whether a file lost its options on the way to the bridge. Some
// programs know descriptors but not the options that others define, and drop
// them when they write descriptors again (the reflection services made from
// protobuf.js and prost among them). What is left looks like a method that
// anybody may call with any request.
//
// Two signs are taken for a loss, because protoc leaves neither:
//
// - A file imports a contract whose options protect or route (sse.v1,
//   google.api.http, buf.validate, validate), directly or by public imports,
//   and uses nothing of such imports. Only an unused import looks the same, of
//   which protoc warns.
// - An element has options that are empty.
//
// Not thread-safe. The descriptors must outlive this.
class LostOptions {
 public:
  // Why the method must not be served: its own options, its service's, or those
  // of its request and the messages in it were lost. Names the file, and says
  // what to do. Empty when nothing was lost.
  std::string WhyNotServed(const google::protobuf::MethodDescriptor* method);

  // The imports of contracts that a file does not use although it uses another
  // contract: no loss, but worth a word.
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
  // What is wrong with one message, without the messages in it.
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::string>
      messages_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_LOST_OPTIONS_H_
