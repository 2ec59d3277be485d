#ifndef SSE_BRIDGE_BRIDGE_NET_TLS_MEMORY_H_
#define SSE_BRIDGE_BRIDGE_NET_TLS_MEMORY_H_

#include <cstddef>

namespace sse_bridge {

// Gives OpenSSL memory of its own for the buffers of records. They are as large
// as what else a connection needs, are used for a moment, and would leave holes
// between what stays: 10 KB for each idle connection.
//
// Must be called before OpenSSL is used, also by initializers of libraries, and
// before there are threads. Has no effect afterwards; returns whether it had.
bool UseOwnMemoryForTlsRecords();

// How many of these buffers are in use, and how many have been used and are
// kept. Thread-safe.
struct TlsRecordMemory {
  size_t used = 0;
  size_t kept = 0;
};
TlsRecordMemory TlsRecordMemoryInUse();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_MEMORY_H_
