#include "bridge/net/tls_context.h"

#include <openssl/err.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/net/tls_socket.h"

namespace sse_bridge {
namespace {

// Cipher suites for TLS 1.2. All those of TLS 1.3 are acceptable.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// The supported protocols in ALPN wire format, the preferred one first.
constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
constexpr size_t kHttp2Size = 3;

// Identifies the context of sessions that clients may resume.
constexpr unsigned char kSessionContext[] = "sse-bridge";

// `offers_http2` is null if only HTTP/1.1 is.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned int in_size,
                   void* offers_http2) {
  const size_t skipped = offers_http2 == nullptr ? kHttp2Size : 0;
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kProtocols + skipped,
                            sizeof kProtocols - 1 - skipped, in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

absl::Status FileError(const std::string& file, absl::string_view what) {
  if (!std::ifstream(file)) {
    return absl::NotFoundError(absl::StrCat(file, ": cannot be read"));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": no ", what, reason == nullptr ? "" : ": ",
                   reason == nullptr ? "" : reason));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Create(
    Options options) {
  std::unique_ptr<TlsContext> tls(new TlsContext(std::move(options)));
  if (absl::Status loaded = tls->Reload(); !loaded.ok()) return loaded;
  return tls;
}

absl::Status TlsContext::Reload() {
  absl::StatusOr<SslCtxPtr> fresh = Load();
  if (!fresh.ok()) return fresh.status();
  MutexLock lock(&mu_);
  context_.swap(*fresh);
  return absl::OkStatus();
}

absl::StatusOr<SslCtxPtr> TlsContext::Load() const {
  OpenSslErrorScope errors;
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr ||
      SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1 ||
      SSL_CTX_set_session_id_context(context.get(), kSessionContext,
                                     sizeof kSessionContext - 1) != 1) {
    return absl::InternalError("cannot set up TLS");
  }
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                          SSL_OP_CIPHER_SERVER_PREFERENCE |
                          SSL_OP_PRIORITIZE_CHACHA |
                          SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ENABLE_KTLS);
  // Release buffers of idle connections: most streams are idle.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // Sessions are resumed with tickets, which need no memory on the server.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  static bool offered = true;  // only its address is used
  SSL_CTX_set_alpn_select_cb(context.get(), SelectProtocol,
                             options_.http2 ? &offered : nullptr);

  if (SSL_CTX_use_certificate_chain_file(context.get(),
                                         options_.cert_file.c_str()) != 1) {
    return FileError(options_.cert_file, "usable PEM certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), options_.key_file.c_str(),
                                  SSL_FILETYPE_PEM) != 1) {
    return FileError(options_.key_file, "usable PEM private key");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(options_.key_file, ": does not match the certificate in ",
                     options_.cert_file));
  }
  if (options_.client_ca_file.empty()) return context;
  STACK_OF(X509_NAME)* names =
      SSL_load_client_CA_file(options_.client_ca_file.c_str());
  if (names == nullptr ||
      SSL_CTX_load_verify_locations(
          context.get(), options_.client_ca_file.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return FileError(options_.client_ca_file, "usable PEM certificates");
  }
  SSL_CTX_set_client_CA_list(context.get(), names);
  SSL_CTX_set_verify(context.get(),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  return context;
}

SslPtr TlsContext::NewSession(int fd) const {
  OpenSslErrorScope errors;
  SslPtr session;
  {
    // The session holds a reference to the context.
    MutexLock lock(&mu_);
    session.reset(SSL_new(context_.get()));
  }
  if (session == nullptr || SSL_set_fd(session.get(), fd) != 1) return nullptr;
  SSL_set_accept_state(session.get());
  return session;
}

std::unique_ptr<Socket> TlsContext::Wrap(std::unique_ptr<Socket> socket) const {
  SslPtr session = NewSession(socket->fd());
  if (session == nullptr) return nullptr;
  return std::make_unique<TlsSocket>(std::move(session), std::move(socket));
}

}  // namespace sse_bridge
