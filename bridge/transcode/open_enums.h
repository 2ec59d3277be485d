#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_OPEN_ENUMS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_OPEN_ENUMS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Message types that hold unknown numbers of open enums in files which became
// proto2 (bridge/schema/editions.h). libprotobuf would move such numbers to the
// unknown fields, out of order. In the types made here, the fields are int32,
// which is the same on the wire. Thread-safe.
class OpenEnumTypes {
 public:
  OpenEnumTypes() = default;
  OpenEnumTypes(const OpenEnumTypes&) = delete;
  OpenEnumTypes& operator=(const OpenEnumTypes&) = delete;

  // Returns an empty message with the fields of `type`, or null if messages of
  // `type` themselves will do. Lives as long as this object.
  const google::protobuf::Message* PrototypeFor(
      const google::protobuf::Descriptor* type) const;

 private:
  const google::protobuf::Message* Make(
      const google::protobuf::Descriptor* type) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  mutable google::protobuf::DescriptorPool pool_ ABSL_GUARDED_BY(mu_);
  mutable google::protobuf::DynamicMessageFactory factory_ ABSL_GUARDED_BY(mu_);
  // Null values: the type itself will do.
  mutable absl::flat_hash_map<const google::protobuf::Descriptor*,
                              const google::protobuf::Message*>
      prototypes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_OPEN_ENUMS_H_
