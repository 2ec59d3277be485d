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
  // `session` uses the descriptor of `plain`.
  TlsSocket(SslPtr session, std::unique_ptr<Socket> plain)
      : Socket(plain->fd(), {}),
        plain_(std::move(plain)),
        session_(std::move(session)) {}

  Progress Handshake() override;
  ssize_t Send(const iovec* parts, int count) override;
  ssize_t Flush() override;
  ssize_t Recv(char* buffer, size_t size) override;
  ssize_t Peek(char* buffer, size_t size) override;
  void ShutdownWrite() override;
  void SetStreamOptions(const StreamSocketOptions& options) override {
    plain_->SetStreamOptions(options);
  }
  void ResetOnClose() override { plain_->ResetOnClose(); }
  bool speaks_http2() const override;

 private:
  // Writes once. Returns the number of bytes, kWouldBlock or kFailed.
  ssize_t Write(const char* bytes, size_t size);

  // Converts the result of SSL_read_ex or SSL_peek_ex, which has set `read`.
  ssize_t Received(int result, size_t read);

  const std::unique_ptr<Socket> plain_;
  const SslPtr session_;

  // Bytes that were accepted but not yet written to the socket. OpenSSL
  // requires the same bytes on the next try.
  std::string pending_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_SOCKET_H_
