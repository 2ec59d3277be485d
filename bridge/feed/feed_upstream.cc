#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/own_events.h"
#include "bridge/feed/reset_event.h"

// A feed's upstream calls: their messages, loss and end.

namespace sse_bridge {
namespace {

// Initial metadata may be the first half of a refusal: a status that follows
// within this time still decides the HTTP status.
constexpr absl::Duration kMetadataSettles = absl::Milliseconds(20);

// A shared feed that outruns the delivery loops pauses at this backlog.
constexpr size_t kMaxBacklogBytes = 8 << 20;
constexpr absl::Duration kBacklogPause = absl::Milliseconds(1);

// The memory of larger events is released.
constexpr size_t kMaxKeptScratch = 64 << 10;

FramePtr FrameOf(const EncodedFrame& encoded, int64_t now_ns) {
  FrameInfo info;
  info.born_ns = now_ns;
  if (!encoded.key.empty()) {
    info.key = absl::Hash<absl::string_view>()(encoded.key) | 1;
  }
  return EncodedEventFrame(encoded, std::move(info));
}

}  // namespace

// The observer of one upstream call. Holds the feed until the call is done.
class Feed::Call : public StreamObserver {
 public:
  Call(std::shared_ptr<Feed> feed, uint64_t generation)
      : feed_(std::move(feed)), generation_(generation) {}

  void OnOpen() override { feed_->OnCallOpen(generation_); }
  void OnMessage(absl::Span<const absl::string_view> wire) override {
    // One for each thread, not for each call: idle calls are many. It keeps its
    // memory, so that an event needs none.
    thread_local EncodedFrame scratch;
    feed_->OnCallMessage(generation_, wire, &scratch);
    if (scratch.payload.capacity() > kMaxKeptScratch) scratch = EncodedFrame();
  }
  void OnDone(const absl::Status& status) override {
    feed_->OnCallDone(generation_, status);
    feed_ = nullptr;
  }

 private:
  std::shared_ptr<Feed> feed_;
  const uint64_t generation_;
};

void Feed::Begin() { StartCall(); }

void Feed::StartCall() {
  UpstreamSession::NextCall next;
  {
    MutexLock lock(&mu_);
    if (state_ == State::kEnded) return;
    next = session_.Begin(config_.request, config_.request_after, Now());
    window_.Reset();
  }
  const uint64_t generation = next.generation;
  CallOptions options;
  options.metadata = config_.metadata;
  if (config_.exposed != nullptr) {
    options.wanted_metadata = config_.exposed;
    options.on_metadata = [weak = weak_from_this(),
                           generation](Metadata metadata) {
      if (auto feed = weak.lock()) feed->OnCallMetadata(generation, metadata);
    };
  }
  auto call = config_.upstream->StartStream(
      config_.grpc_path, std::move(next.request), std::move(options),
      std::make_shared<Call>(shared_from_this(), generation));
  bool stale, read_owed;
  {
    MutexLock lock(&mu_);
    stale = state_ == State::kEnded || !session_.IsCurrent(generation);
    if (!stale) session_.SetCall(call);
    read_owed = !stale && window_.TakeOwed();
  }
  if (stale) call->Cancel();
  if (read_owed) call->Read();
}

void Feed::OnCallMetadata(uint64_t generation, const Metadata& metadata) {
  MutexLock lock(&mu_);
  if (session_.IsCurrent(generation)) session_.AddMetadata(metadata);
}

void Feed::OnCallOpen(uint64_t generation) {
  {
    MutexLock lock(&mu_);
    if (!session_.IsCurrent(generation)) return;
    // A feed that was open stays so while its id expires.
    if (state_ == State::kOpen && !session_.owes_reset()) return;
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
    if (!session_.IsCurrent(generation)) return;
    if (state_ == State::kEnded) return;
    if (state_ == State::kOpen && !session_.owes_reset()) return;
    state_ = State::kOpen;
    has_opened_ = true;
    EndOutage();
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
  FramePtr frame = encoded.ok()
                       ? FrameOf(*scratch, context_->delivery->MonotonicNanos())
                       : EncodeUnreadable(wire, encoded, scratch);

  if (has_pending_.load(std::memory_order_relaxed)) {
    HurryPending(frame->payload().size());
  }
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  std::shared_ptr<StreamCall> read;
  {
    MutexLock lock(&mu_);
    if (!session_.IsCurrent(generation) || state_ == State::kEnded) return;
    EndOutage();
    PublishOwedReset();
    if (raw() && history_.next_seq() == 1) {
      content_type_ = scratch->content_type;
    }
    // Later joiners receive the last value that can be read.
    if (encoded.ok()) history_.SetCurrent(scratch->key, frame);
    session_.OnMessage();
    state_ = State::kOpen;
    has_opened_ = true;
    waiters = TakeWaiters();
    Publish(frame, scratch->id());
    // The first message may arrive before StartStream returns.
    if (window_.AskNext(/*known=*/session_.call() != nullptr)) {
      read = session_.call();
    }
  }
  Wake(waiters);
  if (read == nullptr) {
    OnSent(0);  // the browser may have caught up before the pause was noted
  } else {
    ReadWhenLoopsKeepUp(std::move(read));
  }
}

FramePtr Feed::EncodeUnreadable(absl::Span<const absl::string_view> wire,
                                const absl::Status& why,
                                EncodedFrame* scratch) {
  const uint64_t count = ++unreadable_;
  // Log at powers of two: a backend that sends nothing else must not fill the
  // log.
  if ((count & (count - 1)) == 0) {
    spdlog::warn("{}: a message cannot be shown ({} so far): {}",
                 config_.grpc_path, count, why.ToString());
  }
  const absl::Status told = absl::DataLossError(absl::StrCat(
      "the backend's message cannot be shown as JSON: ", why.message()));
  config_.encoder->EncodeUnreadable(wire, context_->status_json(told), scratch);
  return UnreadableFrame(*scratch);
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
    if (window_.Resume(/*known=*/session_.call() != nullptr)) {
      read = session_.call();
    }
  }
  if (read != nullptr) read->Read();
}

void Feed::OnCallDone(uint64_t generation, const absl::Status& status) {
  bool restart = false, reconnect = false;
  absl::Duration wait;
  std::vector<std::weak_ptr<FeedWaiter>> waiters;
  {
    MutexLock lock(&mu_);
    if (!session_.IsCurrent(generation) || state_ == State::kEnded) return;
    session_.ClearCall();
    if (auto oldest = OldestAfterExpiry(status);
        oldest.has_value() && session_.resumes()) {
      restart = true;
      session_.RestartFromBeginning(*oldest);
    } else if (CanReconnect(status)) {
      reconnect = true;
      BeginOutage(status);
      wait = session_.reconnect().NextWait(Now());
      waiters = TakeWaiters();
    }
    if (restart || reconnect) generation = session_.Supersede();
  }
  if (restart) {
    spdlog::debug("{}: the backend no longer keeps the id, begins anew",
                  config_.grpc_path);
    StartCall();
  } else if (reconnect) {
    // Between two calls nothing else holds an exclusive feed.
    context_->delivery->RunAfter(wait, [self = shared_from_this(), generation] {
      self->Reconnect(generation);
    });
    Wake(waiters);
  } else {
    End(status);
  }
}

void Feed::BeginOutage(const absl::Status& status) {
  state_ = State::kReconnecting;
  end_status_ = status;
  if (session_.reconnect().away()) return;
  session_.reconnect().BeginAway(
      context_->circuits->Lost(config_.upstream->address(), config_.grpc_path,
                               status),
      Now());
  spdlog::debug("{}: upstream is away: {}", config_.grpc_path,
                status.ToString());
  PublishNotice(AwayFrame(config_.hide_outages));
}

void Feed::EndOutage() {
  if (session_.reconnect().EndAway() && !config_.hide_outages) {
    PublishNotice(BackFrame());
  }
}

bool Feed::CanReconnect(const absl::Status& status) const {
  if (!session_.reconnect().TriesAgain(status, Now())) return false;
  if (state_ == State::kOpening && !survives_early_loss_) return false;
  if (subscribers_ == 0) return false;
  return config_.live_values || config_.request_after != nullptr;
}

void Feed::Reconnect(uint64_t generation) {
  {
    MutexLock lock(&mu_);
    if (!session_.IsCurrent(generation)) return;
    if (state_ != State::kReconnecting) return;
    session_.reconnect().Attempt();
  }
  if (context_->reconnects != nullptr) {
    context_->reconnects->Add(config_.grpc_path.substr(1));
  }
  StartCall();
}

}  // namespace sse_bridge
