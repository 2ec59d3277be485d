#include "bridge/net/tls_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include <algorithm>

#include "absl/strings/string_view.h"

namespace sse_bridge {
namespace {

// The capacity of one TLS record. Small parts share a record.
constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

bool IsBlocked(int error) {
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

}  // namespace

Socket::Progress TlsSocket::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1) return Progress::kDone;
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Progress::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Progress::kWantWrite;
    default:
      ERR_clear_error();
      return Progress::kFailed;
  }
}

bool TlsSocket::speaks_http2() const {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(session_.get(), &protocol, &size);
  return absl::string_view(reinterpret_cast<const char*>(protocol), size) ==
         "h2";
}

ssize_t TlsSocket::Write(const char* bytes, size_t size) {
  ERR_clear_error();
  size_t written = 0;
  const int result = SSL_write_ex(session_.get(), bytes, size, &written);
  if (result == 1) return static_cast<ssize_t>(written);
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  return IsBlocked(error) ? kWouldBlock : kFailed;
}

ssize_t TlsSocket::Flush() {
  while (!pending_.empty()) {
    const ssize_t n = Write(pending_.data(), pending_.size());
    if (n < 0) return n;
    pending_.erase(0, static_cast<size_t>(n));
  }
  // Release the memory while the stream is idle.
  if (pending_.capacity() > 64) std::string().swap(pending_);
  return 0;
}

ssize_t TlsSocket::Send(const iovec* parts, int count) {
  if (const ssize_t flushed = Flush(); flushed != 0) return flushed;
  absl::string_view record(static_cast<const char*>(parts[0].iov_base),
                           std::min(parts[0].iov_len, kRecordBytes));
  thread_local char together[kRecordBytes];
  if (count > 1 && record.size() < kRecordBytes) {
    size_t size = 0;
    for (int i = 0; i < count && size < kRecordBytes; ++i) {
      const size_t n = std::min(parts[i].iov_len, kRecordBytes - size);
      memcpy(together + size, parts[i].iov_base, n);
      size += n;
    }
    record = absl::string_view(together, size);
  }
  const ssize_t n = Write(record.data(), record.size());
  if (n != kWouldBlock) return n;
  // OpenSSL has encrypted these bytes as a record, part of which may be sent.
  pending_.assign(record.data(), record.size());
  return static_cast<ssize_t>(record.size());
}

ssize_t TlsSocket::Received(int result, size_t read) {
  if (result == 1) return static_cast<ssize_t>(read);
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  return IsBlocked(error) ? kWouldBlock : kFailed;
}

ssize_t TlsSocket::Recv(char* buffer, size_t size) {
  ERR_clear_error();
  size_t read = 0;
  const int result = SSL_read_ex(session_.get(), buffer, size, &read);
  return Received(result, read);
}

ssize_t TlsSocket::Peek(char* buffer, size_t size) {
  ERR_clear_error();
  size_t read = 0;
  const int result = SSL_peek_ex(session_.get(), buffer, size, &read);
  return Received(result, read);
}

void TlsSocket::ShutdownWrite() {
  // Nothing can follow a partial record.
  if (pending_.empty()) {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
  }
  plain_->ShutdownWrite();
}

}  // namespace sse_bridge
