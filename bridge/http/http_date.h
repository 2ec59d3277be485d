#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_DATE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_DATE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). `unix_seconds` is in the
// years 1970 to 9999.
std::string HttpDate(int64_t unix_seconds);

// The current time in that form. Formatted once a second per thread, from a
// coarse clock that needs no system call. Valid until the thread's next call.
absl::string_view HttpDateNow();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_DATE_H_
