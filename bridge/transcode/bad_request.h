#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_BAD_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_BAD_REQUEST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The payload of a Status that names the fields that are wrong: a serialised
// google.rpc.BadRequest.
inline constexpr char kBadRequestTypeUrl[] =
    "type.googleapis.com/google.rpc.BadRequest";

// More than this many violations of one request are not told.
inline constexpr size_t kMaxFieldViolations = 100;

struct FieldViolation {
  std::string field;  // "symbols[2]"; empty for the whole request
  std::string description;
};

// InvalidArgument with the payload; the message is the first violation as
// "field: description". `violations` is not empty.
absl::Status BadRequestError(std::vector<FieldViolation> violations);
absl::Status BadRequestError(absl::string_view field,
                             absl::string_view description);

// What a client sent, for a message: in double quotes, escaped, cut when long.
std::string QuoteForMessage(absl::string_view text);

// The same without the quotes: for names.
std::string NameForMessage(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_BAD_REQUEST_H_
