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

namespace sse_bridge {

using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;

// The server's side of TLS: 1.2 with forward secrecy and AEAD only, and 1.3.
// Connections keep the certificate that they began with; Reload changes it for
// those that come.
//
// Thread-safe.
class TlsContext {
 public:
  struct Options {
    std::string cert_file;  // PEM: the certificate, then its chain
    std::string key_file;   // PEM

    // PEM: who signs clients' certificates, without one of which no handshake
    // succeeds. Empty: none is asked for.
    std::string client_ca_file;
  };

  // InvalidArgument or NotFound naming the file.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Create(Options options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Reads the files again. On an error all stays as it was.
  absl::Status Reload();

  // A session that has not begun yet, on a non-blocking descriptor, which stays
  // the caller's. Null when memory is out.
  SslPtr NewSession(int fd) const;

 private:
  explicit TlsContext(Options options) : options_(std::move(options)) {}

  absl::StatusOr<SslCtxPtr> Load() const;

  const Options options_;

  mutable Mutex mu_;
  SslCtxPtr context_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TLS_CONTEXT_H_
