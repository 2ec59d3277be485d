#include "bridge/net/handshakes/pending_handshakes.h"

namespace sse_bridge {

uint64_t PendingHandshakes::Add(size_t thread, absl::string_view key,
                                int64_t now_ns) {
  MutexLock lock(&mu_);
  const uint64_t number = ++last_number_;
  pending_.emplace_hint(pending_.end(), number,
                        Entry{thread, std::string(key), now_ns});
  if (!key.empty()) by_key_[key].insert(number);
  return number;
}

void PendingHandshakes::Identify(uint64_t number, absl::string_view key) {
  MutexLock lock(&mu_);
  const auto at = pending_.find(number);
  if (at == pending_.end() || !at->second.key.empty()) return;
  at->second.key = std::string(key);
  by_key_[key].insert(number);
}

void PendingHandshakes::RemoveLocked(std::map<uint64_t, Entry>::iterator at) {
  if (const auto mine = by_key_.find(at->second.key); mine != by_key_.end()) {
    mine->second.erase(at->first);
    if (mine->second.empty()) by_key_.erase(mine);
  }
  pending_.erase(at);
}

void PendingHandshakes::Remove(uint64_t number) {
  MutexLock lock(&mu_);
  const auto at = pending_.find(number);
  if (at != pending_.end()) RemoveLocked(at);
}

std::optional<PendingHandshakes::PendingConnection>
PendingHandshakes::TakeOldest(int64_t latest_ns) {
  MutexLock lock(&mu_);
  const auto oldest = pending_.begin();
  if (oldest == pending_.end() || oldest->second.came_ns > latest_ns) {
    return std::nullopt;
  }
  const PendingConnection taken{oldest->first, oldest->second.thread};
  RemoveLocked(oldest);
  return taken;
}

std::optional<PendingHandshakes::PendingConnection>
PendingHandshakes::TakeExcess(absl::string_view key, size_t limit) {
  MutexLock lock(&mu_);
  const auto mine = by_key_.find(key);
  if (limit == 0 || mine == by_key_.end() || mine->second.size() <= limit) {
    return std::nullopt;
  }
  const auto oldest = pending_.find(*mine->second.begin());
  const PendingConnection taken{oldest->first, oldest->second.thread};
  RemoveLocked(oldest);
  return taken;
}

}  // namespace sse_bridge
