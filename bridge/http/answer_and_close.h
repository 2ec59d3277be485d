#ifndef SSE_BRIDGE_BRIDGE_HTTP_ANSWER_AND_CLOSE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_ANSWER_AND_CLOSE_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// For a connection of which nobody will read the request: sends `answer` as far
// as it goes at once, and closes. Never blocks.
void AnswerAndClose(int fd, absl::string_view answer);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_ANSWER_AND_CLOSE_H_
