#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_UTF8_REPAIR_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_UTF8_REPAIR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bridge/transcode/json_tables.h"

namespace sse_bridge {

// Copies the wire bytes of a message with U+FFFD for whatever is not UTF-8 in
// its string fields, at any depth; what is inside an Any stays as it is. False
// when there is nothing to replace, or when the bytes are malformed.
// Thread-safe.
bool RepairUtf8(const MessageTable& type, absl::string_view wire,
                std::string* repaired);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_UTF8_REPAIR_H_
