#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_READER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_READER_H_

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Reads one field of a serialised message as text, without parsing the message
// into an object. Strings are returned as they are (invalid UTF-8 becomes
// U+FFFD), bytes in base64, enums by name (unknown values by number), integers
// in decimal, bools as "true" or "false".
//
// The usual parsing rules apply: the last occurrence of a field wins,
// submessages are merged, and setting a member of a oneof clears the others.
//
// An immutable, thread-safe value type. The descriptor's pool must outlive it.
class FieldReader {
 public:
  // `path` is a dotted path of proto field names. It must lead through singular
  // messages to a singular string, bytes, enum, integer or bool; otherwise
  // Create returns InvalidArgument.
  static absl::StatusOr<FieldReader> Create(
      const google::protobuf::Descriptor* type, absl::string_view path);

  // Appends the field's text to *text. Sets *present to whether the field is
  // set or, for a field without presence, whether it differs from its default.
  // Appends the default's text for an absent field without presence, and
  // nothing for an absent field with presence. Returns InvalidArgument if the
  // bytes are malformed; *text is then unchanged.
  absl::Status Append(absl::string_view wire, std::string* text,
                      bool* present) const;

  // For malformed bytes: appends the field's text if the field is set before
  // the point where parsing fails.
  void AppendReached(absl::string_view wire, std::string* text) const;

  // Same as Append, but returns a new string.
  absl::StatusOr<std::string> Read(absl::string_view wire) const;

  const google::protobuf::FieldDescriptor* field() const {
    return steps_.back().field;
  }

 private:
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    uint32_t tag;
    std::vector<uint32_t> sibling_tags;  // other members of the same oneof
  };
  struct Found {
    bool set = false;
    uint64_t number = 0;
    absl::string_view bytes;
  };

  FieldReader() = default;
  bool Scan(size_t step, absl::string_view wire, Found* found) const;
  bool ReadLeaf(const char** in, const char* end, Found* found) const;
  // Returns whether the field is present, as Append does.
  bool AppendFound(const Found& found, std::string* text) const;
  void AppendNumber(uint64_t number, std::string* text) const;

  std::vector<Step> steps_;  // never empty
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_READER_H_
