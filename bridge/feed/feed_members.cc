#include <utility>
#include <vector>

#include "bridge/feed/feed.h"
#include "bridge/feed/own_events.h"

// The subscribers of a feed: joining, attaching and leaving.

namespace sse_bridge {

std::unique_ptr<PendingSubscriber> Feed::Join(const std::string* last_event_id,
                                              std::weak_ptr<FeedWaiter> waiter,
                                              bool returning) {
  MutexLock lock(&mu_);
  if (state_ == State::kEnded) return nullptr;
  patient_ = patient_ || returning || last_event_id != nullptr;
  std::vector<FramePtr> first;
  FeedHistory::Position load;
  if (!history_.Join(last_event_id, &first, &load)) return nullptr;
  ++users_;
  ++pending_;
  ++idle_generation_;
  if (state_ == State::kOpening) {
    // The backend may stay silent for long, so waiters that have left must not
    // accumulate.
    if (waiters_.size() == waiters_.capacity()) {
      std::erase_if(waiters_, [](const auto& each) { return each.expired(); });
    }
    waiters_.push_back(std::move(waiter));
  }
  return std::unique_ptr<PendingSubscriber>(new PendingSubscriber(
      shared_from_this(), std::move(first), load, history_.next_seq()));
}

std::string Feed::OldestId() const {
  MutexLock lock(&mu_);
  return std::string(history_.oldest_id());
}

size_t Feed::PartBytes() const {
  return context_->delivery->queue_limit_bytes() / 2;
}

void Feed::OnWantsMore(ConnectionRef connection) {
  MutexLock lock(&mu_);
  const auto it = loads_.find(connection);
  if (it == loads_.end()) return;
  std::vector<FramePtr> part;
  bool more = false;
  if (!history_.Next(&it->second, PartBytes(), &part, &more)) {
    loads_.erase(it);
    --pending_;
    part.push_back(StatusFrame(
        absl::ResourceExhaustedError("the client reads too slowly")));
    topic_->Continue(connection, std::move(part), /*more=*/false);
    context_->delivery->Close(connection, CloseReason::kSlow, nullptr);
    return;
  }
  if (!more) {
    if (state_ == State::kAway) {
      part.push_back(AwayFrame(config_.hide_outages));
    }
    loads_.erase(it);
    --pending_;
  }
  topic_->Continue(connection, std::move(part), more);
}

void Feed::OnWantsNoMore(ConnectionRef connection) {
  MutexLock lock(&mu_);
  if (loads_.erase(connection) > 0) --pending_;
}

void Feed::OnMemberGone(bool) { LeaveOne(); }

void Feed::LeaveOne() {
  uint64_t idle_generation;
  bool lingers;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    if (--users_ > 0) return;
    idle_generation = ++idle_generation_;
    lingers =
        config_.shared && has_spoken_ && config_.linger > absl::ZeroDuration();
  }
  if (!lingers) {
    OnLingered(idle_generation);
    return;
  }
  context_->delivery->RunAfter(config_.linger,
                               [weak = weak_from_this(), idle_generation] {
                                 if (auto feed = weak.lock())
                                   feed->OnLingered(idle_generation);
                               });
}

void Feed::EndIfIdle() {
  uint64_t idle_generation;
  {
    MutexLock lock(&mu_);
    if (users_ > 0) return;
    idle_generation = idle_generation_;
  }
  OnLingered(idle_generation);
}

void Feed::OnLingered(uint64_t idle_generation) {
  {
    MutexLock lock(&mu_);
    if (users_ > 0 || idle_generation != idle_generation_) return;
    // From here on Join returns null, so that no subscriber can join before the
    // feed stops.
    if (state_ == State::kEnded) return;
    state_ = State::kEnded;
    end_status_ = absl::CancelledError("the feed has no subscribers");
  }
  NoteEnd();
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    ++generation_;
    reconnect_.GiveUp();
    call = std::move(call_);
  }
  if (call != nullptr) call->Cancel();
}

PendingSubscriber::~PendingSubscriber() {
  if (feed_ == nullptr) return;
  {
    MutexLock lock(&feed_->mu_);
    --feed_->pending_;
  }
  feed_->LeaveOne();
}

PendingSubscriber::Readiness PendingSubscriber::readiness() const {
  MutexLock lock(&feed_->mu_);
  const bool has_frames =
      !first_.empty() || feed_->history_.next_seq() > from_seq_;
  if (has_frames) return Readiness::kReady;
  switch (feed_->state_) {
    case Feed::State::kOpening:
      return Readiness::kWaiting;
    case Feed::State::kOpen:
    case Feed::State::kAway:
      return feed_->raw() ? Readiness::kWaiting : Readiness::kReady;
    case Feed::State::kEnded:
      return reset_ && feed_->end_status_.ok() ? Readiness::kReady
                                               : Readiness::kEnded;
  }
  return Readiness::kEnded;
}

absl::Status PendingSubscriber::end_status() const {
  MutexLock lock(&feed_->mu_);
  return feed_->end_status_;
}

Metadata PendingSubscriber::response_metadata() const {
  MutexLock lock(&feed_->mu_);
  return feed_->response_metadata_;
}

std::string PendingSubscriber::content_type() const {
  MutexLock lock(&feed_->mu_);
  return feed_->content_type_;
}

void PendingSubscriber::Attach(const ConnectionRef& connection,
                               MembershipOptions options) {
  const std::shared_ptr<Feed> feed = std::move(feed_);
  feed_ = nullptr;
  MutexLock lock(&feed->mu_);
  --feed->pending_;
  FeedHistory::Position load = load_;
  std::vector<FramePtr> frames = std::move(first_);
  // The replay buffer may no longer have all events since Join.
  const bool fell_behind = !feed->history_.Since(from_seq_, &frames, &load);
  size_t bytes = 0;
  for (const FramePtr& frame : frames) bytes += frame->size();
  bool more = false;
  if (feed->config_.shared && feed->state_ != Feed::State::kEnded &&
      bytes > feed->PartBytes()) {
    frames.clear();
    feed->history_.Next(&load, feed->PartBytes(), &frames, &more);
    if (more) {
      ++feed->pending_;
      feed->loads_.emplace(connection, load);
    }
  }
  // Frames that were not published count as unsent from here on.
  size_t own_bytes = 0;
  if (reset_) {
    own_bytes += reset_->size();
    frames.insert(frames.begin(), reset_);
  }
  if (feed->state_ == Feed::State::kAway && !more) {
    const FramePtr away = AwayFrame(feed->config_.hide_outages);
    own_bytes += away->size();
    frames.push_back(away);
  }
  feed->window_.Published(own_bytes);
  if (!feed->config_.shared) feed->history_.ForgetEvents();
  if (fell_behind) {
    frames.push_back(feed->StatusFrame(absl::ResourceExhaustedError(
        "events were lost before the stream began")));
  }
  feed->topic_->Attach(connection, options, std::move(frames), more);
  if (fell_behind) {
    feed->context_->delivery->Close(connection, CloseReason::kSlow, nullptr);
  }
  if (feed->state_ == Feed::State::kEnded &&
      (feed->end_frame_ != nullptr || feed->raw())) {
    feed->topic_->End(feed->end_frame_, !feed->end_status_.ok());
  }
}

}  // namespace sse_bridge
