#ifndef SSE_BRIDGE_BRIDGE_CEL_NUMBER_TEXT_H_
#define SSE_BRIDGE_BRIDGE_CEL_NUMBER_TEXT_H_

#include <string>

namespace sse_bridge::cel {

// The shortest text that is this number again; "NaN", "Infinity", "-Infinity".
std::string ShortestDouble(double value);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_NUMBER_TEXT_H_
