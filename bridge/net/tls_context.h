#ifndef SSE_BRIDGE_BRIDGE_NET_TLS_CONTEXT_H_
#define SSE_BRIDGE_BRIDGE_NET_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/base/mutex.h"
#include "bridge/base/openssl_ptr.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;

// The server side of TLS: 1.3, and 1.2 with forward secrecy and AEAD ciphers
// only. Connections keep the certificate that they started with; Reload changes
// it for new ones.
//
// Thread-safe.
class TlsContext final : public Transport {
 public:
  struct Options {
    std::string cert_file;  // PEM: the certificate, then its chain
    std::string key_file;   // PEM

    // PEM: the certificate authorities for client certificates. If it is set,
    // handshakes without a valid client certificate fail. If it is empty, no
    // certificate is requested.
    std::string client_ca_file;

    // Whether HTTP/2 is offered (ALPN), besides HTTP/1.1.
    bool http2 = false;
  };

  // Returns InvalidArgument or NotFound; the message names the file.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Create(Options options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Reads the files again. Changes nothing on error.
  absl::Status Reload();

  bool has_handshake() const override { return true; }
  // Returns a TlsSocket. `socket` must be of the operating system.
  std::unique_ptr<Socket> Wrap(std::unique_ptr<Socket> socket) const override;

 private:
  explicit TlsContext(Options options) : options_(std::move(options)) {}

  absl::StatusOr<SslCtxPtr> Load() const;
  SslPtr NewSession(int fd) const;

  const Options options_;

  mutable Mutex mu_;
  SslCtxPtr context_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_CONTEXT_H_
