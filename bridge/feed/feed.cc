#include "bridge/feed/feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/retry_info.h"
#include "bridge/feed/end_id.h"
#include "bridge/feed/own_events.h"
#include "bridge/feed/reset_event.h"
#include "bridge/net/clock.h"

namespace sse_bridge {
namespace {

// Initial metadata may precede an error status. A status that follows within
// this time still determines the HTTP status.
constexpr absl::Duration kMetadataSettles = absl::Milliseconds(20);

// A shared feed that outruns the delivery loops pauses at this backlog.
constexpr size_t kMaxBacklogBytes = 8 << 20;
constexpr absl::Duration kBacklogPause = absl::Milliseconds(1);

// The longest reconnection delay that a backend may request of an EventSource.
constexpr absl::Duration kLongestRetry = absl::Hours(24);

FramePtr FrameOf(const EncodedFrame& encoded) {
  FrameInfo info;
  info.born_ns = Clock::Real()->MonotonicNanos();
  if (!encoded.key.empty()) {
    info.key = absl::Hash<absl::string_view>()(encoded.key) | 1;
  }
  return EncodedEventFrame(encoded, info);
}

void Wake(const std::vector<std::weak_ptr<FeedWaiter>>& waiters) {
  for (const auto& weak : waiters) {
    if (auto waiter = weak.lock()) waiter->OnFeedReady();
  }
}

}  // namespace

// The upstream call's observer. Keeps the feed alive until the call is done.
class Feed::Call : public StreamObserver {
 public:
  Call(std::shared_ptr<Feed> feed, uint64_t generation)
      : feed_(std::move(feed)), generation_(generation) {}

  void OnOpen() override { feed_->OnCallOpen(generation_); }
  void OnMessage(absl::Span<const absl::string_view> wire) override {
    feed_->OnCallMessage(generation_, wire, &scratch_);
  }
  void OnDone(const absl::Status& status) override {
    feed_->OnCallDone(generation_, status);
    feed_ = nullptr;
  }

 private:
  std::shared_ptr<Feed> feed_;
  const uint64_t generation_;
  EncodedFrame scratch_;
};

std::shared_ptr<Feed> Feed::Create(const FeedContext* context, Config config) {
  auto feed = std::make_shared<Feed>(context, std::move(config));
  feed->topic_ =
      Topic::Create(context->delivery, {.flow_control = !feed->config_.shared},
                    std::weak_ptr<TopicObserver>(feed));
  return feed;
}

void Feed::Begin() { StartCall(); }

Feed::Feed(const FeedContext* context, Config config)
    : context_(context),
      config_(std::move(config)),
      window_(config_.shared),
      last_id_(config_.first_id),
      history_({.shared = config_.shared,
                .snapshot = config_.snapshot,
                .replay = config_.replay,
                .first_id = config_.first_id}),
      reconnect_(config_.reconnect) {}

Feed::~Feed() = default;

absl::Duration Feed::Now() const {
  return absl::Nanoseconds(context_->delivery->MonotonicNanos());
}

void Feed::Stop(const absl::Status& why) { End(why); }

std::string Feed::NextRequest() {
  call_resumes_.clear();
  if (config_.request_after == nullptr || last_id_.empty()) {
    return config_.request;
  }
  if (auto request = config_.request_after(last_id_); request.has_value()) {
    call_resumes_ = last_id_;
    return *std::move(request);
  }
  // The backend cannot build a request from its own ID.
  owed_reset_ = ResetFrame(last_id_, "");
  last_id_.clear();
  return config_.request;
}

void Feed::StartCall() {
  uint64_t generation;
  std::string request;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    generation = ++generation_;
    request = NextRequest();
    reconnect_.CallStarted(Now());
    window_.Reset();
    response_metadata_.clear();
  }
  CallOptions options;
  options.metadata = config_.metadata;
  if (config_.exposed != nullptr) {
    options.wanted_metadata = config_.exposed;
    options.on_metadata = [weak = weak_from_this(),
                           generation](Metadata metadata) {
      if (auto feed = weak.lock()) {
        feed->OnCallMetadata(generation, std::move(metadata));
      }
    };
  }
  auto call = config_.upstream->StartStream(
      config_.grpc_path, std::move(request), std::move(options),
      std::make_shared<Call>(shared_from_this(), generation));
  bool stale, read_owed;
  {
    MutexLock lock(&mu_);
    stale = state_ == State::kEnded || generation != generation_;
    if (!stale) call_ = call;
    read_owed = !stale && window_.TakeOwed();
  }
  if (stale) call->Cancel();
  if (read_owed) call->Read();
}

void Feed::OnCallMetadata(uint64_t generation, Metadata metadata) {
  MutexLock lock(&mu_);
  if (generation != generation_) return;
  response_metadata_.insert(response_metadata_.end(), metadata.begin(),
                            metadata.end());
}

void Feed::OnCallOpen(uint64_t generation) {
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ == State::kOpen) return;
  }
  context_->delivery->RunAfter(kMetadataSettles,
                               [weak = weak_from_this(), generation] {
                                 if (auto feed = weak.lock())
                                   feed->Open(generation);
                               });
}

void Feed::Open(uint64_t generation) {
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  {
    MutexLock lock(&mu_);
    if (generation != generation_) return;
    if (state_ != State::kOpening && state_ != State::kAway) return;
    state_ = State::kOpen;
    NoteBack();
    PublishOwedReset();
    // Raw bodies wait for the first message, which has their content type.
    if (!raw()) waiters = TakeWaiters();
  }
  Wake(waiters);
}

void Feed::OnCallMessage(uint64_t generation,
                         absl::Span<const absl::string_view> wire,
                         EncodedFrame* scratch) {
  const absl::Status encoded = config_.encoder->Encode(wire, scratch);
  if (!encoded.ok() && raw()) {
    spdlog::warn("{}: {}", config_.grpc_path, encoded.ToString());
    Stop(absl::DataLossError(absl::StrCat(
        "the backend's message cannot be read: ", encoded.message())));
    return;
  }
  FramePtr frame =
      encoded.ok() ? FrameOf(*scratch) : NoteUnreadable(wire, encoded, scratch);

  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  std::shared_ptr<StreamCall> read;
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ == State::kEnded) return;
    NoteBack();
    PublishOwedReset();
    if (raw() && history_.next_seq() == 1)
      content_type_ = scratch->content_type;
    // New subscribers need the last value that could be encoded.
    if (encoded.ok()) history_.SetCurrent(scratch->key, frame);
    reconnect_.Spoke();
    has_spoken_ = true;
    state_ = State::kOpen;
    waiters = TakeWaiters();
    Publish(frame, scratch->id());
    // The first message may arrive before StartStream returns.
    if (window_.AskNext(/*known=*/call_ != nullptr)) read = call_;
  }
  Wake(waiters);
  if (read == nullptr) {
    OnSent(0);  // the browser may have caught up before the pause was recorded
  } else {
    ReadWhenLoopsKeepUp(std::move(read));
  }
}

FramePtr Feed::NoteUnreadable(absl::Span<const absl::string_view> wire,
                              const absl::Status& why, EncodedFrame* scratch) {
  const uint64_t count = ++unreadable_;
  // Log at powers of two only, so that a backend that sends nothing else cannot
  // fill the log.
  if ((count & (count - 1)) == 0) {
    spdlog::warn("{}: cannot encode a message ({} so far): {}",
                 config_.grpc_path, count, why.ToString());
  }
  const absl::Status told = absl::DataLossError(absl::StrCat(
      "the backend's message cannot be shown as JSON: ", why.message()));
  config_.encoder->EncodeUnreadable(wire, context_->status_json(told), scratch);
  return UnreadableFrame(*scratch);
}

void Feed::Publish(const FramePtr& frame, absl::string_view id) {
  if (!id.empty()) last_id_.assign(id.data(), id.size());
  history_.Add(id, frame, /*waits=*/pending_ > 0, Now());
  window_.Published(frame->size());
  topic_->Publish(frame);
}

void Feed::PublishOwedReset() {
  if (owed_reset_) Publish(std::exchange(owed_reset_, nullptr), "");
}

void Feed::ReadWhenLoopsKeepUp(std::shared_ptr<StreamCall> call) {
  if (context_->delivery->BacklogBytes() <= kMaxBacklogBytes) {
    call->Read();
    return;
  }
  context_->delivery->RunAfter(
      kBacklogPause, [self = shared_from_this(), call = std::move(call)] {
        self->ReadWhenLoopsKeepUp(call);
      });
}

void Feed::OnSent(size_t bytes) {
  if (!window_.Sent(bytes)) return;
  std::shared_ptr<StreamCall> read;
  {
    MutexLock lock(&mu_);
    if (window_.Resume(/*known=*/call_ != nullptr)) read = call_;
  }
  if (read != nullptr) read->Read();
}

void Feed::OnCallDone(uint64_t generation, const absl::Status& status) {
  bool begin_anew = false, reconnect = false;
  absl::Duration wait;
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ == State::kEnded) return;
    call_ = nullptr;
    if (auto oldest = OldestAfterExpiry(status);
        oldest.has_value() && !call_resumes_.empty()) {
      begin_anew = true;
      owed_reset_ = ResetFrame(call_resumes_, *oldest);
      last_id_.clear();
    } else if (CanReconnect(status)) {
      reconnect = true;
      NoteAway(status);
      wait = reconnect_.NextWait(Now());
      waiters = TakeWaiters();
    }
    // Pending callbacks of the lost call must not be taken for those of the
    // next one.
    if (begin_anew || reconnect) generation = ++generation_;
  }
  if (begin_anew) {
    spdlog::debug("{}: the backend no longer keeps the id; starting over",
                  config_.grpc_path);
    StartCall();
  } else if (reconnect) {
    // Holds the feed, because nothing else keeps an exclusive feed alive
    // between two calls.
    context_->delivery->RunAfter(wait, [self = shared_from_this(), generation] {
      self->Reconnect(generation);
    });
    Wake(waiters);
  } else {
    End(status);
  }
}

void Feed::NoteAway(const absl::Status& status) {
  state_ = State::kAway;
  if (reconnect_.away()) return;
  reconnect_.BeginAway(context_->circuits->Lost(config_.upstream->address(),
                                                config_.grpc_path, status),
                       Now());
  spdlog::debug("{}: upstream is away: {}", config_.grpc_path,
                status.ToString());
  Tell(AwayFrame(config_.hide_outages));
}

void Feed::NoteBack() {
  if (reconnect_.EndAway() && !config_.hide_outages) Tell(BackFrame());
}

// Does not keep the frame for pending subscribers. They receive it on
// attaching, if it still applies.
void Feed::Tell(const FramePtr& frame) {
  if (pending_ == 0) window_.Published(frame->size());
  topic_->Publish(frame);
}

bool Feed::CanReconnect(const absl::Status& status) const {
  if (!reconnect_.TriesAgain(status, Now())) return false;
  if (state_ == State::kOpening && !patient_) return false;
  if (users_ == 0) return false;
  return config_.live_values || config_.request_after != nullptr;
}

void Feed::Reconnect(uint64_t generation) {
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ != State::kAway) return;
    reconnect_.Attempt();
  }
  if (context_->reconnects != nullptr) {
    context_->reconnects->Add(config_.grpc_path.substr(1));
  }
  StartCall();
}

void Feed::End(const absl::Status& status) {
  const FramePtr frame = raw() ? FramePtr() : StatusFrame(status);
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    // If the call that started over ends normally, the gap must still be
    // reported.
    if (status.ok()) PublishOwedReset();
    state_ = State::kEnded;
    reconnect_.GiveUp();
    ++generation_;  // ignore later callbacks of the call
    call = std::move(call_);
    end_status_ = status;
    end_frame_ = frame;
    waiters = TakeWaiters();
    for (auto& [connection, load] : loads_) {
      std::vector<FramePtr> rest;
      for (bool more = true; more;) {
        if (!history_.Next(&load, PartBytes(), &rest, &more)) break;
      }
      topic_->Continue(connection, std::move(rest), /*more=*/false);
      --pending_;
    }
    loads_.clear();
    topic_->End(frame, /*error=*/!status.ok());
    // The topic removes its members without notification. Pending subscribers
    // still leave.
    users_ = pending_;
  }
  if (call != nullptr) call->Cancel();
  NoteEnd();
  Wake(waiters);
}

void Feed::NoteEnd() {
  if (config_.charge != nullptr) config_.charge->Ended();
  if (config_.on_end) config_.on_end(this);
}

std::vector<std::weak_ptr<FeedWaiter>> Feed::TakeWaiters() {
  return std::exchange(waiters_, {});
}

FramePtr Feed::StatusFrame(const absl::Status& status) const {
  uint32_t retry_ms = 0;
  if (const auto wait = RetryDelayOf(status); wait.has_value()) {
    retry_ms = static_cast<uint32_t>(
        absl::ToInt64Milliseconds(std::min(*wait, kLongestRetry)));
  }
  std::string id;
  // If the backend requests a delay before reconnecting, the end is not
  // permanent.
  if (!config_.call_tag.empty() && EndsForGood(status.code()) &&
      retry_ms == 0) {
    id = EndId(status.code(), config_.call_tag);
  }
  return sse_bridge::StatusFrame(status.code(), context_->status_json(status),
                                 id, retry_ms);
}

}  // namespace sse_bridge
