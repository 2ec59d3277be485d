#include "backends/channels/presence.h"

#include <chrono>
#include <utility>

namespace sse_bridge {
namespace {

// How often expired leases are looked for.
constexpr std::chrono::milliseconds kInterval(200);

}  // namespace

Presence::Presence(absl::Duration grace, Sessions* sessions, Handlers handlers)
    : grace_(grace),
      sessions_(sessions),
      handlers_(std::move(handlers)),
      thread_([this] { Run(); }) {}

Presence::~Presence() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stopped_.notify_all();
  }
  thread_.join();
}

absl::Status Presence::Enter(const Member& member, const std::string& session,
                             absl::Duration lease) {
  MutexLock lock(&order_);
  const auto first = sessions_->Enter(member, session, lease);
  if (!first.ok()) return first.status();
  if (*first) handlers_.joined(member);
  return absl::OkStatus();
}

absl::Status Presence::Leave(const Member& member, const std::string& session) {
  return sessions_->Leave(member, session, grace_);
}

void Presence::Run() {
  for (;;) {
    {
      MutexLock lock(&mu_);
      if (!stop_) stopped_.wait_for(mu_, kInterval);
      if (stop_) return;
    }
    MutexLock lock(&order_);
    const auto gone = sessions_->Expire();
    // If the store is away, nobody leaves meanwhile.
    if (!gone.ok()) continue;
    for (const Member& member : *gone) handlers_.left(member);
  }
}

}  // namespace sse_bridge
