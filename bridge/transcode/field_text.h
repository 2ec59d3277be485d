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

// A dotted path may go through this many fields ("a.b.c" is three).
inline constexpr size_t kMaxFieldPathDepth = 32;

// Single fields of a message, named by dotted paths ("book.author.name"), set
// and read as text by the rules of scalar_text.h. At every level a name may be
// the JSON name or the one in the .proto. Paths go through singular messages
// only. Errors are InvalidArgument and name the path.

// The field must be singular, and no message but one with a text form
// (Timestamp, Duration, FieldMask, wrappers).
absl::Status SetFieldFromText(google::protobuf::Message* message,
                              absl::string_view field_path,
                              absl::string_view text);

// False also when there is no such field. A field without presence is set when
// it is not its default, a repeated one when it is not empty.
bool IsFieldSet(const google::protobuf::Message& message,
                absl::string_view field_path);

// The text that SetFieldFromText would take: strings as they are, bytes in
// base64, enums by name where they have one. Messages have none here.
absl::StatusOr<std::string> GetFieldAsText(
    const google::protobuf::Message& message, absl::string_view field_path);

// A path, resolved: all but the last are singular messages. Not empty.
using FieldChain = FieldPath;

// Sets *chain, or returns what is wrong with the path.
Reason ResolveFieldChain(const google::protobuf::Descriptor& descriptor,
                         absl::string_view field_path, FieldChain* chain);

// The path in the names of the .proto.
std::string ChainName(const FieldChain& chain);

// What keeps the last field from being set from one text (or from several, if
// it is repeated); empty when nothing does.
Reason CheckHasText(const FieldChain& chain);

// Requires CheckHasText. The messages on the way are made. A repeated field
// gets one element more, a message is replaced.
Reason SetChain(google::protobuf::Message* message, const FieldChain& chain,
                absl::string_view text);

bool IsChainSet(const google::protobuf::Message& message,
                const FieldChain& chain);

// What GetFieldAsText returns; the last field is a singular scalar.
std::string ChainText(const google::protobuf::Message& message,
                      const FieldChain& chain);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_TEXT_H_
