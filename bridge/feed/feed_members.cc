#include <utility>
#include <vector>

#include "bridge/feed/feed.h"

// Those who subscribe to a feed: their places, and their leaving.

namespace sse_bridge {

std::unique_ptr<Place> Feed::Join(const std::string* last_event_id,
                                  std::weak_ptr<FeedWaiter> waiter,
                                  bool returning) {
  MutexLock lock(&mu_);
  if (state_ == State::kEnded) return nullptr;
  patient_ = patient_ || returning || last_event_id != nullptr;
  std::vector<FramePtr> first;
  if (last_event_id != nullptr) {
    auto missed = replay_.AfterId(*last_event_id);
    if (!missed.has_value()) return nullptr;
    first = *std::move(missed);
  } else {
    first = snapshot_.Frames();
  }
  ++users_;
  ++pending_;
  ++idle_generation_;
  if (state_ == State::kOpening) {
    // A backend may stay silent for long: waiters that have left must not pile
    // up.
    if (waiters_.size() == waiters_.capacity()) {
      std::erase_if(waiters_, [](const auto& each) { return each.expired(); });
    }
    waiters_.push_back(std::move(waiter));
  }
  return std::unique_ptr<Place>(
      new Place(shared_from_this(), std::move(first), next_seq_));
}

std::string Feed::OldestId() const {
  MutexLock lock(&mu_);
  return std::string(replay_.oldest_id());
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
    // From here on Join answers null, so nobody can slip in before Stop.
    if (state_ == State::kEnded) return;
    state_ = State::kEnded;
    end_status_ = absl::CancelledError("nobody listens");
  }
  NoteEnd();
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    ++generation_;
    absence_ = nullptr;
    call = std::move(call_);
  }
  if (call != nullptr) call->Cancel();
}

Place::~Place() {
  if (feed_ == nullptr) return;
  {
    MutexLock lock(&feed_->mu_);
    --feed_->pending_;
  }
  feed_->LeaveOne();
}

Place::Outlook Place::outlook() const {
  MutexLock lock(&feed_->mu_);
  const bool has_frames = !first_.empty() || feed_->next_seq_ > from_seq_;
  if (has_frames) return Outlook::kReady;
  switch (feed_->state_) {
    case Feed::State::kOpening:
      return Outlook::kWaiting;
    case Feed::State::kOpen:
    case Feed::State::kAway:
      return Outlook::kReady;
    case Feed::State::kEnded:
      return reset_ && feed_->end_status_.ok() ? Outlook::kReady
                                               : Outlook::kEnded;
  }
  return Outlook::kEnded;
}

absl::Status Place::end_status() const {
  MutexLock lock(&feed_->mu_);
  return feed_->end_status_;
}

Metadata Place::response_metadata() const {
  MutexLock lock(&feed_->mu_);
  return feed_->response_metadata_;
}

void Place::Attach(const ConnectionRef& connection, MembershipOptions options) {
  const std::shared_ptr<Feed> feed = std::move(feed_);
  feed_ = nullptr;
  MutexLock lock(&feed->mu_);
  --feed->pending_;
  std::vector<FramePtr> frames = std::move(first_);
  bool fell_behind = false;
  if (auto since = feed->replay_.FromSeq(from_seq_); since.has_value()) {
    frames.insert(frames.end(), since->begin(), since->end());
  } else {
    // The wait was longer than the replay buffer. Current values start anew.
    frames = feed->snapshot_.Frames();
    fell_behind = frames.empty();
  }
  // What nobody has published yet counts as unsent from here on.
  int64_t own_bytes = 0;
  if (reset_) {
    own_bytes += static_cast<int64_t>(reset_->size());
    frames.insert(frames.begin(), reset_);
  }
  if (feed->state_ == Feed::State::kAway) {
    own_bytes += static_cast<int64_t>(Feed::AwayFrame()->size());
    frames.push_back(Feed::AwayFrame());
  }
  if (!feed->config_.shared) feed->unsent_bytes_.fetch_add(own_bytes);
  if (!feed->config_.shared) feed->replay_.Clear();
  feed->topic_->Attach(connection, options, std::move(frames));
  if (fell_behind) {
    feed->context_->delivery->Close(
        connection, CloseReason::kSlow,
        feed->StatusFrame(absl::ResourceExhaustedError(
            "events were lost before the stream began")));
  }
  if (feed->state_ == Feed::State::kEnded && feed->end_frame_ != nullptr) {
    feed->topic_->End(feed->end_frame_, !feed->end_status_.ok());
  }
}

}  // namespace sse_bridge
