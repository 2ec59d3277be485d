#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_SCALAR_TEXT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_SCALAR_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Text to value by the rules of ProtoJSON, for request bodies, queries and
// paths alike. Each returns what is wrong, for a message ("expected an
// integer"), or an empty text; then the value is set.
using Reason = std::string;

// Integers in the form of a JSON number, so that 1e3 and 5.0 are integers too;
// exact for all 64 bits.
Reason ParseInteger(absl::string_view text, int32_t* out);
Reason ParseInteger(absl::string_view text, int64_t* out);
Reason ParseInteger(absl::string_view text, uint32_t* out);
Reason ParseInteger(absl::string_view text, uint64_t* out);

// The form of a JSON number, or NaN, Infinity, -Infinity. What would round to
// infinity is out of range; what is too small becomes 0.
Reason ParseFloating(absl::string_view text, float* out);
Reason ParseFloating(absl::string_view text, double* out);

// Either alphabet, with padding or without.
Reason ParseBase64(absl::string_view text, std::string* out);

// RFC 3339 with at most 9 fractional digits, years 0001 to 9999.
Reason ParseTimestamp(absl::string_view text, int64_t* seconds, int32_t* nanos);

// "-1.5s", at most 9 fractional digits, within 315,576,000,000 seconds.
Reason ParseDuration(absl::string_view text, int64_t* seconds, int32_t* nanos);

// "fooBar,baz.quxQuux" as "foo_bar" and "baz.qux_quux". With `allow_snake` also
// names that are in that form already.
Reason ParseFieldMask(absl::string_view text, bool allow_snake,
                      std::vector<std::string>* paths);

bool IsValidUtf8(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_SCALAR_TEXT_H_
