#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_REQUEST_TYPES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_REQUEST_TYPES_H_

#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Finds out which messages contain, at any depth, a message with a property.
// Looks at each message once, however many requests contain it: with thousands
// of methods, walking through every request is far slower. Not thread-safe. The
// descriptors must outlive this object.
class RequestTypes {
 public:
  // `has` returns whether a message has the property itself.
  explicit RequestTypes(
      std::function<bool(const google::protobuf::Descriptor*)> has)
      : has_(std::move(has)) {}

  bool Contains(const google::protobuf::Descriptor* request);

  // Calls visit(message) for `request` and each message in it.
  static void ForEach(
      const google::protobuf::Descriptor* request,
      const std::function<void(const google::protobuf::Descriptor*)>& visit);

 private:
  using Message = const google::protobuf::Descriptor*;

  void Mark(Message message);

  const std::function<bool(Message)> has_;
  absl::flat_hash_map<Message, std::vector<Message>> parents_;  // all seen
  absl::flat_hash_set<Message> marked_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_REQUEST_TYPES_H_
