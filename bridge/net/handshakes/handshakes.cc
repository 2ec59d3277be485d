#include "bridge/net/handshakes/handshakes.h"

#include <utility>

#include "bridge/net/handshakes/handshake_thread.h"

namespace sse_bridge {

Handshakes::Handshakes(Options options, Entered entered, TooOften too_often)
    : options_(std::move(options)),
      entered_(std::move(entered)),
      too_often_(std::move(too_often)) {}

Handshakes::~Handshakes() { Stop(); }

absl::Status Handshakes::Start() {
  if (!options_.transport->has_handshake() && !options_.proxy_protocol) {
    return absl::OkStatus();
  }
  for (int i = 0; i < options_.threads; ++i) {
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

std::unique_ptr<Socket> Handshakes::Enter(std::unique_ptr<Socket> socket,
                                          const std::string& peer_address,
                                          int64_t now_ns) {
  const bool trusted = options_.proxies.Trusts(peer_address);
  if (options_.rate != nullptr && !trusted) {
    const absl::Duration wait =
        options_.rate->Take(LimitKey(peer_address), now_ns);
    if (wait > absl::ZeroDuration()) {
      too_often_(std::move(socket), wait);
      return nullptr;
    }
  }
  const bool proxy_header = NeedsProxyHeader(peer_address);
  if (!proxy_header && !options_.transport->has_handshake()) return socket;
  auto pending = std::make_unique<PendingConnection>();
  pending->socket = std::move(socket);
  pending->peer_address = peer_address;
  pending->arrived_ns = now_ns;
  pending->awaits_proxy_header = proxy_header;
  const size_t thread = next_thread_++ % threads_.size();
  // A trusted proxy carries the connections of many clients: do not limit it.
  const std::string key = trusted ? "" : LimitKey(peer_address);
  pending->number = pending_.Add(thread, key, now_ns);
  ++connections_;
  threads_[thread]->Add(std::move(pending));
  DropExcess(key);
  return nullptr;
}

void Handshakes::DropExcess(const std::string& key) {
  while (const auto excess =
             pending_.TakeExcess(key, options_.max_per_address)) {
    threads_[excess->thread]->DropLater(excess->number);
  }
}

bool Handshakes::DropOldest(int64_t latest_ns) {
  const auto oldest = pending_.TakeOldest(latest_ns);
  if (!oldest.has_value()) return false;
  threads_[oldest->thread]->DropLater(oldest->number);
  return true;
}

}  // namespace sse_bridge
