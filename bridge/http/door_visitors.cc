#include "bridge/http/door_visitors.h"

namespace sse_bridge {

uint64_t DoorVisitors::Add(size_t thread, absl::string_view key,
                           int64_t now_ns) {
  MutexLock lock(&mu_);
  const uint64_t number = ++last_number_;
  visitors_.emplace_hint(visitors_.end(), number,
                         Entry{thread, std::string(key), now_ns});
  if (!key.empty()) by_key_[key].insert(number);
  return number;
}

void DoorVisitors::Identify(uint64_t number, absl::string_view key) {
  MutexLock lock(&mu_);
  const auto at = visitors_.find(number);
  if (at == visitors_.end() || !at->second.key.empty()) return;
  at->second.key = std::string(key);
  by_key_[key].insert(number);
}

void DoorVisitors::RemoveLocked(std::map<uint64_t, Entry>::iterator at) {
  if (const auto mine = by_key_.find(at->second.key); mine != by_key_.end()) {
    mine->second.erase(at->first);
    if (mine->second.empty()) by_key_.erase(mine);
  }
  visitors_.erase(at);
}

void DoorVisitors::Remove(uint64_t number) {
  MutexLock lock(&mu_);
  const auto at = visitors_.find(number);
  if (at != visitors_.end()) RemoveLocked(at);
}

std::optional<DoorVisitors::Visitor> DoorVisitors::TakeOldest(
    int64_t latest_ns) {
  MutexLock lock(&mu_);
  const auto oldest = visitors_.begin();
  if (oldest == visitors_.end() || oldest->second.came_ns > latest_ns) {
    return std::nullopt;
  }
  const Visitor taken{oldest->first, oldest->second.thread};
  RemoveLocked(oldest);
  return taken;
}

std::optional<DoorVisitors::Visitor> DoorVisitors::TakeExcess(
    absl::string_view key, size_t limit) {
  MutexLock lock(&mu_);
  const auto mine = by_key_.find(key);
  if (limit == 0 || mine == by_key_.end() || mine->second.size() <= limit) {
    return std::nullopt;
  }
  const auto oldest = visitors_.find(*mine->second.begin());
  const Visitor taken{oldest->first, oldest->second.thread};
  RemoveLocked(oldest);
  return taken;
}

}  // namespace sse_bridge
