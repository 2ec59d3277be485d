#include "bridge/upstream/multiplexer/multiplexed_stream.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/upstream/call_metadata.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {
namespace {

constexpr int kLastCode = 16;

// What HPACK counts for each pair besides its bytes (RFC 7541, 4.1).
constexpr size_t kPairBytes = 32;

absl::Status Unreadable() {
  return absl::InternalError("the backend's answer cannot be read");
}

// Returns an error if the metadata are too large.
absl::StatusOr<Metadata> ReadMetadata(
    const google::protobuf::RepeatedPtrField<sse::v1::Metadatum>& received,
    size_t max_bytes) {
  Metadata metadata;
  size_t bytes = 0;
  for (const sse::v1::Metadatum& pair : received) {
    bytes += pair.name().size() + pair.value().size() + kPairBytes;
    if (bytes > max_bytes) return Unreadable();
    metadata.emplace_back(pair.name(), pair.value());
  }
  return metadata;
}

absl::Status StatusOf(const sse::v1::End& end) {
  if (end.code() == 0) return absl::OkStatus();
  const auto code = end.code() > 0 && end.code() <= kLastCode
                        ? static_cast<absl::StatusCode>(end.code())
                        : absl::StatusCode::kUnknown;
  absl::Status status(code, end.message());
  if (!end.details().empty()) {
    status.SetPayload(kStatusDetailsUrl,
                      absl::Cord(absl::string_view(end.details())));
  }
  return status;
}

// An empty message has no slices.
void Tell(StreamObserver* observer, absl::string_view message) {
  observer->OnMessage({&message, message.empty() ? size_t{0} : size_t{1}});
}

}  // namespace

MultiplexedStream::MultiplexedStream(std::shared_ptr<const Options> options,
                                     std::weak_ptr<Connection> connection,
                                     uint64_t number, const CallOptions& call,
                                     std::shared_ptr<StreamObserver> observer)
    : options_(std::move(options)),
      connection_(std::move(connection)),
      number_(number),
      deadline_(call.deadline),
      wanted_(call.wanted_metadata == nullptr || !call.on_metadata
                  ? nullptr
                  : std::make_unique<const Wanted>(
                        Wanted{call.wanted_metadata, call.on_metadata})),
      observer_(std::move(observer)) {}

void MultiplexedStream::Start() {
  if (deadline_ == absl::InfiniteFuture()) return;
  const absl::Duration left =
      std::max(deadline_ - absl::Now(), absl::ZeroDuration());
  const uint64_t timer =
      options_->timers.after(left, [weak = weak_from_this()] {
        if (auto self = weak.lock()) {
          self->Abort(absl::DeadlineExceededError(
              "the backend did not answer in time"));
        }
      });
  bool done;
  {
    MutexLock lock(&mu_);
    done = done_;
    timer_ = timer;
  }
  if (done) options_->timers.cancel(timer);
}

void MultiplexedStream::Read() {
  {
    MutexLock lock(&mu_);
    if (done_ || read_wanted_) return;
    read_wanted_ = true;
    // Otherwise the thread that delivers, or the next frame, continues.
    if (delivering_ || (waiting_.empty() && ending_ == nullptr)) return;
  }
  DeliverLater();
}

void MultiplexedStream::Cancel() {
  {
    MutexLock lock(&mu_);
    if (done_ || (ending_ != nullptr && ending_->at_once)) return;
    ending_ = std::make_unique<Ending>();
    ending_->status = absl::CancelledError("the call was cancelled");
    ending_->at_once = true;
  }
  if (auto connection = connection_.lock()) connection->Forget(number_);
  DeliverLater();
}

void MultiplexedStream::Abort(absl::Status status) {
  {
    MutexLock lock(&mu_);
    if (done_ || (ending_ != nullptr && ending_->at_once)) return;
    ending_ = std::make_unique<Ending>();
    ending_->status = std::move(status);
    ending_->at_once = true;
  }
  if (auto connection = connection_.lock()) connection->Forget(number_);
  Deliver();
}

void MultiplexedStream::OnOpened(absl::string_view opened) {
  sse::v1::Opened frame;
  if (!frame.ParseFromArray(opened.data(), static_cast<int>(opened.size()))) {
    return Abort(Unreadable());
  }
  auto metadata = ReadMetadata(frame.metadata(), options_->max_metadata_bytes);
  if (!metadata.ok()) return Abort(metadata.status());
  {
    MutexLock lock(&mu_);
    if (opened_ || open_waits_ || ending_ != nullptr) return;
    open_waits_ = true;
    if (wanted_ != nullptr) initial_ = *std::move(metadata);
  }
  Deliver();
}

void MultiplexedStream::OnMessage(absl::string_view message) {
  if (message.size() > options_->max_message_bytes) {
    return Abort(absl::ResourceExhaustedError(absl::StrCat(
        "a message of ", message.size(), " bytes exceeds the limit of ",
        options_->max_message_bytes, " bytes")));
  }
  std::shared_ptr<StreamObserver> observer;
  bool excess = false;
  {
    MutexLock lock(&mu_);
    if (done_ || ending_ != nullptr) return;
    if (!opened_ && !open_waits_) open_waits_ = true;  // implied
    if (opened_ && !delivering_ && read_wanted_ && waiting_.empty()) {
      // The usual case: handed on without a copy.
      read_wanted_ = false;
      delivering_ = true;
      observer = observer_;
    } else {
      // The last message may have overdrawn the credit.
      excess = waiting_cost_ >= options_->window_bytes;
      if (!excess) {
        waiting_.emplace_back(message);
        waiting_cost_ += message.size() + kMessageCost;
      }
    }
  }
  if (excess) {
    return Abort(absl::InternalError(
        "the backend has sent more than it was allowed to"));
  }
  if (observer != nullptr) {
    Tell(observer.get(), message);
    size_t credit;
    {
      MutexLock lock(&mu_);
      delivering_ = false;
      credit = TakeOff(message.size());
    }
    GiveBack(credit);
  }
  Deliver();
}

void MultiplexedStream::OnEnd(absl::string_view end) {
  sse::v1::End frame;
  if (!frame.ParseFromArray(end.data(), static_cast<int>(end.size()))) {
    return End(Unreadable());
  }
  auto metadata = ReadMetadata(frame.metadata(), options_->max_metadata_bytes);
  if (!metadata.ok()) return End(metadata.status());
  End(StatusOf(frame), *std::move(metadata));
}

void MultiplexedStream::End(const absl::Status& status, Metadata trailing) {
  {
    MutexLock lock(&mu_);
    if (done_ || ending_ != nullptr) return;
    ending_ = std::make_unique<Ending>();
    ending_->status = status;
    if (wanted_ != nullptr) ending_->trailing = std::move(trailing);
  }
  Deliver();
}

MultiplexedStream::Step MultiplexedStream::NextStep() {
  Step step;
  if (done_ || delivering_) return step;
  const bool at_once = ending_ != nullptr && ending_->at_once;
  if (open_waits_ && !at_once) {
    step.kind = Step::Kind::kOpen;
    step.metadata = std::move(initial_);
    initial_ = Metadata();
    open_waits_ = false;
    opened_ = true;
  } else if (read_wanted_ && !waiting_.empty() && !at_once) {
    step.kind = Step::Kind::kMessage;
    step.message = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_cost_ -= step.message.size() + kMessageCost;
    read_wanted_ = false;
  } else if (ending_ != nullptr && (at_once || read_wanted_)) {
    step.kind = Step::Kind::kDone;
    step.metadata = std::move(ending_->trailing);
    step.status = std::move(ending_->status);
    done_ = true;
    waiting_.clear();
  }
  delivering_ = step.kind != Step::Kind::kNone;
  return step;
}

void MultiplexedStream::Deliver() {
  for (;;) {
    Step step;
    std::shared_ptr<StreamObserver> observer;
    uint64_t timer = 0;
    {
      MutexLock lock(&mu_);
      step = NextStep();
      if (step.kind == Step::Kind::kNone) return;
      if (step.kind == Step::Kind::kDone) {
        observer = std::move(observer_);
        timer = std::exchange(timer_, 0);
      } else {
        observer = observer_;
      }
    }
    size_t credit = 0;
    switch (step.kind) {
      case Step::Kind::kNone:
        break;
      case Step::Kind::kOpen:
        TellMetadata(std::move(step.metadata));
        observer->OnOpen();
        break;
      case Step::Kind::kMessage:
        Tell(observer.get(), step.message);
        break;
      case Step::Kind::kDone:
        if (timer != 0) options_->timers.cancel(timer);
        TellMetadata(std::move(step.metadata));
        observer->OnDone(step.status);
        break;
    }
    {
      MutexLock lock(&mu_);
      delivering_ = false;
      if (step.kind == Step::Kind::kMessage) {
        credit = TakeOff(step.message.size());
      }
    }
    GiveBack(credit);
  }
}

void MultiplexedStream::DeliverLater() {
  // The caller may hold a lock that the observer takes.
  const uint64_t timer = options_->timers.after(
      absl::ZeroDuration(), [self = shared_from_this()] { self->Deliver(); });
  // The upstream is gone, and with it those who hold locks.
  if (timer == 0) Deliver();
}

size_t MultiplexedStream::TakeOff(size_t bytes) {
  owed_credit_ += bytes + kMessageCost;
  if (done_ || ending_ != nullptr ||
      owed_credit_ < options_->window_bytes / 2) {
    return 0;
  }
  return std::exchange(owed_credit_, 0);
}

void MultiplexedStream::GiveBack(size_t credit) {
  if (credit == 0) return;
  if (auto connection = connection_.lock()) {
    connection->AddCredit(number_, credit);
  }
}

void MultiplexedStream::TellMetadata(Metadata metadata) const {
  if (wanted_ == nullptr) return;
  metadata = SelectMetadata(std::move(metadata), *wanted_->filter);
  if (!metadata.empty()) wanted_->tell(std::move(metadata));
}

}  // namespace sse_bridge
