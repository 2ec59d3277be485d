#include "bridge/feed/admissions.h"

#include <vector>

#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kLastCalls = absl::Seconds(10);
constexpr absl::Duration kPollInterval = absl::Milliseconds(1);

}  // namespace

Admissions::~Admissions() {
  const absl::Time deadline = absl::Now() + kLastCalls;
  while (stats_->sessions.load() > 0 && absl::Now() < deadline) {
    absl::SleepFor(kPollInterval);
  }
}

std::shared_ptr<LeaveQueue> Admissions::QueueOf(Upstream* upstream) {
  MutexLock lock(&mu_);
  std::shared_ptr<LeaveQueue>& queue = queues_[upstream];
  if (queue == nullptr) {
    queue = LeaveQueue::Create(upstream, delivery_, stats_, limits_);
  }
  return queue;
}

size_t Admissions::leaves_waiting() const {
  size_t waiting = 0;
  MutexLock lock(&mu_);
  for (const auto& [upstream, queue] : queues_) waiting += queue->size();
  return waiting;
}

bool Admissions::WaitUntilLeft(absl::Time deadline) {
  std::vector<std::shared_ptr<LeaveQueue>> queues;
  {
    MutexLock lock(&mu_);
    for (const auto& [upstream, queue] : queues_) queues.push_back(queue);
  }
  bool left = true;
  for (const auto& queue : queues) {
    left = queue->WaitUntilEmpty(deadline) && left;
  }
  return left;
}

}  // namespace sse_bridge
