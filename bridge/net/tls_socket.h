#ifndef SSE_BRIDGE_BRIDGE_NET_TLS_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_NET_TLS_SOCKET_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "bridge/net/socket.h"
#include "bridge/net/tls_context.h"

namespace sse_bridge {

// A socket with TLS. OpenSSL uses kernel TLS (kTLS) if available.
//
// Not thread-safe.
class TlsSocket final : public Socket {
 public:
  // Takes ownership of `fd`. `session` uses the same descriptor.
  TlsSocket(SslPtr session, int fd)
      : Socket(fd, /*has_own_framing=*/true), session_(std::move(session)) {}

  Progress Handshake() override;
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

// Takes ownership of `fd`, with TLS unless `tls` is null. Returns null, and
// leaves `fd` to the caller, if memory is exhausted.
std::unique_ptr<Socket> NewSocket(const TlsContext* tls, int fd);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_SOCKET_H_
