#include "backends/channels/presence.h"

#include "absl/time/clock.h"

namespace sse_bridge {

Presence::Presence(absl::Duration grace, Left left)
    : grace_(grace), left_(std::move(left)), thread_([this] { Run(); }) {}

Presence::~Presence() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool Presence::Enter(const std::string& channel, const std::string& user) {
  MutexLock lock(&mu_);
  auto [it, is_new] = members_.try_emplace({channel, user});
  ++it->second.streams;
  it->second.leaves_at = absl::InfiniteFuture();
  return is_new;
}

void Presence::Leave(const std::string& channel, const std::string& user) {
  MutexLock lock(&mu_);
  auto it = members_.find({channel, user});
  if (it == members_.end() || --it->second.streams > 0) return;
  it->second.leaves_at = absl::Now() + grace_;
  leaving_.emplace(it->second.leaves_at, it->first);
  changed_.notify_all();
}

std::vector<std::string> Presence::Members(const std::string& channel) const {
  std::vector<std::string> users;
  MutexLock lock(&mu_);
  for (auto it = members_.lower_bound({channel, ""});
       it != members_.end() && it->first.first == channel; ++it) {
    users.push_back(it->first.second);
  }
  return users;
}

void Presence::Run() {
  for (;;) {
    Member gone;
    {
      MutexLock lock(&mu_);
      if (stop_) return;
      if (leaving_.empty()) {
        changed_.wait(mu_);
        continue;
      }
      const absl::Time next = leaving_.begin()->first;
      const absl::Time now = absl::Now();
      if (next > now) {
        changed_.wait_for(mu_, absl::ToChronoMilliseconds(next - now) +
                                   std::chrono::milliseconds(1));
        continue;
      }
      gone = leaving_.begin()->second;
      leaving_.erase(leaving_.begin());
      auto it = members_.find(gone);
      // Came back meanwhile, and perhaps left again later.
      if (it == members_.end() || it->second.leaves_at != next) continue;
      members_.erase(it);
    }
    left_(gone.first, gone.second);
  }
}

}  // namespace sse_bridge
