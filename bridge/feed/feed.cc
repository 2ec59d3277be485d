#include "bridge/feed/feed.h"

#include <algorithm>
#include <utility>

#include "bridge/base/retry_info.h"
#include "bridge/feed/end_id.h"
#include "bridge/feed/own_events.h"
#include "bridge/feed/reset_event.h"

namespace sse_bridge {
namespace {

// The longest time that a backend may ask an EventSource to wait.
constexpr absl::Duration kLongestRetry = absl::Hours(24);

}  // namespace

std::shared_ptr<Feed> Feed::Create(const FeedContext* context, Config config) {
  auto feed = std::make_shared<Feed>(context, std::move(config));
  feed->topic_ =
      Topic::Create(context->delivery, {.flow_control = !feed->config_.shared},
                    std::weak_ptr<TopicObserver>(feed));
  return feed;
}

Feed::Feed(const FeedContext* context, Config config)
    : context_(context),
      config_(std::move(config)),
      window_(config_.shared),
      session_(config_.reconnect, config_.first_id),
      history_({.shared = config_.shared,
                .snapshot = config_.snapshot,
                .replay = config_.replay,
                .first_id = config_.first_id}),
      compressor_(context_->gzip, config_.shared ? GzipFeed::Context::kLarge
                                                 : GzipFeed::Context::kSmall) {}

Feed::~Feed() = default;

absl::Duration Feed::Now() const {
  return absl::Nanoseconds(context_->delivery->MonotonicNanos());
}

void Feed::Publish(const FramePtr& frame, absl::string_view id) {
  if (!id.empty()) session_.SetLastId(id);
  compressor_.Compress(frame, topic_.get(), Now());
  history_.Add(id, frame, /*waits=*/catching_up_ > 0, [this] { return Now(); });
  window_.Published(frame->size());
  topic_->Publish(frame);
}

void Feed::PublishOwedReset() {
  if (const FramePtr reset = session_.TakeOwedReset(); reset != nullptr) {
    Publish(reset, "");
  }
}

void Feed::PublishNotice(const FramePtr& frame) {
  if (catching_up_ == 0) window_.Published(frame->size());
  topic_->Publish(frame);
}

void Feed::Stop(const absl::Status& why) { End(why); }

void Feed::End(const absl::Status& status) {
  const FramePtr frame = raw() ? FramePtr() : StatusFrame(status);
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    // If the call that started from the beginning ends in order, subscribers
    // still have to learn of the gap.
    if (status.ok()) PublishOwedReset();
    state_ = State::kEnded;
    call = session_.Close();
    end_status_ = status;
    end_frame_ = frame;
    waiters = TakeWaiters();
    for (auto& [connection, catch_up] : positions_) {
      std::vector<FramePtr> rest;
      bool lost = false;
      for (bool more = true; more && !lost;) {
        lost = !NextPart(&catch_up, &rest, &more);
      }
      topic_->Continue(connection, std::move(rest), /*more=*/false);
      if (lost) {
        context_->delivery->Close(connection, CloseReason::kSlow, nullptr);
      }
      --catching_up_;
    }
    positions_.clear();
    topic_->End(frame, /*error=*/!status.ok());
    // The topic drops its members without a callback; pending subscribers still
    // leave by themselves.
    subscribers_ = catching_up_;
  }
  if (call != nullptr) call->Cancel();
  ReportEnd();
  Wake(waiters);
}

void Feed::ReportEnd() {
  if (config_.charge != nullptr) config_.charge->Ended();
  if (config_.on_end) config_.on_end(this);
}

std::vector<std::weak_ptr<FeedWaiter>> Feed::TakeWaiters() {
  return std::exchange(waiters_, {});
}

void Feed::Wake(const std::vector<std::weak_ptr<FeedWaiter>>& waiters) {
  for (const auto& weak : waiters) {
    if (auto waiter = weak.lock()) waiter->OnFeedReady();
  }
}

FramePtr Feed::StatusFrame(const absl::Status& status) const {
  uint32_t retry_ms = 0;
  if (const auto wait = RetryDelayOf(status); wait.has_value()) {
    retry_ms = static_cast<uint32_t>(
        absl::ToInt64Milliseconds(std::min(*wait, kLongestRetry)));
  }
  std::string id;
  // An end with a retry delay is not for good, nor is one because the backend
  // no longer keeps an event: a new call can resume or begin anew.
  if (!config_.call_tag.empty() && EndsForGood(status.code()) &&
      retry_ms == 0 && !OldestAfterExpiry(status).has_value()) {
    id = EndId(status.code(), config_.call_tag);
  }
  return sse_bridge::StatusFrame(status.code(), context_->status_json(status),
                                 id, retry_ms);
}

}  // namespace sse_bridge
