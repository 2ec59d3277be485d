#include "backends/channels/memory_sessions.h"

namespace sse_bridge {

absl::StatusOr<bool> MemorySessions::Enter(const Member& member,
                                           const std::string& session,
                                           absl::Duration lease) {
  const absl::Time expires = now_() + lease;
  MutexLock lock(&mu_);
  const auto found = leases_.find({member, session});
  if (found != leases_.end()) {
    SetLease(found, expires);
    return false;
  }
  if (leases_.size() >= kMaxSessions) {
    return absl::ResourceExhaustedError("too many sessions");
  }
  size_t& sessions = members_[member];
  if (sessions >= kMaxPerMember) {
    return absl::ResourceExhaustedError("too many sessions in this channel");
  }
  ++sessions;
  leases_.emplace(Key{member, session}, expires);
  by_time_.emplace(expires, Key{member, session});
  return sessions == 1;
}

absl::Status MemorySessions::Leave(const Member& member,
                                   const std::string& session,
                                   absl::Duration grace) {
  const absl::Time expires = now_() + grace;
  MutexLock lock(&mu_);
  const auto found = leases_.find({member, session});
  if (found != leases_.end() && found->second > expires) {
    SetLease(found, expires);
  }
  return absl::OkStatus();
}

void MemorySessions::SetLease(std::map<Key, absl::Time>::iterator it,
                              absl::Time expires) {
  by_time_.erase({it->second, it->first});
  it->second = expires;
  by_time_.emplace(expires, it->first);
}

absl::StatusOr<std::vector<Member>> MemorySessions::Expire() {
  const absl::Time now = now_();
  std::vector<Member> gone;
  MutexLock lock(&mu_);
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const Key key = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    leases_.erase(key);
    const auto member = members_.find(key.first);
    if (--member->second > 0) continue;
    members_.erase(member);
    gone.push_back(key.first);
  }
  return gone;
}

absl::StatusOr<std::vector<std::string>> MemorySessions::Users(
    const std::string& channel) {
  std::vector<std::string> users;
  MutexLock lock(&mu_);
  for (auto it = members_.lower_bound({channel, ""});
       it != members_.end() && it->first.channel == channel; ++it) {
    users.push_back(it->first.user);
  }
  return users;
}

}  // namespace sse_bridge
