#include "bridge/http2/http2_server.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/client_address.h"
#include "bridge/http/http_error.h"
#include "bridge/http/request_origin.h"
#include "bridge/http2/http2_connection.h"

namespace sse_bridge {
namespace {

absl::string_view StatusName(int http_status) {
  switch (http_status) {
    case 408:
      return "DEADLINE_EXCEEDED";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    default:
      return "INVALID_ARGUMENT";
  }
}

}  // namespace

void Http2Server::Start(const ConnectionOptions& options, Sink sink,
                        ListenerDrain* drain) {
  options_ = options;
  session_.framing = options.framing;
  session_.floods = settings_.floods;
  session_.max_streams = settings_.max_streams;
  // HTTP/1.1 has the rest.
  max_held_ = options.max_buffered_bytes / 2;
  MutexLock lock(&requests_mu_);
  sink_ = std::move(sink);
  drain_ = drain;
}

void Http2Server::Accept(std::unique_ptr<Socket> socket,
                         std::string peer_address, std::string input) {
  const bool trusted = options_.handshake.proxies.Trusts(peer_address);
  std::string key = trusted ? "" : LimitKey(peer_address);
  std::shared_ptr<Http2Connection> connection;
  {
    MutexLock lock(&mu_);
    if (!key.empty()) ++addresses_[key].connections;
    const uint64_t number = ++last_number_;
    connection = std::make_shared<Http2Connection>(
        shared_from_this(), number, std::move(socket), std::move(peer_address),
        std::move(input));
    Entry& entry = entries_[number];
    entry.connection = connection;
    entry.key = std::move(key);
    entry.at = idle_.end();
  }
  count_.fetch_add(1, std::memory_order_relaxed);
  delivery_->Adopt(connection);
}

std::shared_ptr<Http2Connection> Http2Server::TakeLongestIdleLocked(
    absl::string_view key) {
  for (const uint64_t number : idle_) {
    Entry& entry = entries_[number];
    if (!key.empty() && entry.key != key) continue;
    auto connection = entry.connection.lock();
    if (connection == nullptr) continue;
    SetIdleLocked(number, &entry, false);
    return connection;
  }
  return nullptr;
}

void Http2Server::SetIdleLocked(uint64_t number, Entry* entry, bool idle) {
  if (entry->idle == idle) return;
  entry->idle = idle;
  if (!entry->key.empty()) {
    addresses_[entry->key].idle += idle ? 1 : size_t{0} - 1;
  }
  if (idle) {
    entry->at = idle_.insert(idle_.end(), number);
  } else {
    idle_.erase(entry->at);
  }
}

bool Http2Server::CloseLongestIdle() {
  std::shared_ptr<Http2Connection> idle;
  {
    MutexLock lock(&mu_);
    idle = TakeLongestIdleLocked("");
  }
  if (idle == nullptr) return false;
  idle->CloseIfIdle();
  return true;
}

void Http2Server::StartDraining() {
  draining_ = true;
  std::vector<std::shared_ptr<Http2Connection>> all;
  {
    MutexLock lock(&mu_);
    all.reserve(entries_.size());
    for (const auto& [number, entry] : entries_) {
      if (auto connection = entry.connection.lock()) {
        all.push_back(std::move(connection));
      }
    }
  }
  for (const auto& connection : all) connection->DrainLater();
}

void Http2Server::Stop() {
  Sink dropped;
  MutexLock lock(&requests_mu_);
  dropped.swap(sink_);
  drain_ = nullptr;
}

bool Http2Server::Pass(std::shared_ptr<HttpExchange> exchange) {
  MutexLock lock(&requests_mu_);
  if (sink_ == nullptr) return false;
  drain_->AddRequest();
  if (sink_(std::move(exchange))) return true;
  drain_->RemoveRequest();
  return false;
}

void Http2Server::RequestDone() {
  MutexLock lock(&requests_mu_);
  if (drain_ != nullptr) drain_->RemoveRequest();
}

HttpResponse Http2Server::Refusal(int status, absl::string_view why,
                                  const HttpHeaders& request) const {
  if (options_.rejections != nullptr) {
    options_.rejections->Add(absl::StrCat(status));
  }
  HttpResponse response = ErrorResponse(status, StatusName(status), why);
  if (options_.headers_for_origin) {
    for (auto& header : options_.headers_for_origin(OriginOf(request))) {
      response.headers.push_back(std::move(header));
    }
  }
  return response;
}

void Http2Server::SetIdle(uint64_t number, bool idle) {
  std::shared_ptr<Http2Connection> excess;
  {
    MutexLock lock(&mu_);
    const auto it = entries_.find(number);
    if (it == entries_.end()) return;
    SetIdleLocked(number, &it->second, idle);
    const std::string& key = it->second.key;
    const size_t limit = options_.max_connections_per_address;
    if (idle && limit != 0 && !key.empty() && addresses_[key].idle > limit) {
      excess = TakeLongestIdleLocked(key);
    }
  }
  if (excess != nullptr) excess->CloseIfIdle();
}

bool Http2Server::SetHeld(uint64_t number, size_t bytes) {
  MutexLock lock(&mu_);
  const auto it = entries_.find(number);
  if (it == entries_.end()) return true;
  Entry& entry = it->second;
  const size_t more = bytes - entry.held;  // may wrap
  const bool grows = bytes > entry.held;
  entry.held = bytes;
  const size_t held = held_.load(std::memory_order_relaxed) + more;
  held_.store(held, std::memory_order_relaxed);
  size_t of_address = 0;
  if (!entry.key.empty()) {
    Address& address = addresses_[entry.key];
    address.held += more;
    of_address = address.held;
  }
  return !grows || (held <= max_held_ && of_address <= max_held_ / 2);
}

void Http2Server::RememberEnd(uint64_t number, int64_t now) {
  MutexLock lock(&mu_);
  const auto it = entries_.find(number);
  // Connections of a trusted proxy have no key: they carry many clients.
  if (it == entries_.end() || it->second.key.empty()) return;
  ended_.Add(it->second.key, now);
}

bool Http2Server::MustWait(uint64_t number, int64_t now) {
  MutexLock lock(&mu_);
  const auto it = entries_.find(number);
  return it != entries_.end() && ended_.TooMany(it->second.key, now);
}

void Http2Server::Closed(uint64_t number) {
  SetHeld(number, 0);
  SetIdle(number, false);
  MutexLock lock(&mu_);
  const auto it = entries_.find(number);
  if (it == entries_.end()) return;
  const auto address = addresses_.find(it->second.key);
  if (address != addresses_.end() && --address->second.connections == 0) {
    addresses_.erase(address);
  }
  entries_.erase(it);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace sse_bridge
