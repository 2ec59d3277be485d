#ifndef SSE_BRIDGE_TESTS_BENCH_HAND_CODED_H_
#define SSE_BRIDGE_TESTS_BENCH_HAND_CODED_H_

#include "absl/strings/string_view.h"

// One pass from wire bytes to JSON for one message type each, as somebody
// would write it who knew nothing but that type: the limit that the bridge's
// encoder is measured against. They are correct for bytes in the usual form,
// check lengths and UTF-8, and share the bridge's number formats.
namespace sse_bridge::hand_coded {

// Each writes to `out`, where there is room enough, and returns the end, or
// null when the bytes are malformed.
char* PriceUpdate(absl::string_view wire, char* out);
char* Notification(absl::string_view wire, char* out);
char* ProgressUpdate(absl::string_view wire, char* out);
char* ChannelEvent(absl::string_view wire, char* out);  // of ChatMessage
char* DashboardMetrics(absl::string_view wire, char* out);
char* ListMessagesResponse(absl::string_view wire, char* out);

}  // namespace sse_bridge::hand_coded

#endif  // SSE_BRIDGE_TESTS_BENCH_HAND_CODED_H_
