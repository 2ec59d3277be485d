#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/own_ids.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/own_events.h"

// A feed's subscribers: joining, catching up and leaving.

namespace sse_bridge {

namespace {

// A backend may stay silent for long: waiters that have left must not pile up.
void AddWaiter(std::weak_ptr<FeedWaiter> waiter,
               std::vector<std::weak_ptr<FeedWaiter>>* waiters) {
  if (waiters->size() == waiters->capacity()) {
    std::erase_if(*waiters, [](const auto& each) { return each.expired(); });
  }
  waiters->push_back(std::move(waiter));
}

}  // namespace

class Feed::Joiner : public PendingSubscriber {
 public:
  // `first` is what the subscriber receives before the event `from_seq`;
  // `position` is before that.
  Joiner(std::shared_ptr<Feed> feed, std::vector<FramePtr> first,
         FeedHistory::Position position, uint64_t from_seq,
         EarlyLoss early_loss)
      : joined_(feed),
        feed_(std::move(feed)),
        first_(std::move(first)),
        position_(position),
        from_seq_(from_seq),
        early_loss_(early_loss) {}
  ~Joiner() override;

  Readiness readiness() const override;
  absl::Status end_status() const override;
  Metadata response_metadata() const override;
  std::string content_type() const override;
  void Greet(FramePtr frame) override { greeting_ = std::move(frame); }
  void BeginWith(FramePtr frame) override { reset_ = std::move(frame); }
  std::weak_ptr<Feed> feed() const override { return joined_; }
  void Attach(const ConnectionRef& connection,
              MembershipOptions options) override;

 private:
  const std::weak_ptr<Feed> joined_;
  std::shared_ptr<Feed> feed_;  // null once attached
  FramePtr greeting_;
  FramePtr reset_;
  std::vector<FramePtr> first_;
  const FeedHistory::Position position_;
  const uint64_t from_seq_;
  const EarlyLoss early_loss_;
};

std::unique_ptr<PendingSubscriber> Feed::Join(const std::string* last_event_id,
                                              std::weak_ptr<FeedWaiter> waiter,
                                              EarlyLoss early_loss) {
  if (last_event_id != nullptr) early_loss = EarlyLoss::kWaits;
  MutexLock lock(&mu_);
  if (state_ == State::kEnded) return nullptr;
  std::vector<FramePtr> first;
  FeedHistory::Position position;
  if (!history_.Join(last_event_id, &first, &position)) return nullptr;
  return AddJoiner(std::move(first), position, std::move(waiter), early_loss);
}

std::unique_ptr<PendingSubscriber> Feed::JoinAt(
    const std::string& id, std::weak_ptr<FeedWaiter> waiter,
    EarlyLoss early_loss) {
  MutexLock lock(&mu_);
  if (state_ == State::kEnded) return nullptr;
  std::vector<FramePtr> first;
  FeedHistory::Position position;
  if (!history_.JoinAt(id, &first, &position)) return nullptr;
  return AddJoiner(std::move(first), position, std::move(waiter), early_loss);
}

std::unique_ptr<PendingSubscriber> Feed::AddJoiner(
    std::vector<FramePtr> first, FeedHistory::Position position,
    std::weak_ptr<FeedWaiter> waiter, EarlyLoss early_loss) {
  if (early_loss != EarlyLoss::kRefuses) survives_early_loss_ = true;
  ++subscribers_;
  ++catching_up_;
  ++idle_generation_;
  if (config_.shared) {
    AddWaiter(waiter, &pending_);
    has_pending_.store(true, std::memory_order_relaxed);
  }
  if (state_ == State::kOpening ||
      (state_ == State::kReconnecting && !has_opened_)) {
    AddWaiter(std::move(waiter), &waiters_);
  }
  return std::make_unique<Joiner>(shared_from_this(), std::move(first),
                                  position, history_.next_seq(), early_loss);
}

void Feed::EndMember(const ConnectionRef& connection,
                     const absl::Status& status) {
  // The event has no id, so that a client that reconnects asks again.
  const FramePtr frame =
      sse_bridge::StatusFrame(status.code(), context_->status_json(status));
  topic_->EndMember(connection, frame, /*error=*/true);
}

std::string Feed::OldestId() const {
  MutexLock lock(&mu_);
  return std::string(history_.oldest_id());
}

size_t Feed::PartBytes() const {
  return context_->delivery->queue_limit_bytes() / 2;
}

void Feed::CaughtUp() {
  if (--catching_up_ > 0) return;
  history_.Trim(Now());
  pending_ = {};
  has_pending_.store(false, std::memory_order_relaxed);
}

void Feed::HurryPending(size_t bytes) {
  std::vector<std::weak_ptr<FeedWaiter>> pending;
  {
    MutexLock lock(&mu_);
    if (!history_.LosesFor(bytes)) return;
    pending = std::exchange(pending_, {});
    has_pending_.store(false, std::memory_order_relaxed);
  }
  for (const auto& weak : pending) {
    if (auto waiter = weak.lock()) waiter->OnFeedFull();
  }
}

bool Feed::NextPart(CatchUp* catch_up, std::vector<FramePtr>* part,
                    bool* more) {
  const size_t had = part->size();
  if (history_.Next(&catch_up->position, PartBytes(), part, more)) {
    for (size_t i = part->size(); i > had; --i) {
      const absl::string_view id = (*part)[i - 1]->event().id;
      if (id.empty()) continue;
      catch_up->last_id = std::string(id);
      break;
    }
    return true;
  }
  // With the id, the client comes back to where it was, even if none of the
  // events before were for it. Otherwise it might never get any further.
  const absl::Status status =
      absl::ResourceExhaustedError("the client reads too slowly");
  const std::string& id = catch_up->last_id;
  part->push_back(sse_bridge::StatusFrame(
      status.code(), context_->status_json(status), IsOwnId(id) ? "" : id));
  return false;
}

void Feed::OnWantsMore(ConnectionRef connection) {
  MutexLock lock(&mu_);
  const auto it = positions_.find(connection);
  if (it == positions_.end()) return;
  std::vector<FramePtr> part;
  bool more = false;
  if (!NextPart(&it->second, &part, &more)) {
    positions_.erase(it);
    CaughtUp();
    topic_->Continue(connection, std::move(part), /*more=*/false);
    context_->delivery->Close(connection, CloseReason::kSlow, nullptr);
    return;
  }
  if (!more) {
    if (state_ == State::kReconnecting) {
      part.push_back(AwayFrame(config_.hide_outages));
    }
    positions_.erase(it);
    CaughtUp();
  }
  topic_->Continue(connection, std::move(part), more);
}

void Feed::OnWantsNoMore(ConnectionRef connection) {
  MutexLock lock(&mu_);
  if (positions_.erase(connection) > 0) CaughtUp();
}

void Feed::OnMemberGone(bool) { LeaveOne(); }

void Feed::LeaveOne() {
  uint64_t idle_generation;
  bool lingers;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    if (--subscribers_ > 0) return;
    idle_generation = ++idle_generation_;
    lingers = config_.shared && session_.has_messages() &&
              config_.linger > absl::ZeroDuration();
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
    if (subscribers_ > 0) return;
    idle_generation = idle_generation_;
  }
  OnLingered(idle_generation);
}

void Feed::OnLingered(uint64_t idle_generation) {
  {
    MutexLock lock(&mu_);
    if (subscribers_ > 0 || idle_generation != idle_generation_) return;
    // From here on Join returns null, so nobody can join before Close.
    if (state_ == State::kEnded) return;
    state_ = State::kEnded;
    end_status_ = absl::CancelledError("nobody listens");
  }
  ReportEnd();
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    call = session_.Close();
  }
  if (call != nullptr) call->Cancel();
}

Feed::Joiner::~Joiner() {
  if (feed_ == nullptr) return;
  {
    MutexLock lock(&feed_->mu_);
    feed_->CaughtUp();
  }
  feed_->LeaveOne();
}

PendingSubscriber::Readiness Feed::Joiner::readiness() const {
  MutexLock lock(&feed_->mu_);
  const bool has_frames =
      !first_.empty() || feed_->history_.next_seq() > from_seq_;
  if (has_frames) return Readiness::kReady;
  switch (feed_->state_) {
    case Feed::State::kOpening:
      return Readiness::kWaiting;
    case Feed::State::kReconnecting:
      if (early_loss_ == EarlyLoss::kRefusesAlone && !feed_->has_opened_) {
        // The call that has begun since may be one that stays silent.
        return feed_->session_.call() != nullptr ? Readiness::kWaiting
                                                 : Readiness::kLost;
      }
      [[fallthrough]];
    case Feed::State::kOpen:
      return feed_->raw() ? Readiness::kWaiting : Readiness::kReady;
    case Feed::State::kEnded:
      return (reset_ || greeting_) && feed_->end_status_.ok()
                 ? Readiness::kReady
                 : Readiness::kEnded;
  }
  return Readiness::kEnded;
}

absl::Status Feed::Joiner::end_status() const {
  MutexLock lock(&feed_->mu_);
  return feed_->end_status_;
}

Metadata Feed::Joiner::response_metadata() const {
  MutexLock lock(&feed_->mu_);
  return feed_->session_.response_metadata();
}

std::string Feed::Joiner::content_type() const {
  MutexLock lock(&feed_->mu_);
  return feed_->content_type_;
}

void Feed::Joiner::Attach(const ConnectionRef& connection,
                          MembershipOptions options) {
  const std::shared_ptr<Feed> feed = std::move(feed_);
  feed_ = nullptr;
  MutexLock lock(&feed->mu_);
  CatchUp catch_up{position_, {}};
  std::vector<FramePtr> frames = std::move(first_);
  // The replay buffer may no longer reach back to from_seq_.
  const bool fell_behind =
      !feed->history_.Since(from_seq_, &frames, &catch_up.position);
  size_t bytes = 0;
  for (const FramePtr& frame : frames) bytes += frame->size();
  bool more = false;
  if (feed->config_.shared && feed->state_ != Feed::State::kEnded &&
      bytes > feed->PartBytes()) {
    frames.clear();
    feed->NextPart(&catch_up, &frames, &more);
    if (more) feed->positions_.emplace(connection, std::move(catch_up));
  }
  if (!more) feed->CaughtUp();
  // Frames for this connection alone are not counted as unsent yet.
  size_t own_bytes = 0;
  if (reset_) {
    own_bytes += reset_->size();
    frames.insert(frames.begin(), reset_);
  }
  if (greeting_) {
    own_bytes += greeting_->size();
    frames.insert(frames.begin(), greeting_);
  }
  if (feed->state_ == Feed::State::kReconnecting && !more) {
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
  feed->topic_->Attach(connection, std::move(options), std::move(frames), more);
  if (fell_behind) {
    feed->context_->delivery->Close(connection, CloseReason::kSlow, nullptr);
  }
  if (feed->state_ == Feed::State::kEnded &&
      (feed->end_frame_ != nullptr || feed->raw())) {
    feed->topic_->End(feed->end_frame_, !feed->end_status_.ok());
  }
}

}  // namespace sse_bridge
