#include "bridge/http/httplib_server.h"

#include <httplib.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// The longest header line that httplib's parser takes.
constexpr size_t kMaxLineBytes = 8192 - 2;

// A complete request head, as httplib reads it. What httplib writes is its own
// form of an error, and goes nowhere: see HttplibServer::Process.
class HeadStream : public httplib::Stream {
 public:
  HeadStream(std::string head, const std::string& peer)
      : head_(std::move(head)), peer_(peer) {}

  bool is_readable() const override { return at_ < head_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, size_t size) override {
    const size_t n = std::min(size, head_.size() - at_);
    memcpy(out, head_.data() + at_, n);
    at_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char*, size_t size) override {
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = peer_;
    port = 0;
  }
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  const std::string head_;
  const std::string& peer_;
  size_t at_ = 0;
};

// The head for httplib to parse and route by: without what the listener has
// dealt with already (lengths, Expect), and without what httplib 0.11 would
// refuse though it is right: a '?' within the query, a Range it does not know
// (RFC 9110, 14.2: to be ignored), long header lines. The HttpExchange has it
// all.
std::string HeadForHttplib(const HttpExchange& exchange) {
  std::string head = absl::StrCat(exchange.verb(), " ", exchange.raw_path(),
                                  " HTTP/1.", exchange.minor_version(), "\r\n");
  for (const auto& [name, value] : exchange.headers()) {
    if (absl::EqualsIgnoreCase(name, "Expect") ||
        absl::EqualsIgnoreCase(name, "Content-Length") ||
        absl::EqualsIgnoreCase(name, "Transfer-Encoding") ||
        absl::EqualsIgnoreCase(name, "Range") ||
        name.size() + 2 + value.size() > kMaxLineBytes) {
      continue;
    }
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  return head + "\r\n";
}

// The request on its way through this thread's httplib, and the status that
// httplib would answer with.
thread_local std::shared_ptr<HttpExchange> current;
thread_local int status = 0;

}  // namespace

class HttplibServer::Impl : public httplib::Server {
 public:
  Impl(bool reuse_port, HttplibServer::Handler handler)
      : handler_(std::move(handler)) {
    set_socket_options([reuse_port](socket_t fd) {
      const int one = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
      if (reuse_port) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
      }
    });
    set_logger([](const httplib::Request&, const httplib::Response& response) {
      status = response.status;
    });
    set_pre_routing_handler(
        [this](const httplib::Request&, httplib::Response&) {
          handler_(std::move(current));
          return HandlerResponse::Handled;
        });
  }

  int Listen(const std::string& host, int* port) {
    if (*port == 0) {
      *port = bind_to_any_port(host);
      if (*port <= 0) return -1;
    } else if (!bind_to_port(host, *port)) {
      return -1;
    }
    return svr_sock_.exchange(INVALID_SOCKET);
  }

  // A template, so that what this version does not have is not compiled.
  template <typename Stream>
  void Process(Stream* stream, const std::string& peer) {
    const auto nothing = [](httplib::Request&) {};
    bool closed = false;
    if constexpr (requires {
                    this->process_request(*stream, false, closed, nothing);
                  }) {
      process_request(*stream, /*close_connection=*/false, closed, nothing);
    } else {
      // Since 0.16: the addresses, which the stream was asked for before.
      process_request(*stream, peer, /*remote_port=*/0, /*local_addr=*/"",
                      /*local_port=*/0, /*close_connection=*/false, closed,
                      nothing);
    }
  }

 private:
  const HttplibServer::Handler handler_;
};

HttplibServer::HttplibServer(bool reuse_port, Handler handler)
    : impl_(std::make_unique<Impl>(reuse_port, std::move(handler))) {}

HttplibServer::~HttplibServer() = default;

int HttplibServer::Listen(const std::string& host, int* port) {
  return impl_->Listen(host, port);
}

int HttplibServer::Process(const std::shared_ptr<HttpExchange>& exchange) {
  HeadStream stream(HeadForHttplib(*exchange), exchange->peer_address());
  current = exchange;
  impl_->Process(&stream, exchange->peer_address());
  // The handler takes it; otherwise httplib has refused the request.
  if (std::exchange(current, nullptr) == nullptr) return 0;
  return status;
}

}  // namespace sse_bridge
