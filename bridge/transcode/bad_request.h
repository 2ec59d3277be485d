#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_BAD_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_BAD_REQUEST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Type URL of the Status payload that lists the invalid fields: a serialised
// google.rpc.BadRequest.
inline constexpr char kBadRequestTypeUrl[] =
    "type.googleapis.com/google.rpc.BadRequest";

// At most this many violations are reported per request.
inline constexpr size_t kMaxFieldViolations = 100;

struct FieldViolation {
  std::string field;  // "symbols[2]"; empty for the whole request
  std::string description;
};

// Returns InvalidArgument with a google.rpc.BadRequest payload. The message is
// the first violation as "field: description". `violations` must not be empty.
absl::Status BadRequestError(std::vector<FieldViolation> violations);
absl::Status BadRequestError(absl::string_view field,
                             absl::string_view description);

// Formats client input for an error message: in double quotes, escaped, and
// truncated if long.
std::string QuoteForMessage(absl::string_view text);

// Same as QuoteForMessage, but without quotes. Use it for names.
std::string NameForMessage(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_BAD_REQUEST_H_
