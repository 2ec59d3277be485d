#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_TEXT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/field_path.h"
#include "bridge/transcode/scalar_text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Maximum number of fields in a dotted path ("a.b.c" has three).
inline constexpr size_t kMaxFieldPathDepth = 32;

// Functions that set and read single fields of a message as text, by the rules
// of scalar_text.h. Fields are named by dotted paths ("book.author.name"); each
// component may be a JSON name or a proto name. Paths lead through singular
// messages only. Errors are InvalidArgument and name the path.

// The field must be singular. If it is a message, it must have a text form
// (Timestamp, Duration, FieldMask, wrappers).
absl::Status SetFieldFromText(google::protobuf::Message* message,
                              absl::string_view field_path,
                              absl::string_view text);

// Returns false if there is no such field. A field without presence counts as
// set if it differs from its default, a repeated field if it is not empty.
bool IsFieldSet(const google::protobuf::Message& message,
                absl::string_view field_path);

// Returns text that SetFieldFromText accepts: strings as they are, bytes in
// base64, enums by name if the value has one. Not supported for messages.
absl::StatusOr<std::string> GetFieldAsText(
    const google::protobuf::Message& message, absl::string_view field_path);

// A resolved path: every field but the last is a singular message. Never empty.
using FieldChain = FieldPath;

// Sets *chain, or returns why the path is invalid.
Reason ResolveFieldChain(const google::protobuf::Descriptor& descriptor,
                         absl::string_view field_path, FieldChain* chain);

// Returns why the last field cannot be set from one text (or from several, if
// it is repeated), or an empty reason if it can.
Reason CheckHasText(const FieldChain& chain);

// Requires that CheckHasText succeeded. Creates the messages along the path.
// Appends an element to a repeated field; replaces a message.
Reason SetChain(google::protobuf::Message* message, const FieldChain& chain,
                absl::string_view text);

// Same, for a field of `message` itself.
Reason SetFromParamText(google::protobuf::Message* message,
                        const google::protobuf::FieldDescriptor* field,
                        absl::string_view text);

bool IsChainSet(const google::protobuf::Message& message,
                const FieldChain& chain);

// Returns the same text as GetFieldAsText. The last field must be a singular
// scalar.
std::string ChainText(const google::protobuf::Message& message,
                      const FieldChain& chain);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_TEXT_H_
