#ifndef SSE_BRIDGE_BRIDGE_NET_PROXY_HEADER_H_
#define SSE_BRIDGE_BRIDGE_NET_PROXY_HEADER_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The header in which a proxy names the client, sent before a connection's
// first byte: HAProxy's PROXY protocol, version 1 (text) or 2 (binary).
struct ProxyHeader {
  enum class State {
    kIncomplete,  // more bytes are needed; all bytes so far belong to it
    kComplete,
    kInvalid,
  };

  State state = State::kIncomplete;

  // Set if kComplete: the header's size in bytes, and the client's address. The
  // address is empty if the proxy itself opened the connection (a health check)
  // or the client has no IP address.
  size_t size = 0;
  std::string address;
};

// Longer headers are invalid. Data after the addresses (TLVs) is skipped.
inline constexpr size_t kMaxProxyHeaderBytes = 2048;

ProxyHeader ParseProxyHeader(absl::string_view bytes);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_PROXY_HEADER_H_
