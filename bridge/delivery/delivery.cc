#include "bridge/delivery/delivery.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "bridge/base/usable_cpus.h"
#include "bridge/delivery/command.h"
#include "bridge/delivery/loop.h"
#include "bridge/net/multiplexed_socket.h"
#include "bridge/net/timer_queue.h"

namespace sse_bridge {

Delivery::Delivery(Options options)
    : options_(options), timers_(std::make_unique<TimerQueue>()) {
  int threads = options_.threads;
  if (threads <= 0) {
    threads = UsableCpus();
  }
  for (int i = 0; i < threads; ++i) {
    loops_.push_back(std::make_unique<Loop>(i, options_,
                                            i == 0 ? timers_.get() : nullptr,
                                            [this] { ConnectionDestroyed(); }));
  }
}

Delivery::~Delivery() { Stop(); }

absl::Status Delivery::Start() {
  {
    MutexLock lock(&mu_);
    if (started_) return absl::FailedPreconditionError("already started");
    started_ = true;
  }
  for (const auto& loop : loops_) {
    absl::Status status = loop->Start();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Delivery::Stop() {
  {
    MutexLock lock(&mu_);
    if (stopped_) return;
    stopped_ = true;
  }
  for (const auto& loop : loops_) loop->Stop();
  timers_->Clear();
}

Loop* Delivery::LeastLoaded() {
  const size_t n = loops_.size();
  const size_t start = next_loop_.fetch_add(1, std::memory_order_relaxed) % n;
  Loop* loop = loops_[start].get();
  for (size_t i = 1; i < n; ++i) {
    Loop* const other = loops_[(start + i) % n].get();
    if (other->load() < loop->load()) loop = other;
  }
  return loop;
}

bool Delivery::Adopt(std::shared_ptr<SharedConnection> connection) {
  alive_.fetch_add(1, std::memory_order_relaxed);
  if (LeastLoaded()->Post(AdoptCommand{std::move(connection)})) return true;
  ConnectionDestroyed();
  return false;
}

bool Delivery::Call(int loop, std::function<void()> call) {
  return loops_[loop]->Post(CallCommand{std::move(call)});
}

ConnectionRef Delivery::Open(StreamSpec spec) {
  alive_.fetch_add(1, std::memory_order_relaxed);
  MultiplexedSocket* const stream =
      spec.socket != nullptr ? spec.socket->multiplexed() : nullptr;
  Loop* const loop =
      stream != nullptr ? loops_[stream->loop()].get() : LeastLoaded();
  const ConnectionRef ref = loop->Reserve();
  Command command =
      OpenCommand{ref.id(), std::make_unique<StreamSpec>(std::move(spec))};
  if (!loop->Post(std::move(command))) {
    // NOLINTNEXTLINE(bugprone-use-after-move): Post left it unchanged.
    StreamSpec& refused = *std::get<OpenCommand>(command).spec;
    refused.socket.reset();
    if (refused.observer != nullptr) {
      refused.observer->OnClosed({.reason = CloseReason::kDrain,
                                  .events = 0,
                                  .bytes = 0,
                                  .duration = absl::ZeroDuration()});
    }
    ConnectionDestroyed();
  }
  return ref;
}

void Delivery::Send(ConnectionRef connection, FramePtr frame) {
  if (!connection || !frame) return;
  connection.loop()->Post(SendCommand{connection.id(), std::move(frame)});
}

void Delivery::Leave(ConnectionRef connection, int group) {
  if (!connection) return;
  connection.loop()->Post(LeaveCommand{connection.id(), group});
}

void Delivery::Close(ConnectionRef connection, CloseReason reason,
                     FramePtr last) {
  if (!connection) return;
  connection.loop()->Post(
      CloseCommand{connection.id(), reason, std::move(last)});
}

void Delivery::CloseAll(absl::Duration window, FramePtr last) {
  for (const auto& loop : loops_) {
    loop->Post(DrainCommand{absl::ToInt64Nanoseconds(window), last});
  }
}

bool Delivery::WaitUntilEmpty(absl::Time deadline) {
  // The longest single wait, so that a distant deadline does not overflow.
  constexpr absl::Duration kMaxWait = absl::Hours(1);
  // Use a monotonic clock, which is not affected by changes of the wall time.
  const auto start = std::chrono::steady_clock::now();
  const absl::Duration patience = deadline - absl::Now();
  MutexLock lock(&mu_);
  while (alive_.load(std::memory_order_acquire) > 0) {
    const absl::Duration left =
        patience - absl::FromChrono(std::chrono::steady_clock::now() - start);
    if (left <= absl::ZeroDuration()) return false;
    empty_.wait_for(mu_, absl::ToChronoNanoseconds(std::min(left, kMaxWait)));
  }
  return true;
}

Delivery::TimerId Delivery::RunAfter(absl::Duration delay,
                                     std::function<void()> task) {
  bool first = false;
  const int64_t nanos = std::clamp<int64_t>(absl::ToInt64Nanoseconds(delay), 0,
                                            TimerQueue::kNever / 4);
  const uint64_t id =
      timers_->Add(MonotonicNanos() + nanos, std::move(task), &first);
  if (first) loops_[0]->Wake();
  return id;
}

bool Delivery::Cancel(TimerId timer) { return timers_->Cancel(timer); }

DeliveryStats Delivery::Stats() const {
  DeliveryStats stats;
  for (const auto& loop : loops_) loop->AddStats(&stats);
  return stats;
}

size_t Delivery::BacklogBytes() const {
  size_t most = 0;
  for (const auto& loop : loops_) most = std::max(most, loop->backlog_bytes());
  return most;
}

void Delivery::WakeLoops() {
  for (const auto& loop : loops_) loop->Wake();
}

void Delivery::ConnectionDestroyed() {
  if (alive_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  MutexLock lock(&mu_);
  empty_.notify_all();
}

}  // namespace sse_bridge
