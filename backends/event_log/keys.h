#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_KEYS_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_KEYS_H_

#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// A topic or state key made of parts, "/" between them. Parts come from
// outside: what could be taken for a separator is percent-encoded.
std::string LogKey(std::initializer_list<absl::string_view> parts);

// 128 random bits of the kernel in hex: an id that nobody can guess.
std::string RandomId();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_KEYS_H_
