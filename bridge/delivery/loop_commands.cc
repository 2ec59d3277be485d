#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/delivery/loop.h"
#include "bridge/net/socket_options.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// The memory of larger batches is released.
constexpr size_t kMaxKeptBatch = 4096;
// StreamSpec::keep_alive is an upper bound: each connection uses a random
// interval between this fraction of it and the whole.
constexpr double kKeepAliveJitter = 0.75;
constexpr double kMaxAgeJitter = 0.1;

// At the end, StreamSpec::retry is sent multiplied by a random factor in this
// range. Drained connections already end spread over time, but those of a
// failed feed end all at once.
struct Spread {
  double from;
  double to;
};
constexpr Spread kDrainSpread = {0.5, 1.5};
constexpr Spread kErrorSpread = {1, 5};
constexpr Spread kAskedSpread = {1, 1.5};

}  // namespace

void Loop::DrainInbox() {
  size_t bytes = 0;
  {
    MutexLock lock(&mu_);
    if (inbox_.empty()) return;
    batch_.swap(inbox_);
    bytes = std::exchange(inbox_bytes_, 0);
  }
  last_drain_ = now_;
  for (Command& command : batch_) Execute(&command);
  DispatchRuns();
  FlushDirty();
  if (batch_.capacity() > kMaxKeptBatch) {
    std::vector<Command>().swap(batch_);
  } else {
    batch_.clear();
  }
  backlog_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void Loop::Execute(Command* command) {
  using Kind = Command::Kind;
  if (command->kind == Kind::kPublish) {
    AddToRun(std::move(command->topic), std::move(command->frame));
    return;
  }
  // All other commands take effect after the frames published before them.
  DispatchRuns();
  LoopConnection* c = nullptr;
  switch (command->kind) {
    case Kind::kPublish:
      break;
    case Kind::kOpen:
      OpenConnection(command->slot, command->generation,
                     std::move(*command->spec));
      break;
    case Kind::kAttach:
      Attach(command);
      break;
    case Kind::kContinue:
      Continue(command);
      break;
    case Kind::kDetach:
      c = Find(command->slot, command->generation);
      if (c != nullptr) Detach(c, command->topic.get());
      break;
    case Kind::kEnd:
      EndTopic(command->topic, command->frame, command->flag);
      break;
    case Kind::kSend:
      c = Find(command->slot, command->generation);
      if (c != nullptr && c->state == State::kOpen) {
        SendEntry entry;
        entry.frame = std::move(command->frame);
        entry.chunked = c->chunked;
        entry.policy = SlowPolicy::kDisconnect;
        entry.counted = true;
        Enqueue(c, std::move(entry));
      }
      break;
    case Kind::kClose:
      c = Find(command->slot, command->generation);
      if (c == nullptr || c->state != State::kOpen) break;
      if (!command->frame && (command->reason == CloseReason::kClientGone ||
                              command->reason == CloseReason::kError)) {
        MarkDead(c, command->reason);
      } else {
        BeginEnd(c, command->reason, command->frame);
      }
      break;
    case Kind::kDrain:
      Drain(command->window, std::move(command->frame));
      break;
  }
  Reap();
}

void Loop::OpenConnection(uint32_t slot, uint32_t generation, StreamSpec spec) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  slots_[slot].generation = generation;
  slots_[slot].connection = std::make_unique<LoopConnection>();
  LoopConnection* const c = slots_[slot].connection.get();
  c->slot = slot;
  c->generation = generation;
  c->fd = spec.fd;
  c->chunked = spec.chunked;
  c->cut_unless_ended = spec.cut_unless_ended;
  c->plain = spec.transport == nullptr && spec.rewriter == nullptr;
  c->awaited_attaches = spec.expected_attaches;
  c->transport = std::move(spec.transport);
  c->rewriter = std::move(spec.rewriter);
  c->observer = std::move(spec.observer);
  c->expiry_frame = std::move(spec.expiry_frame);
  c->max_age_frame = std::move(spec.max_age_frame);
  c->slow_frame = std::move(spec.slow_frame);
  c->retry_ms = absl::ToInt64Milliseconds(spec.retry);
  counters_.open.Add(1);
  counters_.opened.Add(1);

  SetDeadlines(c, spec);

  SetStreamSocketOptions(
      c->fd, {.unsent_low_water_bytes = options_.unsent_low_water_bytes,
              .send_buffer_bytes = options_.send_buffer_bytes,
              .user_timeout = options_.user_timeout});
  epoll_event event{};
  // Edge-triggered EPOLLOUT costs nothing until the socket is full, and then
  // reports space without a further system call.
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = (static_cast<uint64_t>(generation) << 32) | slot;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, c->fd, &event) != 0) {
    const int error = errno;
    spdlog::warn("delivery: closing a stream: epoll_ctl failed: errno {}",
                 error);
    MarkDead(c, CloseReason::kError);
    return;
  }
  if (!spec.head.empty()) {
    EnqueueOwn(c, Frame::Create(spec.head, {.is_event = false}), /*raw=*/true);
  }
  if (draining_) BeginEnd(c, CloseReason::kDrain, drain_frame_);
}

void Loop::SetDeadlines(LoopConnection* c, const StreamSpec& spec) {
  c->opened = c->last_sent = now_;
  c->timer.owner = c;
  if (spec.keep_alive > absl::ZeroDuration() &&
      spec.keep_alive != absl::InfiniteDuration()) {
    c->keep_alive = static_cast<int64_t>(
        static_cast<double>(absl::ToInt64Nanoseconds(spec.keep_alive)) *
        Random(kKeepAliveJitter, 1));
  }
  if (spec.expires != absl::InfiniteFuture()) {
    // A century is effectively never, and does not overflow.
    const absl::Duration left =
        std::clamp(spec.expires - clock_->WallTime(), absl::ZeroDuration(),
                   absl::Hours(24 * 36525));
    c->expires = now_ + absl::ToInt64Nanoseconds(left);
  }
  if (spec.max_age > absl::ZeroDuration() &&
      spec.max_age < absl::Hours(24 * 36525)) {
    c->max_age_at =
        now_ + static_cast<int64_t>(
                   static_cast<double>(absl::ToInt64Nanoseconds(spec.max_age)) *
                   Random(1 - kMaxAgeJitter, 1 + kMaxAgeJitter));
  }
  Rearm(c);
}

void Loop::Attach(Command* command) {
  LoopConnection* const c = Find(command->slot, command->generation);
  Topic* const topic = command->topic.get();
  TopicLocal& local = LocalOf(topic);
  Command::Attachment& attach = *command->attach;
  if (c == nullptr || c->state != State::kOpen) {
    if (command->flag) {
      if (const auto observer = topic->observer_.lock()) {
        observer->OnWantsNoMore(
            ConnectionRef(this, command->slot, command->generation));
      }
    }
    if (topic->flow_control()) {
      for (const FramePtr& frame : attach.first) Account(topic, frame->size());
      ReportSent();
    }
    local.attached.fetch_sub(1, std::memory_order_relaxed);
    if (const auto observer = topic->observer_.lock()) {
      observer->OnMemberGone(/*connection_closed=*/true);
    }
    return;
  }
  if (c->awaited_attaches > 0) --c->awaited_attaches;
  const Membership membership{topic,
                              static_cast<uint32_t>(local.members.size()),
                              attach.options.tag,
                              attach.options.policy,
                              attach.options.mode,
                              attach.options.group};
  local.members.push_back({c, static_cast<uint32_t>(c->memberships.size())});
  c->memberships.push_back(membership);
  Use(topic);
  for (const FramePtr& frame : attach.first) {
    EnqueueFromTopic(c, topic, &c->memberships.back(), frame,
                     /*counted=*/false);
  }
  if (command->flag) {
    c->memberships.back().loading = true;
    ++c->loading;
    MarkDirty(c);
  }
}

void Loop::Continue(Command* command) {
  LoopConnection* const c = Find(command->slot, command->generation);
  if (c == nullptr || c->state != State::kOpen) return;
  Topic* const topic = command->topic.get();
  for (Membership& membership : c->memberships) {
    if (membership.topic != topic || !membership.loading) continue;
    for (const FramePtr& frame : command->attach->first) {
      EnqueueFromTopic(c, topic, &membership, frame, /*counted=*/false);
    }
    membership.asked = false;
    if (command->flag) {
      MarkDirty(c);
    } else {
      membership.loading = false;
      --c->loading;
    }
    return;
  }
}

void Loop::Detach(LoopConnection* c, const Topic* topic) {
  for (uint32_t i = 0; i < c->memberships.size(); ++i) {
    if (c->memberships[i].topic != topic) continue;
    const std::shared_ptr<Topic> held = LocalOf(c->memberships[i].topic).self;
    RemoveMembership(c, i);
    if (const auto observer = held->observer_.lock()) {
      observer->OnMemberGone(/*connection_closed=*/false);
    }
    return;
  }
}

void Loop::EndTopic(const std::shared_ptr<Topic>& topic, const FramePtr& last,
                    bool error) {
  TopicLocal& local = LocalOf(topic.get());
  while (!local.members.empty()) {
    const TopicMember member = local.members.back();
    LoopConnection* const c = member.connection;
    const Membership membership = c->memberships[member.membership];
    const bool only = c->memberships.size() == 1 && c->awaited_attaches == 0;
    const bool bundle = membership.mode == MembershipOptions::Mode::kBundle;
    const bool ends = only || (error && !bundle);
    if (last && (ends || bundle)) EnqueueLast(c, membership, last);
    RemoveMembership(c, member.membership);
    if (ends) {
      if (last && last->info().retry_ms > 0 && c->retry_ms > 0) {
        c->retry_ms = last->info().retry_ms;
        c->retry_asked = true;
      }
      BeginEnd(c, error ? CloseReason::kError : CloseReason::kEnded, nullptr);
    }
  }
}

void Loop::Drain(int64_t window, FramePtr last) {
  draining_ = true;
  drain_frame_ = std::move(last);
  std::vector<LoopConnection*> open;
  for (Slot& slot : slots_) {
    LoopConnection* const c = slot.connection.get();
    if (c != nullptr && c->state == State::kOpen) open.push_back(c);
  }
  for (size_t i = 0; i < open.size(); ++i) {
    if (window <= 0) {
      BeginEnd(open[i], CloseReason::kDrain, drain_frame_);
    } else {
      open[i]->drain_at =
          now_ +
          static_cast<int64_t>(static_cast<double>(window) * i / open.size());
      Rearm(open[i]);
    }
  }
}

LoopConnection* Loop::Find(uint32_t slot, uint32_t generation) {
  if (slot >= slots_.size() || slots_[slot].generation != generation) {
    return nullptr;
  }
  return slots_[slot].connection.get();
}

void Loop::RemoveMembership(LoopConnection* c, uint32_t index) {
  const Membership gone = c->memberships[index];
  if (gone.loading) {
    --c->loading;
    if (const auto observer = gone.topic->observer_.lock()) {
      observer->OnWantsNoMore(ConnectionRef(this, c->slot, c->generation));
    }
  }
  if (gone.raised) --c->raised[static_cast<size_t>(gone.group)];
  TopicLocal& local = LocalOf(gone.topic);
  const TopicMember moved = local.members.back();
  local.members[gone.index] = moved;
  moved.connection->memberships[moved.membership].index = gone.index;
  local.members.pop_back();
  if (local.members.empty()) local.members.shrink_to_fit();

  if (index + 1 < c->memberships.size()) {
    c->memberships[index] = c->memberships.back();
    const Membership& other = c->memberships[index];
    LocalOf(other.topic).members[other.index].membership = index;
  }
  c->memberships.pop_back();
  local.attached.fetch_sub(1, std::memory_order_relaxed);
  Unuse(gone.topic);
}

void Loop::LeaveAll(LoopConnection* c) {
  // Report bytes before the member is gone.
  c->queue.ReleaseTopics([this](SendEntry* entry) {
    Topic* const topic = std::exchange(entry->topic, nullptr);
    if (topic->flow_control()) Account(topic, entry->published_size);
    Unuse(topic);
  });
  ReportSent();
  while (!c->memberships.empty()) {
    const uint32_t last = static_cast<uint32_t>(c->memberships.size()) - 1;
    const std::shared_ptr<Topic> held =
        LocalOf(c->memberships[last].topic).self;
    RemoveMembership(c, last);
    if (const auto observer = held->observer_.lock()) {
      observer->OnMemberGone(/*connection_closed=*/true);
    }
  }
}

void Loop::BeginEnd(LoopConnection* c, CloseReason reason,
                    const FramePtr& last) {
  if (c->state != State::kOpen) return;
  c->state = State::kEnding;
  c->reason = reason;
  LeaveAll(c);
  if (!c->Cut()) {
    if (c->rewriter != nullptr) {
      EnqueueEnd(c, last);
    } else if (last) {
      EnqueueOwn(c, last, /*raw=*/false);
    }
    TellRetry(c);
    if (c->chunked) EnqueueOwn(c, last_chunk_, /*raw=*/true);
  }
  c->give_up_at = now_ + absl::ToInt64Nanoseconds(options_.end_timeout);
  Rearm(c);
  MarkDirty(c);
}

void Loop::TellRetry(LoopConnection* c) {
  const bool drain = c->reason == CloseReason::kDrain;
  if (c->retry_ms <= 0 || (!drain && c->reason != CloseReason::kError)) return;
  const Spread spread = drain            ? kDrainSpread
                        : c->retry_asked ? kAskedSpread
                                         : kErrorSpread;
  const auto wait = static_cast<int64_t>(static_cast<double>(c->retry_ms) *
                                         Random(spread.from, spread.to));
  EnqueueOwn(
      c,
      Frame::Create(absl::StrCat("retry: ", std::max<int64_t>(wait, 1), "\n\n"),
                    {.is_event = false}),
      /*raw=*/false);
}

void Loop::FinishEnd(LoopConnection* c) {
  if (c->Cut() && !c->chunked) {
    // An orderly close would look like the end of the body.
    ResetOnClose(c->fd);
    MarkDead(c, c->reason);
    return;
  }
  if (c->transport != nullptr) c->transport->ShutdownWrite();
  ::shutdown(c->fd, SHUT_WR);
  c->state = State::kLingering;
  c->give_up_at = now_ + absl::ToInt64Nanoseconds(options_.linger);
  Rearm(c);
  TellClosed(c);
}

void Loop::MarkDead(LoopConnection* c, CloseReason reason) {
  if (c->state == State::kDead) return;
  if (c->state == State::kOpen) c->reason = reason;
  c->state = State::kDead;
  dead_.push_back(c);
}

void Loop::MarkSlow(LoopConnection* c) {
  if (c->slow) return;
  c->slow = true;
  slow_.push_back(c);
}

void Loop::TellClosed(LoopConnection* c) {
  if (c->observer == nullptr) return;
  const std::unique_ptr<ConnectionObserver> observer = std::move(c->observer);
  observer->OnClosed({.reason = c->reason,
                      .events = c->events,
                      .bytes = c->bytes,
                      .duration = absl::Nanoseconds(now_ - c->opened)});
}

void Loop::Destroy(LoopConnection* c) {
  LeaveAll(c);
  counters_.queue_bytes.Sub(c->queue.bytes());
  c->timer.Unlink();
  c->transport.reset();
  ::close(c->fd);  // also removes it from epoll
  c->fd = -1;
  TellClosed(c);
  counters_.open.Sub(1);
  const uint32_t slot = c->slot;
  graveyard_.push_back(std::move(slots_[slot].connection));
  load_.fetch_sub(1, std::memory_order_relaxed);
  {
    MutexLock lock(&mu_);
    free_slots_.push_back(slot);
  }
  on_destroyed_();
}

void Loop::Reap() {
  while (!slow_.empty() || !dead_.empty()) {
    while (!slow_.empty()) {
      LoopConnection* const c = slow_.back();
      slow_.pop_back();
      c->slow = false;
      if (c->state != State::kOpen) continue;
      counters_.slow_disconnects.Add(1);
      c->queue.TakeEvents(&taken_);
      counters_.dropped.Add(taken_.size());
      for (SendEntry& entry : taken_) Release(std::move(entry));
      taken_.clear();
      BeginEnd(c, CloseReason::kSlow, c->slow_frame);
    }
    while (!dead_.empty()) {
      LoopConnection* const c = dead_.back();
      dead_.pop_back();
      Destroy(c);
    }
  }
}

}  // namespace sse_bridge
