#ifndef SSE_BRIDGE_BRIDGE_BASE_JSON_QUOTE_H_
#define SSE_BRIDGE_BRIDGE_BASE_JSON_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns the text as a JSON string, with quotes. Bytes that are not UTF-8
// become U+FFFD. ProtoJSON, which escapes more characters, is written by
// bridge/transcode/json_text.h.
std::string JsonQuote(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_JSON_QUOTE_H_
