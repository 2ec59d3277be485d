#ifndef SSE_BRIDGE_BRIDGE_NET_TLS_TRANSPORT_H_
#define SSE_BRIDGE_BRIDGE_NET_TLS_TRANSPORT_H_

#include <cstddef>
#include <string>
#include <utility>

#include "bridge/net/tls_context.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// TLS between a connection and its socket. OpenSSL uses kernel TLS (kTLS) if
// available.
//
// Not thread-safe.
class TlsTransport : public Transport {
 public:
  enum class Handshake { kDone, kWantRead, kWantWrite, kFailed };

  explicit TlsTransport(SslPtr session) : session_(std::move(session)) {}

  // Continues the handshake until it completes or would block.
  Handshake Shake();

  ssize_t Send(const iovec* parts, int count) override;
  ssize_t Flush() override;
  ssize_t Recv(char* buffer, size_t size) override;
  void ShutdownWrite() override;

 private:
  // Writes once. Returns the number of bytes, kWouldBlock or kFailed.
  ssize_t Write(const char* bytes, size_t size);

  const SslPtr session_;

  // Bytes that were accepted but not yet written to the socket. OpenSSL
  // requires the same bytes on the next try.
  std::string pending_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_TRANSPORT_H_
