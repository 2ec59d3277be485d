#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_SCALAR_TEXT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_SCALAR_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Parses text by the rules of ProtoJSON, for request bodies, queries and paths.
// Each function returns what is wrong, for an error message ("expected an
// integer"), or sets the value and returns an empty text.
using Reason = std::string;

// Accepts every JSON number with an integral value, such as 1e3 and 5.0. Exact
// for all 64 bits.
Reason ParseInteger(absl::string_view text, int32_t* out);
Reason ParseInteger(absl::string_view text, int64_t* out);
Reason ParseInteger(absl::string_view text, uint32_t* out);
Reason ParseInteger(absl::string_view text, uint64_t* out);

// Accepts JSON numbers, NaN, Infinity and -Infinity. Values that would round to
// infinity are out of range; values that are too small become 0.
Reason ParseFloating(absl::string_view text, float* out);
Reason ParseFloating(absl::string_view text, double* out);

// Accepts the standard and the URL-safe alphabet, with or without padding.
Reason ParseBase64(absl::string_view text, std::string* out);

// RFC 3339 with at most 9 fractional digits, years 0001 to 9999.
Reason ParseTimestamp(absl::string_view text, int64_t* seconds, int32_t* nanos);

// "-1.5s", at most 9 fractional digits, within 315,576,000,000 seconds.
Reason ParseDuration(absl::string_view text, int64_t* seconds, int32_t* nanos);

// Parses "fooBar,baz.quxQuux" as "foo_bar" and "baz.qux_quux". With
// `allow_snake`, names may already be in snake case.
Reason ParseFieldMask(absl::string_view text, bool allow_snake,
                      std::vector<std::string>* paths);

bool IsValidUtf8(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_SCALAR_TEXT_H_
