#include "bridge/http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <httplib.h>
#include <spdlog/spdlog.h>
#include <string.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/mutex.h"
#include "bridge/http/gate.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {
namespace {

// httplib listens with a backlog of 5, which drops bursts of connections.
constexpr int kBacklog = 4096;

// Complete requests that may wait for a worker; 503 beyond it.
constexpr size_t kMaxWaitingRequests = 20'000;

// A complete request head, as httplib reads it. What httplib would answer is
// of no interest but for whether it answered at all.
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

// The head, in the form that httplib's parser wants: without what the gate has
// dealt with already (lengths, Expect).
std::string HeadForHttplib(const Exchange::Parsed& request) {
  std::string head = absl::StrCat(request.verb, " ", request.target,
                                  " HTTP/1.", request.minor_version, "\r\n");
  for (const auto& [name, value] : request.headers) {
    if (absl::EqualsIgnoreCase(name, "Expect") ||
        absl::EqualsIgnoreCase(name, "Content-Length") ||
        absl::EqualsIgnoreCase(name, "Transfer-Encoding")) {
      continue;
    }
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  return head + "\r\n";
}

}  // namespace

// cpp-httplib with its accept loop left out: it binds, parses and routes.
class BridgeServer : public httplib::Server {
 public:
  // The request on its way through this thread's httplib.
  static thread_local std::shared_ptr<Exchange> current;

  explicit BridgeServer(const HttpServer::Options& options) {
    set_socket_options([reuse_port = options.reuse_port](socket_t fd) {
      const int one = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
      if (reuse_port) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
      }
    });
  }

  // The listening socket; negative when it could not be had.
  int Listen(const std::string& host, int* port) {
    if (*port == 0) {
      *port = bind_to_any_port(host);
      if (*port <= 0) return -1;
    } else if (!bind_to_port(host, *port)) {
      return -1;
    }
    const int fd = svr_sock_.exchange(INVALID_SOCKET);
    if (::listen(fd, kBacklog) != 0) return -1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
  }

  // False: httplib could not parse the head or route the request.
  void Process(HeadStream* stream) {
    bool closed = false;
    process_request(*stream, /*close_connection=*/false, closed,
                    [](httplib::Request&) {});
  }
};

thread_local std::shared_ptr<Exchange> BridgeServer::current;

struct HttpServer::Rep {
  explicit Rep(Options given) : options(std::move(given)), server(options) {
    port = options.port;
    server.set_pre_routing_handler(
        [this](const httplib::Request&, httplib::Response&) {
          handler(std::move(BridgeServer::current));
          return httplib::Server::HandlerResponse::Handled;
        });
  }

  bool Enqueue(std::unique_ptr<Gate::Request> request) {
    MutexLock lock(&mu);
    if (waiting.size() >= kMaxWaitingRequests || stopped) return false;
    waiting.push_back(std::move(request));
    ready.notify_one();
    return true;
  }

  void Work() {
    for (;;) {
      std::unique_ptr<Gate::Request> request;
      {
        MutexLock lock(&mu);
        while (waiting.empty() && !stopped) ready.wait(mu);
        if (stopped) return;
        request = std::move(waiting.front());
        waiting.pop_front();
      }
      Serve(std::move(request));
    }
  }

  void Serve(std::unique_ptr<Gate::Request> request) {
    HeadStream stream(HeadForHttplib(request->parsed),
                      request->parsed.peer_address);
    auto exchange = std::make_shared<Exchange>(std::move(request->parsed),
                                               std::move(request->link));
    request->watch(exchange);
    BridgeServer::current = exchange;
    server.Process(&stream);
    if (BridgeServer::current != nullptr) {
      BridgeServer::current = nullptr;
      exchange->Respond(ErrorResponse(400, "INVALID_ARGUMENT",
                                      "the request cannot be parsed"));
    }
  }

  const Options options;
  BridgeServer server;
  int listen_fd = -1;
  int port = 0;
  Handler handler;
  std::unique_ptr<Gate> gate;
  std::vector<std::thread> workers;

  Mutex mu;
  std::condition_variable_any ready;
  std::deque<std::unique_ptr<Gate::Request>> waiting ABSL_GUARDED_BY(mu);
  bool stopped ABSL_GUARDED_BY(mu) = false;
};

HttpServer::HttpServer(Options options)
    : rep_(std::make_unique<Rep>(std::move(options))) {}

HttpServer::~HttpServer() { Stop(); }

absl::Status HttpServer::Bind() {
  rep_->listen_fd = rep_->server.Listen(rep_->options.host, &rep_->port);
  if (rep_->listen_fd >= 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot listen on ",
                                             rep_->options.host, ":",
                                             rep_->options.port, ": ",
                                             strerror(errno)));
}

int HttpServer::port() const { return rep_->port; }

void HttpServer::Start(Handler handler) {
  rep_->handler = std::move(handler);
  Gate::Options options;
  options.framing = rep_->options.framing;
  options.head_timeout = rep_->options.head_timeout;
  options.body_timeout = rep_->options.body_timeout;
  options.idle_timeout = rep_->options.idle_timeout;
  rep_->gate = std::make_unique<Gate>(
      options, [rep = rep_.get()](std::unique_ptr<Gate::Request> request) {
        return rep->Enqueue(std::move(request));
      });
  for (int i = 0; i < rep_->options.workers; ++i) {
    rep_->workers.emplace_back([rep = rep_.get()] { rep->Work(); });
  }
  if (absl::Status started = rep_->gate->Start(rep_->listen_fd);
      !started.ok()) {
    spdlog::critical("{}", std::string(started.message()));
    abort();
  }
}

void HttpServer::StopAccepting() { rep_->gate->StopAccepting(); }

void HttpServer::Stop() {
  if (rep_->gate == nullptr) return;
  {
    MutexLock lock(&rep_->mu);
    rep_->stopped = true;
    rep_->ready.notify_all();
  }
  for (std::thread& worker : rep_->workers) worker.join();
  rep_->workers.clear();
  rep_->gate->Stop();
  MutexLock lock(&rep_->mu);
  rep_->waiting.clear();
}

}  // namespace sse_bridge
