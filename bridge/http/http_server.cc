#include "bridge/http/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/usable_cpus.h"
#include "bridge/http/http_listener.h"
#include "bridge/http/httplib_server.h"
#include "bridge/http/inline_handling.h"
#include "bridge/http/request_queue.h"
#include "bridge/net/listening_socket.h"

namespace sse_bridge {
namespace {

// httplib listens with a backlog of 5, which drops bursts of connections.
constexpr int kBacklog = 4096;

int LocalPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  // The port has the same offset in both address families.
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

struct HttpServer::Rep {
  explicit Rep(Options given)
      : options(std::move(given)),
        httplib(options.reuse_port),
        port(options.port),
        waiting(options.max_waiting_requests) {}

  void Work(RequestQueue::For worker) {
    while (std::shared_ptr<HttpExchange> exchange = waiting.Take(worker)) {
      if (exchange->StartServing()) handler(std::move(exchange));
    }
  }

  const Options options;
  HttplibServer httplib;
  int listen_fd = -1;
  int port;
  Handler handler;
  std::unique_ptr<HttpListener> listener;
  std::vector<std::thread> workers;

  // Called on the listener's thread. Returns false if there are too many
  // requests.
  bool Accept(std::shared_ptr<HttpExchange> exchange) {
    if (!options.handle_inline || stopping) {
      return waiting.Push(std::move(exchange));
    }
    const int64_t now = options.clock->MonotonicNanos();
    // No worker has the exchange yet, so its body is still complete.
    if (!inline_handling.May(exchange->body().size(), now)) {
      return waiting.Push(std::move(exchange));
    }
    if (exchange->StartServing()) handler(std::move(exchange));
    inline_handling.Handled(now, options.clock->MonotonicNanos());
    return true;
  }

  RequestQueue waiting;
  std::atomic<bool> stopping{false};
  // Used on the listener's thread only.
  InlineHandling inline_handling{UsableCpus() <= 1};
};

HttpServer::HttpServer(Options options)
    : rep_(std::make_unique<Rep>(std::move(options))) {}

HttpServer::~HttpServer() { Stop(); }

absl::Status HttpServer::Bind() {
  Rep& rep = *rep_;
  rep.listen_fd = rep.options.listen_fd >= 0
                      ? rep.options.listen_fd
                      : rep.httplib.Listen(rep.options.host, &rep.port);
  const int fd = rep.listen_fd;
  if (fd < 0 || ::listen(fd, kBacklog) != 0 ||
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", rep.options.host, ":",
                     rep.options.port, ": ", strerror(errno)));
  }
  if (rep.options.listen_fd >= 0) rep.port = LocalPort(fd);
  return absl::OkStatus();
}

int HttpServer::port() const { return rep_->port; }

void HttpServer::Start(Handler handler) {
  rep_->handler = std::move(handler);
  ConnectionOptions options = rep_->options;
  using Stopping = ConnectionOptions::Stopping;
  options.stopping = rep_->options.listen_fd >= 0 ? Stopping::kLeaveWaiting
                     : rep_->options.reuse_port   ? Stopping::kRetire
                                                  : Stopping::kTakeWaiting;
  rep_->listener = std::make_unique<HttpListener>(
      std::move(options), &rep_->httplib,
      [rep = rep_.get()](std::shared_ptr<HttpExchange> exchange) {
        return rep->Accept(std::move(exchange));
      });
  for (int i = 0; i < rep_->options.workers; ++i) {
    // If there are several workers, the last one handles short requests.
    const auto worker = i > 0 && i == rep_->options.workers - 1
                            ? RequestQueue::For::kShortOnly
                            : RequestQueue::For::kAll;
    rep_->workers.emplace_back(
        [rep = rep_.get(), worker] { rep->Work(worker); });
    pthread_setname_np(rep_->workers.back().native_handle(),
                       absl::StrCat("http-worker-", i).c_str());
  }
  if (absl::Status started =
          rep_->listener->Start(std::make_unique<TcpListeningSocket>(
              std::exchange(rep_->listen_fd, -1)));
      !started.ok()) {
    spdlog::critical("{}", std::string(started.message()));
    abort();
  }
}

void HttpServer::StopAccepting() {
  if (rep_->listener != nullptr) rep_->listener->StopAccepting();
}

bool HttpServer::WaitUntilIdle(absl::Time deadline) {
  return rep_->listener == nullptr || rep_->listener->WaitUntilIdle(deadline);
}

void HttpServer::Stop() {
  if (rep_->listen_fd >= 0) close(std::exchange(rep_->listen_fd, -1));
  if (rep_->listener == nullptr) return;
  rep_->stopping = true;
  rep_->waiting.Stop();
  for (std::thread& worker : rep_->workers) worker.join();
  rep_->workers.clear();
  rep_->listener->Stop();
}

}  // namespace sse_bridge
