#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_KEYS_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_KEYS_H_

#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns a topic or state key with its parts separated by "/". Parts are
// untrusted, so characters that could be taken for a separator are
// percent-encoded.
std::string LogKey(std::initializer_list<absl::string_view> parts);

// Returns 128 random bits from the kernel in hex: an id that cannot be guessed.
std::string RandomId();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_KEYS_H_
