#ifndef SSE_BRIDGE_BRIDGE_ACCESS_VISIBLE_TEXT_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_VISIBLE_TEXT_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Names by which somebody is let in or kept out (subjects, token ids, scopes,
// roles) must be what they look like.

// Whether the text is UTF-8 without characters that are not seen (controls,
// zero-width and direction marks, fillers, variation selectors), that stand for
// what could not be read (U+FFFD), or that look like a blank and are none.
bool IsVisible(absl::string_view text);

// The same, and neither empty nor with a blank at either end.
bool IsVisibleName(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_VISIBLE_TEXT_H_
