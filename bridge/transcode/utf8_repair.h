#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_UTF8_REPAIR_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_UTF8_REPAIR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bridge/transcode/json_tables.h"

namespace sse_bridge {

// Copies the wire bytes of a message, replacing invalid UTF-8 in string fields
// at any depth with U+FFFD. The contents of an Any are not changed. Returns
// false if there is nothing to replace or the bytes are malformed. Thread-safe.
bool RepairUtf8(const MessageTable& type, absl::string_view wire,
                std::string* repaired);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_UTF8_REPAIR_H_
