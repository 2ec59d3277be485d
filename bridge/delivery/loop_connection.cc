#include "bridge/delivery/loop_connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/net/multiplexed_socket.h"

namespace sse_bridge {
namespace {

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

// Whether a topic's frames may be passed to the socket without being queued.
bool IsDirect(const StreamSpec& spec) {
  return spec.socket != nullptr && spec.socket->unbuffered() &&
         spec.rewriter == nullptr;
}

}  // namespace

LoopConnection::LoopConnection(LoopContext* context, ConnectionId id,
                               StreamSpec* spec)
    : context_(context),
      kernel_fd_(spec->socket != nullptr ? spec->socket->kernel_fd() : -1),
      direct_(IsDirect(*spec)),
      chunked_(spec->chunked),
      multiplexed_(spec->socket != nullptr &&
                   spec->socket->multiplexed() != nullptr),
      sent_{.last = context->now},
      gzip_(spec->gzip ? GzipStream(spec->gzip_sum) : GzipStream()),
      id_(id),
      subject_(std::move(spec->subject)),
      awaited_attaches_(spec->expected_attaches),
      end_{.cut_unless_ended = spec->cut_unless_ended,
           .retry_ms = absl::ToInt64Milliseconds(spec->retry),
           .expiry_frame = std::move(spec->expiry_frame),
           .max_age_frame = std::move(spec->max_age_frame),
           .slow_frame = std::move(spec->slow_frame)},
      socket_(spec->socket != nullptr ? std::move(spec->socket)
                                      : std::make_unique<PlainSocket>(-1)),
      rewriter_(std::move(spec->rewriter)),
      observer_(std::move(spec->observer)) {
  context_->counters.open.Add(1);
  context_->counters.opened.Add(1);
  deadlines_.timer.owner = this;
  deadlines_.Init(*spec, context_);
  Rearm();
}

LoopConnection::Group& LoopConnection::GroupAt(int group) {
  const auto index = static_cast<size_t>(group);
  if (groups_.size() <= index) groups_.resize(index + 1);
  return groups_[index];
}

bool LoopConnection::Join(TopicLocal* topic, const MembershipOptions& options,
                          const std::vector<FramePtr>& first, bool more) {
  if (awaited_attaches_ > 0) --awaited_attaches_;
  if (!groups_.empty() && GroupAt(options.group).left) return false;
  const uint32_t index =
      topic->AddMember({this, static_cast<uint32_t>(memberships_.size())});
  memberships_.push_back({topic, index, options, topic->BeginLate()});
  topic->Use();
  if (gzip_.on()) {
    topic->topic()->AddGzipMembers(1);
    topic->topic()->WantKey();
  }
  for (const FramePtr& frame : first) {
    EnqueueFromTopic(&memberships_.back(), frame, /*counted=*/false);
  }
  if (more) {
    memberships_.back().loading = true;
    ++loading_;
    FlushLater();
  }
  return true;
}

void LoopConnection::Continue(const TopicLocal& topic,
                              const std::vector<FramePtr>& part, bool more) {
  for (Membership& membership : memberships_) {
    if (membership.topic != &topic || !membership.loading) continue;
    for (const FramePtr& frame : part) {
      EnqueueFromTopic(&membership, frame, /*counted=*/false);
    }
    membership.asked = false;
    if (more) {
      FlushLater();
    } else {
      membership.loading = false;
      --loading_;
    }
    return;
  }
}

void LoopConnection::Detach(const TopicLocal& topic) {
  for (uint32_t i = 0; i < memberships_.size(); ++i) {
    if (memberships_[i].topic != &topic) continue;
    Leave(i, /*connection_closed=*/false);
    return;
  }
}

void LoopConnection::LeaveGroup(int group) {
  GroupAt(group).left = true;
  // Backwards: a membership that ends is replaced by the last one.
  for (auto i = static_cast<uint32_t>(memberships_.size()); i-- > 0;) {
    if (memberships_[i].options.group == group) {
      Leave(i, /*connection_closed=*/false);
    }
  }
}

void LoopConnection::EndMember(const TopicLocal& topic, const FramePtr& last,
                               bool error) {
  for (uint32_t i = 0; i < memberships_.size(); ++i) {
    if (memberships_[i].topic != &topic) continue;
    const std::shared_ptr<Topic> held = memberships_[i].topic->Hold();
    EndMembership(i, last, error);
    // Nothing more is sent to it, but its connection may live on.
    if (const auto observer = held->observer()) {
      observer->OnMemberGone(/*connection_closed=*/false);
    }
    return;
  }
}

void LoopConnection::EndMembership(uint32_t membership, const FramePtr& last,
                                   bool error) {
  const Membership ended = memberships_[membership];
  const bool only = memberships_.size() == 1 && awaited_attaches_ == 0;
  const bool bundle = ended.options.mode == MembershipOptions::Mode::kBundle;
  const bool ends = only || (error && !bundle);
  if (last && (ends || bundle)) EnqueueLast(ended, last);
  RemoveMembership(membership);
  if (!ends) return;
  if (last && last->info().retry_ms > 0 && end_.retry_ms > 0) {
    end_.retry_ms = last->info().retry_ms;
    end_.retry_asked = true;
  }
  BeginEnd(error ? CloseReason::kError : CloseReason::kEnded, nullptr);
}

void LoopConnection::RemoveMembership(uint32_t index) {
  const Membership gone = memberships_[index];
  if (gone.loading) {
    --loading_;
    if (const auto observer = gone.topic->topic()->observer()) {
      observer->OnWantsNoMore(ref());
    }
  }
  if (gone.raised) --GroupAt(gone.options.group).raised;
  gone.topic->RemoveMember(gone.index);
  if (index + 1 < memberships_.size()) {
    memberships_[index] = memberships_.back();
    const Membership& moved = memberships_[index];
    moved.topic->SetMembership(moved.index, index);
  }
  memberships_.pop_back();
  if (gzip_.on()) gone.topic->topic()->AddGzipMembers(-1);
  gone.topic->RemoveAttached();
  gone.topic->Unuse();
}

void LoopConnection::Leave(uint32_t index, bool connection_closed) {
  const std::shared_ptr<Topic> held = memberships_[index].topic->Hold();
  RemoveMembership(index);
  if (const auto observer = held->observer()) {
    observer->OnMemberGone(connection_closed);
  }
}

void LoopConnection::LeaveAll() {
  // Report bytes before the member is gone.
  queue_.ReleaseTopics([this](SendEntry* entry) {
    TopicLocal& topic =
        std::exchange(entry->topic, nullptr)->local(context_->index);
    topic.AccountSent(entry->published_size, context_);
    topic.Unuse();
  });
  context_->ReportSent();
  while (!memberships_.empty()) {
    Leave(static_cast<uint32_t>(memberships_.size()) - 1,
          /*connection_closed=*/true);
  }
}

void LoopConnection::OnTimer() {
  const int64_t now = context_->now;
  switch (state_) {
    case State::kDead:
      return;
    case State::kEnding:
    case State::kLingering:
      if (now >= deadlines_.give_up) {
        MarkDead(reason_);
        return;
      }
      break;
    case State::kOpen:
      if (now >= deadlines_.drain) {
        BeginEnd(CloseReason::kDrain, context_->drain_frame);
        return;
      }
      if (now >= deadlines_.expires) {
        BeginEnd(CloseReason::kExpired, end_.expiry_frame);
        return;
      }
      if (now >= deadlines_.max_age) {
        BeginEnd(CloseReason::kMaxAge, end_.max_age_frame);
        return;
      }
      // Queued frames keep the stream alive as well.
      if (!blocked_ && queue_.empty() &&
          deadlines_.KeepAliveDue(sent_.last, now)) {
        EnqueueOwn(context_->ping, /*raw=*/false);
        context_->counters.keep_alives.Add(1);
        sent_.last = now;
      }
      break;
  }
  Rearm();
}

void LoopConnection::DrainAt(int64_t deadline) {
  deadlines_.drain = deadline;
  Rearm();
}

void LoopConnection::Rearm() {
  const int64_t next = state_ == State::kOpen
                           ? deadlines_.NextWhileOpen(sent_.last, context_->now)
                           : deadlines_.give_up;
  if (next == StreamDeadlines::kNever) {
    deadlines_.timer.Unlink();
  } else {
    context_->wheel.Arm(&deadlines_.timer, next);
  }
}

void LoopConnection::BeginEnd(CloseReason reason, const FramePtr& last) {
  if (state_ != State::kOpen) return;
  state_ = State::kEnding;
  reason_ = reason;
  LeaveAll();
  if (!Cut()) {
    if (rewriter_ != nullptr) {
      EnqueueEnd(last);
    } else if (last) {
      EnqueueOwn(last, /*raw=*/false);
    }
    EnqueueRetry();
    EnqueueGzipEnd();
    if (chunked_) EnqueueOwn(context_->last_chunk, /*raw=*/true);
  }
  deadlines_.give_up =
      context_->now + absl::ToInt64Nanoseconds(context_->options.end_timeout);
  Rearm();
  FlushLater();
}

void LoopConnection::EnqueueRetry() {
  const bool drain = reason_ == CloseReason::kDrain;
  if (end_.retry_ms <= 0 || (!drain && reason_ != CloseReason::kError)) return;
  const Spread spread = drain              ? kDrainSpread
                        : end_.retry_asked ? kAskedSpread
                                           : kErrorSpread;
  const auto wait =
      static_cast<int64_t>(static_cast<double>(end_.retry_ms) *
                           context_->Random(spread.from, spread.to));
  EnqueueOwn(
      Frame::Create(absl::StrCat("retry: ", std::max<int64_t>(wait, 1), "\n\n"),
                    {.is_event = false}),
      /*raw=*/false);
}

void LoopConnection::FinishEnd() {
  if (Cut() && !chunked_) {
    // An orderly close would look like the end of the body.
    socket_->ResetOnClose();
    MarkDead(reason_);
    return;
  }
  socket_->ShutdownWrite();
  if (multiplexed_) {
    // Its connection stays open.
    MarkDead(reason_);
    return;
  }
  state_ = State::kLingering;
  deadlines_.give_up =
      context_->now + absl::ToInt64Nanoseconds(context_->options.linger);
  Rearm();
  CallOnClosed();
}

void LoopConnection::MarkDead(CloseReason reason) {
  if (state_ == State::kDead) return;
  if (state_ == State::kOpen) reason_ = reason;
  state_ = State::kDead;
  context_->dead.push_back(this);
}

void LoopConnection::EndSlow() {
  listed_.slow = false;
  if (state_ != State::kOpen) return;
  context_->counters.slow_disconnects.Add(1);
  std::vector<SendEntry>& dropped = context_->taken;
  queue_.TakeEvents(&dropped);
  context_->counters.dropped.Add(dropped.size());
  for (SendEntry& entry : dropped) Release(std::move(entry));
  dropped.clear();
  BeginEnd(CloseReason::kSlow, end_.slow_frame);
}

void LoopConnection::Close() {
  LeaveAll();
  context_->counters.queue_bytes.Sub(queue_.bytes());
  deadlines_.timer.Unlink();
  socket_.reset();
  CallOnClosed();
  context_->counters.open.Sub(1);
}

void LoopConnection::CallOnClosed() {
  if (observer_ == nullptr) return;
  const std::unique_ptr<ConnectionObserver> observer = std::move(observer_);
  observer->OnClosed(
      {.reason = reason_,
       .events = sent_.events,
       .bytes = sent_.bytes,
       .duration = absl::Nanoseconds(context_->now - deadlines_.opened)});
}

}  // namespace sse_bridge
