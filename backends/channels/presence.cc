#include "backends/channels/presence.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

// Delay after a failed attempt.
constexpr absl::Duration kRetry = absl::Milliseconds(200);

}  // namespace

Presence::Presence(absl::Duration grace, SharedMembers* shared,
                   Handlers handlers)
    : grace_(grace),
      shared_(shared),
      handlers_(std::move(handlers)),
      thread_([this] { Run(); }) {}

Presence::~Presence() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
  if (shared_ != nullptr) shared_->Retire(grace_);
}

void Presence::Enter(const std::string& channel, const std::string& user) {
  MutexLock lock(&mu_);
  auto [it, is_new] = members_.try_emplace({channel, user});
  ++it->second.streams;
  it->second.leaves_at = absl::InfiniteFuture();
  if (!is_new) return;
  unsettled_.insert(it->first);
  changed_.notify_all();
}

void Presence::Leave(const std::string& channel, const std::string& user) {
  MutexLock lock(&mu_);
  auto it = members_.find({channel, user});
  if (it == members_.end() || --it->second.streams > 0) return;
  it->second.leaves_at = absl::Now() + grace_;
  leaving_.emplace(it->second.leaves_at, it->first);
  changed_.notify_all();
}

absl::StatusOr<std::vector<std::string>> Presence::Users(
    const std::string& channel) {
  std::set<std::string> users;
  if (shared_ != nullptr) {
    auto shared = shared_->Users(channel);
    if (!shared.ok()) return shared.status();
    users.insert(shared->begin(), shared->end());
  }
  MutexLock lock(&mu_);
  for (auto it = members_.lower_bound({channel, ""});
       it != members_.end() && it->first.channel == channel; ++it) {
    users.insert(it->first.user);
  }
  return std::vector<std::string>(users.begin(), users.end());
}

void Presence::Run() {
  absl::Time renew_at =
      shared_ != nullptr ? absl::InfinitePast() : absl::InfiniteFuture();
  absl::Time retry_at = absl::InfinitePast();
  while (true) {
    Member next;
    bool renew = false;
    {
      MutexLock lock(&mu_);
      if (stop_) return;
      const absl::Time now = absl::Now();
      absl::Time wake = std::min(LetGo(now), renew_at);
      if (now < retry_at) {
        wake = retry_at;
      } else if (now >= renew_at) {
        renew = true;
      } else if (!unsettled_.empty()) {
        next = *unsettled_.begin();
      } else {
        retry_at = absl::InfinitePast();
      }
      if (!renew && next.channel.empty()) {
        if (wake == absl::InfiniteFuture()) {
          changed_.wait(mu_);
        } else {
          changed_.wait_for(mu_, absl::ToChronoMicroseconds(wake - now));
        }
        continue;
      }
    }
    const bool done = renew ? Renew() : Settle(next);
    const absl::Time now = absl::Now();
    if (!done) {
      retry_at = now + kRetry;
      // The lease may have expired.
      if (shared_ != nullptr) renew_at = absl::InfinitePast();
    } else if (renew) {
      renew_at = now + shared_->interval();
    }
  }
}

absl::Time Presence::LetGo(absl::Time now) {
  while (!leaving_.empty() && leaving_.begin()->first <= now) {
    auto it = members_.find(leaving_.begin()->second);
    // The user may have come back meanwhile, and even left again later.
    if (it != members_.end() &&
        it->second.leaves_at == leaving_.begin()->first) {
      unsettled_.insert(it->first);
      members_.erase(it);
    }
    leaving_.erase(leaving_.begin());
  }
  return leaving_.empty() ? absl::InfiniteFuture() : leaving_.begin()->first;
}

bool Presence::Settle(const Member& member) {
  bool in;
  {
    MutexLock lock(&mu_);
    in = members_.count(member) > 0;
    unsettled_.erase(member);
  }
  if (in == (settled_.count(member) > 0)) return true;
  absl::StatusOr<bool> only_here = true;
  if (shared_ != nullptr) {
    only_here = in ? shared_->Add(member) : shared_->Remove(member);
  }
  if (!only_here.ok()) {
    MutexLock lock(&mu_);
    unsettled_.insert(member);
    return false;
  }
  if (in) {
    settled_.insert(member);
    if (*only_here) handlers_.joined(member);
  } else {
    settled_.erase(member);
    if (*only_here) handlers_.left(member);
  }
  return true;
}

bool Presence::Renew() {
  auto renewal = shared_->Renew();
  if (!renewal.ok()) return false;
  for (const Member& member : renewal->gone) handlers_.left(member);
  if (!renewal->lost) return true;
  settled_.clear();
  MutexLock lock(&mu_);
  unsettled_.clear();
  for (const auto& [member, state] : members_) unsettled_.insert(member);
  return true;
}

}  // namespace sse_bridge
