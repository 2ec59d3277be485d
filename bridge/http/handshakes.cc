#include "bridge/http/handshakes.h"

#include <unistd.h>

#include <utility>

#include "bridge/http/answer_and_close.h"
#include "bridge/http/handshake_thread.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {

Handshakes::Handshakes(const ConnectionOptions& options, Entered entered)
    : options_(options),
      entered_(std::move(entered)),
      clock_(options.clock != nullptr ? options.clock : Clock::Real()) {}

Handshakes::~Handshakes() { Stop(); }

absl::Status Handshakes::Start() {
  if (options_.handshake.tls == nullptr && !options_.handshake.proxy_protocol) {
    return absl::OkStatus();
  }
  for (int i = 0; i < options_.handshake.threads; ++i) {
    threads_.push_back(
        std::make_unique<HandshakeThread>(this, threads_.size()));
    if (absl::Status started = threads_.back()->Start(); !started.ok()) {
      return started;
    }
  }
  return absl::OkStatus();
}

void Handshakes::Stop() {
  for (auto& thread : threads_) thread->Stop();
}

bool Handshakes::Enter(int fd, const std::string& peer_address,
                       int64_t now_ns) {
  const bool proxy_header = NeedsProxyHeader(peer_address);
  if (options_.handshake.rate != nullptr &&
      !options_.handshake.proxies.Trusts(peer_address)) {
    const absl::Duration wait =
        options_.handshake.rate->Take(LimitKey(peer_address), now_ns);
    if (wait > absl::ZeroDuration()) {
      TurnAway(fd, wait);
      return false;
    }
  }
  if (!proxy_header && options_.handshake.tls == nullptr) return true;
  auto pending = std::make_unique<PendingConnection>();
  pending->fd = fd;
  pending->peer_address = peer_address;
  pending->arrived_ns = now_ns;
  pending->awaits_proxy_header = proxy_header;
  const size_t thread = next_thread_++ % threads_.size();
  // A trusted proxy carries the connections of many clients: do not limit it.
  const std::string key = options_.handshake.proxies.Trusts(peer_address)
                              ? ""
                              : LimitKey(peer_address);
  pending->number = pending_.Add(thread, key, now_ns);
  ++connections_;
  threads_[thread]->Add(std::move(pending));
  DropExcess(key);
  return false;
}

void Handshakes::DropExcess(const std::string& key) {
  while (const auto excess =
             pending_.TakeExcess(key, options_.max_connections_per_address)) {
    threads_[excess->thread]->DropLater(excess->number);
  }
}

bool Handshakes::DropOldest(int64_t latest_ns) {
  const auto oldest = pending_.TakeOldest(latest_ns);
  if (!oldest.has_value()) return false;
  threads_[oldest->thread]->DropLater(oldest->number);
  return true;
}

void Handshakes::TurnAway(int fd, absl::Duration wait) const {
  if (options_.rejections != nullptr) options_.rejections->Add("429");
  // No answer can be sent before the TLS handshake.
  if (options_.handshake.tls != nullptr) {
    close(fd);
    return;
  }
  AnswerAndClose(fd, TooManyConnections(wait), options_.headers_for_origin);
}

}  // namespace sse_bridge
