#include "bridge/upstream/direct/direct_tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <utility>

#include "absl/strings/string_view.h"
#include "bridge/base/openssl_ptr.h"
#include "bridge/net/tls_socket.h"

namespace sse_bridge {
namespace {

constexpr unsigned char kH2[] = "\x02h2";

// gRPC's client reads its roots from this file too.
constexpr char kRootsVariable[] = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";

BioPtr BioOf(absl::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

bool AddRoots(SSL_CTX* context, absl::string_view pem) {
  const BioPtr bio = BioOf(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int added = 0;
  while (const X509Ptr root{
      PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store, root.get()) == 1) ++added;
  }
  return added > 0;
}

bool UseCertificate(SSL_CTX* context, absl::string_view pem) {
  const BioPtr bio = BioOf(pem);
  const X509Ptr own{
      PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)};
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return false;
  }
  while (
      X509Ptr issuer{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, issuer.get()) != 1) return false;
    (void)issuer.release();
  }
  return true;
}

bool UseKey(SSL_CTX* context, absl::string_view pem) {
  const BioPtr bio = BioOf(pem);
  const EvpPkeyPtr key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  return key != nullptr && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const DirectTls>> DirectTls::Create(
    const GrpcUpstreamTls& options, std::string name) {
  OpenSslErrorScope errors;
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr ||
      SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_alpn_protos(context.get(), kH2, sizeof kH2 - 1) != 0) {
    return absl::InternalError("cannot set up TLS");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION |
                                         SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.root_certificates.empty()) {
    const char* file = getenv(kRootsVariable);
    if ((file == nullptr ||
         SSL_CTX_load_verify_file(context.get(), file) != 1) &&
        SSL_CTX_set_default_verify_paths(context.get()) != 1) {
      return absl::InternalError("the system's certificates cannot be read");
    }
  } else if (!AddRoots(context.get(), options.root_certificates)) {
    return absl::InvalidArgumentError("no usable root certificate");
  }
  if (!options.certificate.empty() &&
      !UseCertificate(context.get(), options.certificate)) {
    return absl::InvalidArgumentError("the certificate cannot be used");
  }
  if (!options.private_key.empty() &&
      !UseKey(context.get(), options.private_key)) {
    return absl::InvalidArgumentError("the private key cannot be used");
  }
  return std::unique_ptr<const DirectTls>(
      new DirectTls(std::move(context), std::move(name)));
}

std::unique_ptr<Socket> DirectTls::Wrap(std::unique_ptr<Socket> socket) const {
  OpenSslErrorScope errors;
  SslPtr session(SSL_new(context_.get()));
  if (session == nullptr || SSL_set_fd(session.get(), socket->fd()) != 1) {
    return nullptr;
  }
  X509_VERIFY_PARAM* const param = SSL_get0_param(session.get());
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name_.c_str()) != 1) {
    if (X509_VERIFY_PARAM_set1_host(param, name_.data(), name_.size()) != 1 ||
        SSL_set_tlsext_host_name(session.get(), name_.c_str()) != 1) {
      return nullptr;
    }
  }
  SSL_set_connect_state(session.get());
  return std::make_unique<TlsSocket>(std::move(session), std::move(socket));
}

}  // namespace sse_bridge
