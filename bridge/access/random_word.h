#ifndef SSE_BRIDGE_BRIDGE_ACCESS_RANDOM_WORD_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_RANDOM_WORD_H_

#include <string>

namespace sse_bridge {

// 128 random bits that nobody can guess, as letters, digits, '-' and '_'. Empty
// if the system has no random bytes. Thread-safe.
std::string RandomWord();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_RANDOM_WORD_H_
