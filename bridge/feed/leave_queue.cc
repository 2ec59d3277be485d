#include "bridge/feed/leave_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

namespace sse_bridge {

bool IsUnreachable(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

std::shared_ptr<LeaveQueue> LeaveQueue::Create(
    Upstream* upstream, Delivery* delivery,
    std::shared_ptr<AdmissionStats> stats, Limits limits) {
  return std::shared_ptr<LeaveQueue>(
      new LeaveQueue(upstream, delivery, std::move(stats), limits));
}

LeaveQueue::LeaveQueue(Upstream* upstream, Delivery* delivery,
                       std::shared_ptr<AdmissionStats> stats, Limits limits)
    : upstream_(upstream),
      delivery_(delivery),
      stats_(std::move(stats)),
      limits_(limits) {}

absl::Duration LeaveQueue::Now() const {
  return absl::Nanoseconds(delivery_->MonotonicNanos());
}

void LeaveQueue::Count(const Leave& leave, const char* result) const {
  stats_->results.Add(leave.method, result);
}

void LeaveQueue::Add(Leave leave) {
  const absl::Duration expires = Now() + leave.lease;
  const std::string payer = leave.payer;
  MutexLock lock(&mu_);
  Insert(next_number_++, {std::move(leave), expires});
  KeepBounds(payer);
  SchedulePump(absl::ZeroDuration());
}

size_t LeaveQueue::size() const {
  MutexLock lock(&mu_);
  return waiting_.size() + in_flight_.size();
}

bool LeaveQueue::WaitUntilEmpty(absl::Time deadline) {
  MutexLock lock(&mu_);
  while (!waiting_.empty() || !in_flight_.empty()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    empty_.wait_for(mu_, absl::ToChronoNanoseconds(left));
  }
  return true;
}

void LeaveQueue::Insert(uint64_t number, Entry entry) {
  by_payer_[entry.leave.payer].insert(number);
  waiting_.emplace(number, std::move(entry));
}

LeaveQueue::Entry LeaveQueue::Remove(uint64_t number) {
  auto node = waiting_.extract(number);
  Entry entry = std::move(node.mapped());
  if (const auto own = by_payer_.find(entry.leave.payer);
      own != by_payer_.end()) {
    own->second.erase(number);
    if (own->second.empty()) by_payer_.erase(own);
  }
  return entry;
}

void LeaveQueue::KeepBounds(const std::string& payer) {
  const auto own = by_payer_.find(payer);
  if (own != by_payer_.end() &&
      own->second.size() > limits_.waiting_per_payer) {
    Count(Remove(*own->second.begin()).leave, "leave_dropped");
  }
  if (waiting_.size() > limits_.waiting) {
    Count(Remove(waiting_.begin()->first).leave, "leave_dropped");
  }
}

void LeaveQueue::SchedulePump(absl::Duration delay) {
  if (pump_scheduled_) return;
  pump_scheduled_ = true;
  delivery_->RunAfter(delay, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Pump();
  });
}

void LeaveQueue::Pump() {
  std::vector<std::pair<uint64_t, Leave>> starting;
  {
    MutexLock lock(&mu_);
    pump_scheduled_ = false;
    const absl::Duration now = Now();
    if (now < backoff_until_) {
      if (!waiting_.empty()) SchedulePump(backoff_until_ - now);
      return;
    }
    // While the backend is away, one call at a time finds out whether it is
    // back.
    const size_t allowed = failures_ > 0 ? 1 : limits_.in_flight;
    while (!waiting_.empty() && in_flight_.size() < allowed) {
      const uint64_t number = waiting_.begin()->first;
      Entry entry = Remove(number);
      if (entry.expires <= now) {
        Count(entry.leave, "leave_expired");
        continue;
      }
      starting.emplace_back(number, entry.leave);
      in_flight_[number].entry = std::move(entry);
    }
    if (waiting_.empty() && in_flight_.empty()) empty_.notify_all();
  }
  for (const auto& [number, leave] : starting) Call(number, leave);
}

void LeaveQueue::Call(uint64_t number, const Leave& leave) {
  CallOptions options;
  if (leave.metadata != nullptr) options.metadata = *leave.metadata;
  options.deadline = delivery_->WallTime() + leave.timeout;
  std::shared_ptr<UnaryCall> call = upstream_->StartUnary(
      leave.path, leave.request, std::move(options),
      [weak = weak_from_this(), number](const absl::Status& status,
                                        const std::string&) {
        if (auto self = weak.lock()) self->OnDone(number, status);
      });
  MutexLock lock(&mu_);
  // It may be done already.
  if (const auto it = in_flight_.find(number); it != in_flight_.end()) {
    it->second.call = std::move(call);
  }
}

void LeaveQueue::OnDone(uint64_t number, const absl::Status& status) {
  std::shared_ptr<UnaryCall> call;  // released after the lock
  MutexLock lock(&mu_);
  const auto it = in_flight_.find(number);
  if (it == in_flight_.end()) return;
  Entry entry = std::move(it->second.entry);
  call = std::move(it->second.call);
  in_flight_.erase(it);
  const absl::Duration now = Now();
  if (IsUnreachable(status)) {
    if (now >= backoff_until_) {
      constexpr int kMaxShift = 16;
      const absl::Duration wait =
          limits_.min_backoff * (1 << std::min(failures_, kMaxShift));
      ++failures_;
      backoff_until_ = now + std::min(wait, limits_.max_backoff);
    }
    if (entry.expires > now) {
      const std::string payer = entry.leave.payer;
      Insert(number, std::move(entry));
      KeepBounds(payer);
    } else {
      Count(entry.leave, "leave_expired");
    }
  } else {
    failures_ = 0;
    Count(entry.leave, status.ok() ? "left" : "leave_failed");
  }
  if (!waiting_.empty()) {
    SchedulePump(std::max(backoff_until_ - now, absl::ZeroDuration()));
  } else if (in_flight_.empty()) {
    empty_.notify_all();
  }
}

}  // namespace sse_bridge
