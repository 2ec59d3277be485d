#include "bridge/upstream/grpc/call_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sse_bridge {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Milliseconds(100);

// If this timer ran late, calls may not have had time to be sent either.
constexpr absl::Duration kLate = absl::Milliseconds(30);

constexpr absl::Duration kMuchTooLate = absl::Seconds(5);

}  // namespace

void RepeatingTimer::Wake(absl::Duration after) {
  MutexLock lock(&mu_);
  if (running_) {
    wanted_ = std::min(wanted_, after);  // Fire re-arms it
    return;
  }
  const absl::Duration now = MonotonicNow();
  // gRPC's timers are late after the clock was set back.
  if (armed_ && now < due_ + kMuchTooLate) return;
  armed_ = true;
  due_ = now + after;
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(
      std::chrono::system_clock::now() + absl::ToChronoMicroseconds(after),
      [weak = weak_from_this()](bool expired) {
        const auto self = weak.lock();
        if (expired && self != nullptr) self->Fire();
      });
}

void RepeatingTimer::Fire() {
  absl::Duration late;
  {
    MutexLock lock(&mu_);
    armed_ = false;
    running_ = true;
    wanted_ = absl::InfiniteDuration();
    late = MonotonicNow() - due_;
  }
  absl::Duration next = run_(late);
  {
    MutexLock lock(&mu_);
    running_ = false;
    next = std::min(next, wanted_);
  }
  if (next != absl::InfiniteDuration()) Wake(next);
}

CallWatch::CallWatch()
    : timer_(std::make_shared<RepeatingTimer>(
          [calls = calls_](absl::Duration late) {
            return Look(calls.get(), late);
          })) {}

void CallWatch::Add(const std::shared_ptr<PendingCall>& call) {
  {
    MutexLock lock(&calls_->mu);
    calls_->calls.push_back(call);
  }
  timer_->Wake(kBetweenLooks);
}

absl::Duration CallWatch::Look(Calls* calls, absl::Duration late) {
  std::vector<std::weak_ptr<PendingCall>> looked_at;
  {
    MutexLock lock(&calls->mu);
    looked_at.swap(calls->calls);
  }
  const absl::Duration now = MonotonicNow();
  const auto is_done = [late, now](const std::weak_ptr<PendingCall>& weak) {
    const std::shared_ptr<PendingCall> call = weak.lock();
    return call == nullptr || !call->Look(late > kLate, now);
  };
  looked_at.erase(std::remove_if(looked_at.begin(), looked_at.end(), is_done),
                  looked_at.end());
  MutexLock lock(&calls->mu);
  calls->calls.insert(calls->calls.end(),
                      std::make_move_iterator(looked_at.begin()),
                      std::make_move_iterator(looked_at.end()));
  return calls->calls.empty() ? absl::InfiniteDuration() : kBetweenLooks;
}

}  // namespace sse_bridge
