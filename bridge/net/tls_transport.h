#ifndef SSE_BRIDGE_BRIDGE_NET_TLS_TRANSPORT_H_
#define SSE_BRIDGE_BRIDGE_NET_TLS_TRANSPORT_H_

#include <cstddef>
#include <string>
#include <utility>

#include "bridge/net/tls_context.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// TLS between a connection and its socket. OpenSSL uses the kernel's TLS where
// there is one (kTLS).
//
// One thread at a time, as Transport has it.
class TlsTransport : public Transport {
 public:
  enum class Handshake { kDone, kWantRead, kWantWrite, kFailed };

  explicit TlsTransport(SslPtr session) : session_(std::move(session)) {}

  // Goes on with the handshake as far as the socket allows.
  Handshake Shake();

  ssize_t Send(const iovec* parts, int count) override;
  ssize_t Flush() override;
  ssize_t Recv(char* buffer, size_t size) override;
  void ShutdownWrite() override;

 private:
  // One write: how many bytes, kWouldBlock or kFailed.
  ssize_t Write(const char* bytes, size_t size);

  const SslPtr session_;

  // What was taken and is not in the socket yet: OpenSSL must be offered the
  // same bytes again.
  std::string pending_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_TRANSPORT_H_
