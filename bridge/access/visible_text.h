#ifndef SSE_BRIDGE_BRIDGE_ACCESS_VISIBLE_TEXT_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_VISIBLE_TEXT_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Names that grant or deny access (subjects, token ids, scopes, roles) must not
// contain characters that look like something else.

// Returns whether the text is UTF-8 without invisible characters (controls,
// zero-width and direction marks, fillers, variation selectors), replacement
// characters (U+FFFD), and characters that look like a blank.
bool IsVisible(absl::string_view text);

// Like IsVisible; also requires a non-empty text without blanks at either end.
bool IsVisibleName(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_VISIBLE_TEXT_H_
