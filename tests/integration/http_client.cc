#include "tests/integration/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "gtest/gtest.h"

namespace sse_bridge::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPatienceMs = 20'000;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

HttpConnection::HttpConnection(const std::string& address) {
  std::string host_port = address;
  if (const size_t scheme = host_port.find("://"); scheme != std::string::npos)
    host_port = host_port.substr(scheme + 3);
  const size_t colon = host_port.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(
      host_port.c_str() + (colon == std::string::npos ? 0 : colon + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    ADD_FAILURE() << "connect to " << address << ": " << strerror(errno);
  }
}

struct HttpConnection::Tls {
  ~Tls() {
    SSL_free(session);
    SSL_CTX_free(context);
  }
  SSL_CTX* context = nullptr;
  SSL* session = nullptr;
};

HttpConnection::HttpConnection(const std::string& address,
                               const ClientTls& options)
    : HttpConnection(address) {
  auto tls = std::make_unique<Tls>();
  tls->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_locations(tls->context, options.ca_file.c_str(), nullptr);
  SSL_CTX_set_options(tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (options.max_version != 0) {
    SSL_CTX_set_max_proto_version(tls->context, options.max_version);
    // Old versions are below the default level.
    SSL_CTX_set_cipher_list(tls->context, "ALL:@SECLEVEL=0");
  }
  if (!options.cert_file.empty()) {
    SSL_CTX_use_certificate_chain_file(tls->context, options.cert_file.c_str());
    SSL_CTX_use_PrivateKey_file(tls->context, options.key_file.c_str(),
                                SSL_FILETYPE_PEM);
  }
  tls->session = SSL_new(tls->context);
  SSL_set_fd(tls->session, fd_);
  timeval patience{kPatienceMs / 1000, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (SSL_connect(tls->session) == 1) tls_ = std::move(tls);
  ERR_clear_error();
}

std::string HttpConnection::ServerSerial() const {
  X509* certificate = SSL_get1_peer_certificate(tls_->session);
  char* text = i2s_ASN1_INTEGER(nullptr, X509_get0_serialNumber(certificate));
  std::string serial = text;
  OPENSSL_free(text);
  X509_free(certificate);
  return serial;
}

HttpConnection::HttpConnection(HttpConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      tls_(std::move(other.tls_)),
      in_(std::move(other.in_)),
      body_(std::move(other.body_)),
      chunked_(other.chunked_),
      body_ended_(other.body_ended_),
      body_left_(other.body_left_) {}

HttpConnection::~HttpConnection() { Close(); }

void HttpConnection::Close() {
  tls_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void HttpConnection::Send(const HttpRequest& request) {
  std::string text =
      request.verb + " " + request.target + " " + request.version + "\r\n";
  bool has_host = false;
  for (const auto& [name, value] : request.headers) {
    text += name + ": " + value + "\r\n";
    has_host |= Lower(name) == "host";
  }
  if (!has_host) text += "Host: 127.0.0.1\r\n";
  if (!request.body.empty())
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  SendRaw(text + "\r\n" + request.body);
}

void HttpConnection::SendRaw(const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const char* at = bytes.data() + sent;
    const size_t left = bytes.size() - sent;
    const ssize_t n = tls_ != nullptr
                          ? SSL_write(tls_->session, at, static_cast<int>(left))
                          : send(fd_, at, left, MSG_NOSIGNAL);
    if (n <= 0) return;  // the peer's answer tells more than our failure
    sent += static_cast<size_t>(n);
  }
}

bool HttpConnection::Fill() {
  pollfd wait{fd_, POLLIN, 0};
  const bool has_some = tls_ != nullptr && SSL_pending(tls_->session) > 0;
  if (!has_some && poll(&wait, 1, kPatienceMs) == 0) {
    ADD_FAILURE() << "nothing came within " << kPatienceMs << " ms; have '"
                  << in_ << "'";
    return false;
  }
  char buffer[16384];
  const ssize_t n = tls_ != nullptr
                        ? SSL_read(tls_->session, buffer, sizeof buffer)
                        : recv(fd_, buffer, sizeof buffer, 0);
  if (tls_ != nullptr) ERR_clear_error();
  if (n <= 0) return false;
  in_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string HttpConnection::ReadLine() {
  for (;;) {
    if (const size_t end = in_.find("\r\n"); end != std::string::npos) {
      std::string line = in_.substr(0, end);
      in_.erase(0, end + 2);
      return line;
    }
    if (!Fill()) return "";
  }
}

HttpAnswer HttpConnection::ReadHead() {
  HttpAnswer answer;
  const std::string status_line = ReadLine();
  if (status_line.size() > 12) answer.status = std::atoi(&status_line[9]);
  for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    size_t value = colon + 1;
    while (value < line.size() && line[value] == ' ') ++value;
    // Several fields of a name are a list (RFC 9110, 5.3).
    std::string& field = answer.headers[Lower(line.substr(0, colon))];
    field += (field.empty() ? "" : ", ") + line.substr(value);
  }
  if (answer.status == 100) return ReadHead();
  const auto header = [&answer](const std::string& name) {
    const auto it = answer.headers.find(name);
    return it == answer.headers.end() ? std::string() : it->second;
  };
  chunked_ = header("transfer-encoding") == "chunked";
  body_left_.reset();
  if (const std::string length = header("content-length"); !length.empty()) {
    body_left_ = std::strtoul(length.c_str(), nullptr, 10);
  }
  body_ended_ = answer.status == 204 || answer.status == 304;
  return answer;
}

bool HttpConnection::FillBody() {
  if (body_ended_) return false;
  if (chunked_) {
    const std::string size_line = ReadLine();
    if (size_line.empty()) {
      ADD_FAILURE() << "the body ended without its last chunk";
      body_ended_ = true;
      return false;
    }
    const size_t size = std::strtoul(size_line.c_str(), nullptr, 16);
    while (in_.size() < size + 2) {
      if (!Fill()) {
        ADD_FAILURE() << "the body ended within a chunk";
        body_ended_ = true;
        return false;
      }
    }
    body_.append(in_, 0, size);
    in_.erase(0, size + 2);
    body_ended_ = size == 0;
    return size > 0;
  }
  if (body_left_.has_value() && *body_left_ == 0) {
    body_ended_ = true;
    return false;
  }
  if (in_.empty() && !Fill()) {
    body_ended_ = true;
    return false;
  }
  const size_t take =
      body_left_.has_value() ? std::min(*body_left_, in_.size()) : in_.size();
  body_.append(in_, 0, take);
  in_.erase(0, take);
  if (body_left_.has_value()) *body_left_ -= take;
  return true;
}

HttpAnswer HttpConnection::ReadAnswer(bool head_request) {
  HttpAnswer answer = ReadHead();
  if (!head_request) {
    while (FillBody()) {
    }
  }
  answer.body = std::move(body_);
  body_.clear();
  return answer;
}

SseEvent ParseBlock(const std::string& block) {
  SseEvent event;
  size_t at = 0;
  while (at < block.size()) {
    const size_t eol = block.find('\n', at);
    const std::string line = block.substr(at, eol - at);
    at = eol + 1;
    const size_t colon = line.find(':');
    const std::string field = line.substr(0, colon);
    std::string value =
        colon == std::string::npos ? "" : line.substr(colon + 1);
    if (!value.empty() && value[0] == ' ') value.erase(0, 1);
    if (field.empty()) event.comment += value;
    if (field == "event") event.event = value;
    if (field == "id") {
      event.id = value;
      event.has_id = true;
    }
    if (field == "retry") event.retry = value;
    if (field == "data") event.data += (event.data.empty() ? "" : "\n") + value;
  }
  return event;
}

std::optional<SseEvent> HttpConnection::NextBlock() {
  size_t end;
  while ((end = body_.find("\n\n")) == std::string::npos) {
    if (!FillBody()) {
      if (!body_.empty()) ADD_FAILURE() << "half an event: '" << body_ << "'";
      return std::nullopt;
    }
  }
  const std::string block = body_.substr(0, end + 1);
  body_.erase(0, end + 2);
  return ParseBlock(block);
}

SseEvent HttpConnection::Event() {
  const auto deadline = Clock::now() + std::chrono::milliseconds(kPatienceMs);
  std::string why = "only comments came";
  while (Clock::now() < deadline) {
    std::optional<SseEvent> block = NextBlock();
    if (!block.has_value()) {
      why = "the stream ended";
      break;
    }
    if (!block->data.empty() && block->event != "upstream") {
      return *std::move(block);
    }
  }
  ADD_FAILURE() << why << " instead of an event";
  SseEvent none;
  none.data = "null";
  return none;
}

std::string HttpConnection::ReadRaw() {
  while (Fill()) {
  }
  return std::move(in_);
}

bool HttpConnection::AtEnd() {
  if (!in_.empty()) return false;
  return !Fill();
}

HttpAnswer Fetch(const std::string& address, const HttpRequest& request) {
  HttpConnection connection(address);
  HttpRequest once = request;
  once.headers.emplace_back("Connection", "close");
  connection.Send(once);
  return connection.ReadAnswer(request.verb == "HEAD");
}

}  // namespace sse_bridge::testing
