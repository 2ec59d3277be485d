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

// Reads one field from wire bytes as text, without a message object: strings
// as they are (with U+FFFD for what is not UTF-8), bytes in base64, enums by
// name (unknown ones by number), integers in decimal, "true" or "false".
//
// The rules of parsing hold: the last one of a field counts, submessages
// merge, a member of a oneof unsets the others.
//
// Immutable and thread-safe; a value. The descriptor's pool must outlive it.
class FieldReader {
 public:
  // `path` is made of proto names with dots, through singular messages, to a
  // singular string, bytes, enum, integer or bool. INVALID_ARGUMENT if it is
  // not.
  static absl::StatusOr<FieldReader> Create(
      const google::protobuf::Descriptor* type, absl::string_view path);

  // Appends the field's text. *present says whether the field is set; for one
  // that cannot tell, whether it differs from its default. A field that is not
  // present has the text of its default if it cannot tell, and none if it can.
  // INVALID_ARGUMENT if the bytes are malformed; *text is then as it was
  // before.
  absl::Status Append(absl::string_view wire, std::string* text,
                      bool* present) const;

  // Of bytes that are malformed further on: appends the field's text if it is
  // set in what comes before that.
  void AppendReached(absl::string_view wire, std::string* text) const;

  // As Append, as a new string.
  absl::StatusOr<std::string> Read(absl::string_view wire) const;

  const google::protobuf::FieldDescriptor* field() const {
    return steps_.back().field;
  }

 private:
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    uint32_t tag;
    std::vector<uint32_t> sibling_tags;  // of the same oneof
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
