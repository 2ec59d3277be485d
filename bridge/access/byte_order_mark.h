#ifndef SSE_BRIDGE_BRIDGE_ACCESS_BYTE_ORDER_MARK_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_BYTE_ORDER_MARK_H_

namespace sse_bridge {

// Some editors write it at the start of a UTF-8 file.
inline constexpr char kByteOrderMark[] = "\xef\xbb\xbf";

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_BYTE_ORDER_MARK_H_
