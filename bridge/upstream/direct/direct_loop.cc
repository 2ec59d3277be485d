#include "bridge/upstream/direct/direct_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "bridge/base/usable_cpus.h"
#include "bridge/net/network.h"
#include "bridge/net/wake_batch.h"

namespace sse_bridge {
namespace {

// A loop decodes and publishes what its connections receive.
constexpr int kMaxLoops = 4;

}  // namespace

void DirectTimer::Arm(DirectLoop* loop, int64_t at_ns) {
  Disarm();
  loop_ = loop;
  at_ns_ = at_ns;
  loop->Insert(this);
}

void DirectTimer::Disarm() {
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->Erase(this);
}

DirectLoop* DirectLoop::Next() {
  static const auto* const loops = [] {
    auto* all = new std::vector<DirectLoop*>;
    const int count = std::min(UsableCpus(), kMaxLoops);
    all->reserve(count);
    for (int i = 0; i < count; ++i) all->push_back(new DirectLoop);
    return all;
  }();
  static std::atomic<size_t> next{0};
  return (*loops)[next.fetch_add(1, std::memory_order_relaxed) % loops->size()];
}

DirectLoop::DirectLoop()
    : loop_(Network::Real(), Clock::Real(), this, "upstream"),
      buffer_(new char[kBufferBytes]) {
  if (absl::Status opened = loop_.Open(); !opened.ok()) {
    spdlog::critical("cannot start the upstream loop: {}",
                     std::string(opened.message()));
    abort();
  }
  loop_.Start();
}

void DirectLoop::Post(std::shared_ptr<DirectTarget> target, int what) {
  if (mailbox_.Post({std::move(target), what}) ==
      Mailbox<Command>::Posted::kWakeNeeded) {
    loop_.Wake();
  }
}

uint64_t DirectLoop::Watch(int fd, Watcher* watcher) {
  const uint64_t id = next_id_++;
  if (loop_.poller()->Add(fd, id, Poller::kAllEdges) != 0) return 0;
  watchers_.emplace(id, watcher);
  return id;
}

void DirectLoop::Unwatch(uint64_t id) { watchers_.erase(id); }

DirectLoop::Watcher* DirectLoop::Find(uint64_t id) const {
  const auto found = watchers_.find(id);
  return found == watchers_.end() ? nullptr : found->second;
}

void DirectLoop::OnWake() {
  mailbox_.WokeUp();
  std::vector<uint64_t> read;
  read.swap(read_);
  for (const uint64_t id : read) {
    const WakeBatch wakes;
    if (Watcher* watcher = Find(id)) watcher->ReadOn();
  }
}

void DirectLoop::OnEvent(uint64_t data, uint32_t events) {
  const WakeBatch wakes;
  if (Watcher* watcher = Find(data)) watcher->OnEvent(events);
}

void DirectLoop::OnRound() {
  for (Command& command : mailbox_.Take()) {
    const std::shared_ptr<DirectTarget> target = std::move(command.target);
    target->OnCommand(this, command.what);
  }
  mailbox_.Processed();
  RunTimers();
  // A flush may find that a connection is lost, whose calls then move.
  for (size_t i = 0; i < flush_.size(); ++i) {
    if (Watcher* watcher = Find(flush_[i])) watcher->Flush();
  }
  flush_.clear();
  while (!buried_.empty()) {
    const std::shared_ptr<void> object = std::move(buried_.back());
    buried_.pop_back();
  }
}

int64_t DirectLoop::PrepareToWait() {
  if (!read_.empty() || !flush_.empty()) return EventLoop::kNow;
  if (!mailbox_.PrepareToSleep()) return EventLoop::kNow;
  return timers_.empty() ? EventLoop::kNever : timers_.front()->at_ns_;
}

void DirectLoop::RunTimers() {
  while (!timers_.empty() && timers_.front()->at_ns_ <= now()) {
    DirectTimer* const timer = timers_.front();
    timer->Disarm();
    timer->run_(timer->owner_);
  }
}

void DirectLoop::Place(DirectTimer* timer, size_t index) {
  timers_[index] = timer;
  timer->index_ = index;
}

void DirectLoop::SiftUp(size_t index) {
  DirectTimer* const timer = timers_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (timers_[parent]->at_ns_ <= timer->at_ns_) break;
    Place(timers_[parent], index);
    index = parent;
  }
  Place(timer, index);
}

void DirectLoop::SiftDown(size_t index) {
  DirectTimer* const timer = timers_[index];
  for (size_t child = 2 * index + 1; child < timers_.size();
       child = 2 * index + 1) {
    if (child + 1 < timers_.size() &&
        timers_[child + 1]->at_ns_ < timers_[child]->at_ns_) {
      ++child;
    }
    if (timers_[child]->at_ns_ >= timer->at_ns_) break;
    Place(timers_[child], index);
    index = child;
  }
  Place(timer, index);
}

void DirectLoop::Insert(DirectTimer* timer) {
  timers_.push_back(timer);
  SiftUp(timers_.size() - 1);
}

void DirectLoop::Erase(DirectTimer* timer) {
  const size_t index = timer->index_;
  DirectTimer* const last = timers_.back();
  timers_.pop_back();
  if (last == timer) return;
  Place(last, index);
  SiftUp(index);
  SiftDown(last->index_);
}

}  // namespace sse_bridge
