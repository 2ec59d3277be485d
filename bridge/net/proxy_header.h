#ifndef SSE_BRIDGE_BRIDGE_NET_PROXY_HEADER_H_
#define SSE_BRIDGE_BRIDGE_NET_PROXY_HEADER_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// What a proxy says before a connection's first byte about who it is for: the
// PROXY protocol of HAProxy, version 1 (a line) or 2 (binary).
struct ProxyHeader {
  enum class State {
    kIncomplete,  // more bytes are needed; all that were given belong to it
    kComplete,
    kInvalid,
  };

  State state = State::kIncomplete;

  // Of kComplete: how many bytes it has, and the client's address. Empty: the
  // connection is the proxy's own (a health check), or its client has no IP
  // address.
  size_t size = 0;
  std::string address;
};

// No header is longer; what follows the addresses (TLVs) is read over.
inline constexpr size_t kMaxProxyHeaderBytes = 2048;

ProxyHeader ParseProxyHeader(absl::string_view bytes);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_PROXY_HEADER_H_
