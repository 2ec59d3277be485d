#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_NORMALIZER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_NORMALIZER_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>

#include <string>

#include "absl/strings/string_view.h"
#include "bridge/transcode/open_enums.h"

namespace sse_bridge {

// Rewrites legal but unusual wire bytes into the usual form: known fields only,
// in the order of their numbers, singular fields once, submessages merged, map
// keys unique. Slow, because it parses into a message object. Thread-safe.
class Normalizer {
 public:
  // `pool` must outlive this object.
  explicit Normalizer(const google::protobuf::DescriptorPool* pool);
  Normalizer(const Normalizer&) = delete;
  Normalizer& operator=(const Normalizer&) = delete;

  // Replaces *normal. Returns false if the bytes are not a message of this
  // type. Bytes inside an Any are not changed.
  bool Normalize(const google::protobuf::Descriptor* type,
                 absl::string_view wire, std::string* normal) const;

 private:
  mutable google::protobuf::DynamicMessageFactory factory_;
  OpenEnumTypes open_enums_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_NORMALIZER_H_
