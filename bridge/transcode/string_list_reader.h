#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_STRING_LIST_READER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_STRING_LIST_READER_H_

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Reads the elements of a string field, repeated or not, of a serialised
// message, without parsing the message into an object. The bytes are returned
// as they are.
//
// The usual parsing rules apply, as in FieldReader.
//
// An immutable, thread-safe value type. The descriptor's pool must outlive it.
class StringListReader {
 public:
  // `path` is a dotted path of proto field names. It must lead through singular
  // messages to a string or repeated string; otherwise Create returns
  // InvalidArgument.
  static absl::StatusOr<StringListReader> Create(
      const google::protobuf::Descriptor* type, absl::string_view path);

  // Replaces *strings. A singular field that is not set, or empty, has no
  // element. Returns InvalidArgument if the bytes are malformed; *strings is
  // then empty.
  absl::Status Read(absl::string_view wire,
                    std::vector<std::string>* strings) const;

 private:
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    uint32_t tag;
    std::vector<uint32_t> sibling_tags;  // other members of the same oneof
  };

  StringListReader() = default;
  bool Scan(size_t step, absl::string_view wire,
            std::vector<std::string>* strings) const;

  std::vector<Step> steps_;  // never empty
  bool repeated_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_STRING_LIST_READER_H_
