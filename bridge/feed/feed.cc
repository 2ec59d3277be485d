#include "bridge/feed/feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

// What an exclusive subscriber may have waiting before the backend is held.
constexpr int64_t kExclusiveWindowBytes = 64 << 10;

// Initial metadata may be the first half of a refusal: so long a status that
// follows it still decides the HTTP status.
constexpr absl::Duration kMetadataSettles = absl::Milliseconds(20);

// A shared feed that outruns the delivery loops pauses at this backlog.
constexpr size_t kMaxBacklogBytes = 8 << 20;
constexpr absl::Duration kBacklogPause = absl::Milliseconds(1);

// Backoff of reconnects, with full jitter.
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxBackoff = absl::Seconds(5);

ReplayBuffer::Limits Unbounded() {
  constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
  return {kNoLimit, kNoLimit, absl::InfiniteDuration()};
}

// What stands between "id: " and the end of its line.
absl::string_view IdOf(const EncodedFrame& frame) {
  constexpr size_t kField = 4;
  if (frame.id_end == frame.event_end) return {};
  return absl::string_view(frame.payload)
      .substr(frame.event_end + kField,
              frame.id_end - frame.event_end - kField - 1);
}

void Wake(const std::vector<std::weak_ptr<FeedWaiter>>& waiters) {
  for (const auto& weak : waiters) {
    if (auto waiter = weak.lock()) waiter->OnFeedReady();
  }
}

}  // namespace

// The upstream call's observer. Holds the feed until the call is done.
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

void Feed::Begin() { StartCall(config_.request); }

Feed::Feed(const FeedContext* context, Config config)
    : context_(context),
      config_(std::move(config)),
      // An exclusive feed keeps all for the one connection to come (its window
      // bounds it), and nothing afterwards.
      replay_(config_.shared ? config_.replay : Unbounded()),
      snapshot_(config_.snapshot) {}

Feed::~Feed() = default;

std::unique_ptr<Place> Feed::Join(const std::string* last_event_id,
                                  std::weak_ptr<FeedWaiter> waiter) {
  MutexLock lock(&mu_);
  if (state_ == State::kEnded) return nullptr;
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

void Feed::Stop(const absl::Status& why) { End(why); }

void Feed::StartCall(std::string request) {
  uint64_t generation;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    generation = ++generation_;
    read_paused_ = false;
    read_owed_ = false;
  }
  CallOptions options;
  options.metadata = config_.metadata;
  auto call = config_.upstream->StartStream(
      config_.grpc_path, std::move(request), std::move(options),
      std::make_shared<Call>(shared_from_this(), generation));
  bool stale, read_owed;
  {
    MutexLock lock(&mu_);
    stale = state_ == State::kEnded || generation != generation_;
    if (!stale) call_ = call;
    read_owed = !stale && std::exchange(read_owed_, false);
  }
  if (stale) call->Cancel();
  if (read_owed) call->Read();
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
    away_since_ = absl::InfiniteFuture();
    waiters = TakeWaiters();
  }
  Wake(waiters);
}

void Feed::OnCallMessage(uint64_t generation,
                         absl::Span<const absl::string_view> wire,
                         EncodedFrame* scratch) {
  const absl::Status encoded = config_.encoder->Encode(wire, scratch);
  if (!encoded.ok()) {
    spdlog::warn("{}: {}", config_.grpc_path, encoded.ToString());
    Stop(absl::InternalError(absl::StrCat(
        "the backend's message cannot be shown as JSON: ", encoded.message())));
    return;
  }
  FrameInfo info;
  info.event_end = static_cast<uint32_t>(scratch->event_end);
  info.id_end = static_cast<uint32_t>(scratch->id_end);
  info.data_begin = static_cast<uint32_t>(scratch->data_begin);
  info.data_end = static_cast<uint32_t>(scratch->data_end);
  info.is_event = true;
  if (!scratch->key.empty()) {
    info.key = absl::Hash<absl::string_view>()(scratch->key) | 1;
  }
  FramePtr frame = Frame::Create(scratch->payload, info);

  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  std::shared_ptr<StreamCall> read;
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ == State::kEnded) return;
    const uint64_t seq = next_seq_++;
    const absl::string_view id = IdOf(*scratch);
    if (!id.empty()) last_id_.assign(id.data(), id.size());
    // From the first id on all is kept: what stands between two events with
    // ids belongs to what a browser has missed.
    if (pending_ > 0 || (config_.shared && !last_id_.empty())) {
      replay_.Add(seq, id, frame, absl::Now());
    }
    snapshot_.Add(scratch->key, frame);
    failures_ = 0;
    away_since_ = absl::InfiniteFuture();
    state_ = State::kOpen;
    waiters = TakeWaiters();
    topic_->Publish(frame);
    if (!config_.shared && unsent_bytes_.fetch_add(static_cast<int64_t>(
                               frame->size())) > kExclusiveWindowBytes) {
      read_paused_ = true;
    } else {
      read = call_;
      // The first message may be quicker than StartStream's return.
      read_owed_ = read == nullptr;
    }
  }
  Wake(waiters);
  if (read == nullptr) {
    OnSent(0);  // the browser may have caught up before the pause was noted
  } else {
    ReadWhenLoopsKeepUp(std::move(read));
  }
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
  if (config_.shared) return;
  const int64_t before = unsent_bytes_.fetch_sub(static_cast<int64_t>(bytes));
  if (before - static_cast<int64_t>(bytes) > kExclusiveWindowBytes / 2) return;
  std::shared_ptr<StreamCall> read;
  {
    MutexLock lock(&mu_);
    if (!read_paused_) return;
    read_paused_ = false;
    read = call_;
    read_owed_ = read == nullptr;
  }
  if (read != nullptr) read->Read();
}

void Feed::OnCallDone(uint64_t generation, const absl::Status& status) {
  bool reconnect;
  absl::Duration wait;
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ == State::kEnded) return;
    call_ = nullptr;
    reconnect = CanReconnect(status);
    if (reconnect) {
      NoteAway(status);
      const absl::Duration bound =
          std::min(kMaxBackoff, kFirstBackoff * (1 << std::min(failures_, 10)));
      ++failures_;
      // What the lost call still has under way must not count as news of the
      // next one.
      generation = ++generation_;
      wait = absl::Uniform(random_, 0.0, 1.0) * bound;
    }
  }
  if (!reconnect) {
    End(status);
    return;
  }
  // Between two calls nobody else holds an exclusive feed.
  context_->delivery->RunAfter(wait, [self = shared_from_this(), generation] {
    self->Reconnect(generation);
  });
}

void Feed::NoteAway(const absl::Status& status) {
  state_ = State::kAway;
  if (away_since_ != absl::InfiniteFuture()) return;
  away_since_ = absl::Now();
  spdlog::warn("{}: upstream is away: {}", config_.grpc_path,
               status.ToString());
  FrameInfo comment;
  comment.is_event = false;
  topic_->Publish(Frame::Create(CommentFrame("upstream is away"), comment));
}

bool Feed::CanReconnect(const absl::Status& status) const {
  if (status.code() != absl::StatusCode::kUnavailable) return false;
  // Nobody was told anything yet: the refusal itself is the better answer.
  if (state_ == State::kOpening) return false;
  if (users_ == 0) return false;
  if (absl::Now() - away_since_ > config_.give_up_after) return false;
  if (config_.live_values) return true;
  return config_.request_after != nullptr;
}

void Feed::Reconnect(uint64_t generation) {
  std::string last_id;
  {
    MutexLock lock(&mu_);
    if (generation != generation_ || state_ != State::kAway) return;
    last_id = last_id_;
  }
  const bool resume = config_.request_after != nullptr && !last_id.empty();
  spdlog::info("{}: reconnecting{}", config_.grpc_path,
               resume ? " and resuming" : "");
  StartCall(resume ? config_.request_after(last_id) : config_.request);
}

void Feed::End(const absl::Status& status) {
  const FramePtr frame = StatusFrame(status);
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    state_ = State::kEnded;
    ++generation_;  // what the call still says is of the past
    call = std::move(call_);
    end_status_ = status;
    end_frame_ = frame;
    waiters = TakeWaiters();
    topic_->End(frame, /*error=*/!status.ok());
    // Members are gone from the topic without word; places still leave.
    users_ = pending_;
  }
  if (call != nullptr) call->Cancel();
  if (config_.on_end) config_.on_end(this);
  Wake(waiters);
}

void Feed::OnMemberGone(bool) { LeaveOne(); }

void Feed::LeaveOne() {
  uint64_t idle_generation;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    if (--users_ > 0) return;
    idle_generation = ++idle_generation_;
  }
  if (!config_.shared || config_.linger <= absl::ZeroDuration()) {
    OnLingered(idle_generation);
    return;
  }
  context_->delivery->RunAfter(config_.linger,
                               [weak = weak_from_this(), idle_generation] {
                                 if (auto feed = weak.lock())
                                   feed->OnLingered(idle_generation);
                               });
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
  if (config_.on_end) config_.on_end(this);
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    ++generation_;
    call = std::move(call_);
  }
  if (call != nullptr) call->Cancel();
}

std::vector<std::weak_ptr<FeedWaiter>> Feed::TakeWaiters() {
  return std::exchange(waiters_, {});
}

FramePtr Feed::StatusFrame(const absl::Status& status) const {
  FrameInfo info;
  info.is_event = true;
  const std::string payload = StatusEvent(context_->status_json(status));
  return Frame::Create(payload, info);
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
      return Outlook::kEnded;
  }
  return Outlook::kEnded;
}

absl::Status Place::end_status() const {
  MutexLock lock(&feed_->mu_);
  return feed_->end_status_;
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
