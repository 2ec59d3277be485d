#include "backends/stream/multiplexer_connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "backends/stream/multiplexed_call.h"

namespace sse_bridge {
namespace {

using sse::v1::Frame;

// What a message costs of a stream's credit, besides its length.
constexpr int64_t kMessageCost = 32;

// What a frame takes in a batch, besides its content.
constexpr size_t kFrameBytes = 16;

// Nothing is read while more refusals, or streams that have ended meanwhile,
// wait for their turn to send.
constexpr size_t kMaxRefusals = 1000;

// The memory of larger batches is released.
constexpr size_t kMaxKeptBatch = size_t{1} << 20;

void AddMetadata(
    const MultiplexedCall::Metadata& metadata,
    google::protobuf::RepeatedPtrField<sse::v1::Metadatum>* pairs) {
  for (const auto& [name, value] : metadata) {
    sse::v1::Metadatum* const pair = pairs->Add();
    pair->set_name(name);
    pair->set_value(value);
  }
}

void SetEnd(const grpc::Status& status, sse::v1::End* end) {
  end->set_code(status.error_code());
  end->set_message(status.error_message());
  end->set_details(status.error_details());
}

}  // namespace

class ServerConnection::Reactor final : public Call {
 public:
  explicit Reactor(std::shared_ptr<ServerConnection> connection)
      : connection_(std::move(connection)) {}

  void OnReadDone(bool ok) override { connection_->OnRead(ok); }
  void OnWriteDone(bool ok) override { connection_->OnWritten(ok); }
  void OnCancel() override { connection_->OnLost(); }
  void OnDone() override {
    connection_->OnGone();
    delete this;
  }

 private:
  const std::shared_ptr<ServerConnection> connection_;
};

ServerConnection::Call* ServerConnection::Begin(std::function<void()> gone) {
  MutexLock lock(&mu_);
  gone_ = std::move(gone);
  reactor_ = new Reactor(shared_from_this());
  for (const auto& [name, make] : methods_->by_name) {
    batch_->mutable_hello()->add_methods(name);
  }
  batch_->mutable_hello();  // also without methods
  writing_ = true;
  reactor_->StartWrite(batch_.get());
  reactor_->StartRead(&incoming_);
  return reactor_;
}

void ServerConnection::Shutdown() {
  {
    MutexLock lock(&mu_);
    down_ = true;
  }
  Flush();
}

size_t ServerConnection::streams() const {
  MutexLock lock(&mu_);
  return streams_.size();
}

void ServerConnection::OnRead(bool ok) {
  {
    MutexLock lock(&mu_);
    reading_ = false;
  }
  if (!ok) return OnLost();
  if (!Handle(incoming_)) {
    EndCall({grpc::StatusCode::INVALID_ARGUMENT,
             "the bridge's messages cannot be read"});
    return OnLost();
  }
  ReadNext();
  Flush();
  RunReactions();
}

bool ServerConnection::Handle(const sse::v1::ToBackend& message) {
  {
    MutexLock lock(&mu_);
    if (message.has_hello() == std::exchange(greeted_, true)) return false;
    if (message.has_hello()) {
      max_message_ = message.hello().max_message_bytes();
      max_batch_ = message.hello().max_batch_bytes();
    }
  }
  for (const sse::v1::Open& open : message.open()) {
    if (!OpenStream(open)) return false;
  }
  MutexLock lock(&mu_);
  for (const sse::v1::Credit& credit : message.credit()) {
    const auto found = streams_.find(credit.stream());
    if (found == streams_.end()) continue;
    Entry& entry = found->second;
    // No bridge grants more than it may receive.
    constexpr int64_t kMaxCredit = int64_t{1} << 40;
    entry.credit = std::min(
        entry.credit + static_cast<int64_t>(std::min<uint64_t>(
                           credit.bytes(), static_cast<uint64_t>(kMaxCredit))),
        kMaxCredit);
    if (entry.writing) SetReady(found->first, &entry);
  }
  for (const uint64_t number : message.cancel()) {
    const auto found = streams_.find(number);
    if (found != streams_.end()) Cancel(number, &found->second);
  }
  if (message.ping() != 0) pong_ = message.ping();
  return true;
}

bool ServerConnection::OpenStream(const sse::v1::Open& open) {
  const uint64_t number = open.stream();
  const auto method = methods_->by_name.find(open.method());
  std::shared_ptr<ServerStream> stream;
  if (method != methods_->by_name.end()) {
    stream = method->second(shared_from_this(), open);
  }
  {
    MutexLock lock(&mu_);
    if (number <= last_opened_) return false;
    last_opened_ = number;
    if (lost_) return true;
    if (down_) {
      Refuse(number, grpc::StatusCode::UNAVAILABLE,
             "the backend is shutting down");
    } else if (method == methods_->by_name.end()) {
      Refuse(number, grpc::StatusCode::UNIMPLEMENTED, "unknown method");
    } else if (stream == nullptr) {
      Refuse(number, grpc::StatusCode::INVALID_ARGUMENT,
             "the request cannot be read");
    } else if (streams_.size() >= methods_->max_streams) {
      Refuse(number, grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams");
    } else {
      Entry& entry = streams_[number];
      entry.stream = stream;
      entry.credit = static_cast<int64_t>(
          std::min<uint64_t>(open.credit(), uint64_t{1} << 40));
      entry.running = true;  // no reaction before the handler has returned
    }
    if (!streams_.contains(number)) return true;
  }
  for (const sse::v1::Metadatum& pair : open.metadata()) {
    stream->metadata_.emplace_back(pair.name(), pair.value());
  }
  std::optional<ReactionThread::Timer> timer;
  if (open.timeout_us() > 0) {
    constexpr uint64_t kLongest = uint64_t{1} << 50;  // 35 years
    stream->deadline_ =
        absl::Now() + absl::Microseconds(static_cast<int64_t>(
                          std::min(open.timeout_us(), kLongest)));
    timer = thread_->At(stream->deadline_, [weak = weak_from_this(), number] {
      if (auto self = weak.lock()) self->Expire(number);
    });
  }
  MultiplexedMethods::Ended ended;
  if (methods_->began) ended = methods_->began(open.method(), *stream);
  stream->Run();
  stream->metadata_ = MultiplexedCall::Metadata();
  MutexLock lock(&mu_);
  Entry& entry = streams_.at(number);
  entry.timer = timer;
  entry.ended = std::move(ended);
  entry.running = false;
  Tell(number, &entry, 0);
  return true;
}

void ServerConnection::Expire(uint64_t number) {
  {
    MutexLock lock(&mu_);
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.cancelled ||
        found->second.end_sent) {
      return;
    }
    Refuse(number, grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline exceeded");
    Cancel(number, &found->second);
    found->second.end_sent = found->second.end_written = true;
  }
  Flush();
  RunReactions();
}

void ServerConnection::ReadNext() {
  MutexLock lock(&mu_);
  if (reading_ || lost_ || ended_ || reactor_ == nullptr ||
      refusals_.size() > kMaxRefusals ||
      ready_.size() > streams_.size() + kMaxRefusals) {
    return;
  }
  reading_ = true;
  reactor_->StartRead(&incoming_);
}

void ServerConnection::OnWritten(bool ok) {
  {
    MutexLock lock(&mu_);
    writing_ = false;
    if (ended_) reactor_->Finish(end_status_);
    for (const Sent& sent : std::exchange(sent_, {})) {
      const auto found = streams_.find(sent.number);
      if (found == streams_.end()) continue;
      Entry& entry = found->second;
      --entry.in_flight;
      if (sent.end) entry.end_written = true;
      const bool failed = !ok && sent.reaction == ServerStream::kWritten;
      Tell(sent.number, &entry,
           failed ? static_cast<uint8_t>(ServerStream::kWriteFailed)
                  : sent.reaction);
      MayBeDone(sent.number, &entry);
    }
    if (batch_->SpaceUsedLong() > kMaxKeptBatch) {
      batch_ = std::make_unique<sse::v1::ToBridge>();
    } else {
      batch_->Clear();
    }
  }
  Flush();
  ReadNext();
  RunReactions();
}

void ServerConnection::OnLost() {
  {
    MutexLock lock(&mu_);
    lost_ = true;
    for (auto& [number, entry] : streams_) Cancel(number, &entry);
    ready_.clear();
    refusals_.clear();
    EndCallLocked(grpc::Status::CANCELLED);
  }
  RunReactions();
}

void ServerConnection::OnGone() {
  std::function<void()> gone;
  {
    MutexLock lock(&mu_);
    reactor_ = nullptr;
    gone = std::move(gone_);
  }
  OnLost();
  if (gone) gone();
}

void ServerConnection::EndCall(const grpc::Status& status) {
  MutexLock lock(&mu_);
  EndCallLocked(status);
}

void ServerConnection::EndCallLocked(const grpc::Status& status) {
  if (ended_ || reactor_ == nullptr) return;
  ended_ = true;
  if (writing_) {
    end_status_ = status;  // OnWritten ends the call
  } else {
    reactor_->Finish(status);
  }
}

void ServerConnection::SendInitialMetadata(uint64_t number) {
  {
    MutexLock lock(&mu_);
    Entry& entry = streams_.at(number);
    if (entry.cancelled || entry.opened) return;
    entry.metadata_wanted = true;
    SetReady(number, &entry);
  }
  Continue();
}

void ServerConnection::Write(uint64_t number) {
  {
    MutexLock lock(&mu_);
    Entry& entry = streams_.at(number);
    if (entry.cancelled) {
      Tell(number, &entry, ServerStream::kWriteFailed);
    } else {
      entry.writing = true;
      SetReady(number, &entry);
    }
  }
  Continue();
}

void ServerConnection::WriteAndFinish(uint64_t number, grpc::Status status) {
  {
    MutexLock lock(&mu_);
    Entry& entry = streams_.at(number);
    entry.status = std::make_unique<grpc::Status>(std::move(status));
    if (!entry.cancelled) {
      entry.writing = entry.write_ends = true;
      SetReady(number, &entry);
    }
    MayBeDone(number, &entry);
  }
  Continue();
}

void ServerConnection::Finish(uint64_t number, grpc::Status status) {
  {
    MutexLock lock(&mu_);
    Entry& entry = streams_.at(number);
    entry.status = std::make_unique<grpc::Status>(std::move(status));
    if (!entry.cancelled) SetReady(number, &entry);
    MayBeDone(number, &entry);
  }
  Continue();
}

void ServerConnection::Refuse(uint64_t number, grpc::StatusCode code,
                              const char* message) {
  Frame frame;
  frame.set_stream(number);
  SetEnd({code, message}, frame.mutable_end());
  refusals_.push_back(std::move(frame));
}

void ServerConnection::SetReady(uint64_t number, Entry* entry) {
  if (std::exchange(entry->ready, true)) return;
  ready_.push_back(number);
}

void ServerConnection::Cancel(uint64_t number, Entry* entry) {
  if (entry->cancelled || entry->end_sent) return;
  entry->cancelled = true;
  uint8_t reactions = ServerStream::kCancelled;
  if (std::exchange(entry->writing, false) && !entry->write_ends) {
    reactions |= ServerStream::kWriteFailed;
  }
  Tell(number, entry, reactions);
  MayBeDone(number, entry);
}

void ServerConnection::Tell(uint64_t number, Entry* entry, uint8_t reaction) {
  entry->reactions |= reaction;
  if (entry->reactions == 0 || entry->running ||
      std::exchange(entry->told, true)) {
    return;
  }
  to_run_.push_back(number);
}

void ServerConnection::MayBeDone(uint64_t number, Entry* entry) {
  if (entry->status == nullptr || entry->in_flight > 0 || entry->writing) {
    return;
  }
  if (entry->cancelled || entry->end_written) {
    Tell(number, entry, ServerStream::kDone);
  }
}

void ServerConnection::Flush() {
  MutexLock lock(&mu_);
  if (writing_ || lost_ || ended_ || reactor_ == nullptr) return;
  FillBatch();
  if (batch_->frames_size() == 0 && batch_->pong() == 0) {
    if (down_ && streams_.empty()) {
      EndCallLocked(
          {grpc::StatusCode::UNAVAILABLE, "the backend is shutting down"});
    }
    return;
  }
  writing_ = true;
  reactor_->StartWrite(batch_.get());
}

void ServerConnection::FillBatch() {
  if (!greeted_) return;
  if (pong_ != 0) batch_->set_pong(std::exchange(pong_, 0));
  size_t bytes = 0;
  while (!refusals_.empty() && bytes < max_batch_) {
    bytes += refusals_.front().ByteSizeLong() + kFrameBytes;
    *batch_->add_frames() = std::move(refusals_.front());
    refusals_.pop_front();
  }
  while (!ready_.empty() && bytes < max_batch_) {
    const uint64_t number = ready_.front();
    ready_.pop_front();
    const auto found = streams_.find(number);
    if (found == streams_.end()) continue;
    found->second.ready = false;
    bytes += AddFrames(number, &found->second);
  }
}

size_t ServerConnection::AddFrames(uint64_t number, Entry* entry) {
  if (entry->cancelled || entry->end_sent) return 0;
  size_t bytes = 0;
  const bool writes = entry->writing && entry->credit > 0;
  if (!entry->opened && (entry->metadata_wanted || writes)) {
    sse::v1::Opened* const opened = AddFrame(number, &bytes)->mutable_opened();
    AddMetadata(entry->stream->initial_, opened->mutable_metadata());
    bytes += opened->ByteSizeLong();
    entry->opened = true;
    if (entry->metadata_wanted) {
      AddSent(number, entry, ServerStream::kMetadataSent);
    }
  }
  if (writes) {
    Frame* const frame = AddFrame(number, &bytes);
    std::string* const message = frame->mutable_message();
    message->clear();
    entry->stream->Serialize(message);
    if (message->size() > max_message_) {
      // gRPC's words for it.
      const std::string text =
          absl::StrCat("Sent message larger than max (", message->size(),
                       " vs. ", max_message_, ")");
      SetEnd({grpc::StatusCode::RESOURCE_EXHAUSTED, text},
             frame->mutable_end());
      Cancel(number, entry);
      entry->end_sent = entry->end_written = true;
      return bytes;
    }
    bytes += message->size();
    entry->credit -= static_cast<int64_t>(message->size()) + kMessageCost;
    entry->writing = false;
    AddSent(number, entry, entry->write_ends ? 0 : ServerStream::kWritten);
  }
  if (!entry->writing && entry->status != nullptr) {
    sse::v1::End* const end = AddFrame(number, &bytes)->mutable_end();
    SetEnd(*entry->status, end);
    AddMetadata(entry->stream->trailing_, end->mutable_metadata());
    bytes += end->ByteSizeLong();
    entry->end_sent = true;
    AddSent(number, entry, 0);
    sent_.back().end = true;
  }
  return bytes;
}

Frame* ServerConnection::AddFrame(uint64_t number, size_t* bytes) {
  Frame* const frame = batch_->add_frames();
  frame->set_stream(number);
  *bytes += kFrameBytes;
  return frame;
}

void ServerConnection::AddSent(uint64_t number, Entry* entry,
                               uint8_t reaction) {
  ++entry->in_flight;
  sent_.push_back({number, reaction, /*end=*/false});
}

void ServerConnection::RunReactions() {
  mu_.Lock();
  ++running_;
  while (!to_run_.empty()) {
    const uint64_t number = to_run_.front();
    to_run_.pop_front();
    Entry& entry = streams_.at(number);
    entry.told = false;
    // The first one.
    const uint8_t reaction = entry.reactions & -entry.reactions;
    entry.reactions &= static_cast<uint8_t>(~reaction);
    entry.running = true;
    std::shared_ptr<ServerStream> stream = entry.stream;
    MultiplexedMethods::Ended ended;
    std::unique_ptr<grpc::Status> status;
    if (reaction == ServerStream::kDone) {
      ended = std::move(entry.ended);
      status = std::move(entry.status);
      if (entry.timer.has_value()) thread_->Cancel(*entry.timer);
      streams_.erase(number);
    }
    mu_.Unlock();
    stream->React(static_cast<ServerStream::Reaction>(reaction));
    if (ended) ended(*status);
    stream = nullptr;
    mu_.Lock();
    if (reaction != ServerStream::kDone) {
      Entry& same = streams_.at(number);
      same.running = false;
      Tell(number, &same, 0);
    }
  }
  --running_;
  const bool down = down_ && streams_.empty();
  mu_.Unlock();
  if (down) Flush();
}

void ServerConnection::RunReactionsLater() {
  {
    MutexLock lock(&mu_);
    // A thread that runs them looks for more before it stops.
    if (to_run_.empty() || running_ > 0) return;
  }
  thread_->Soon([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->RunReactions();
  });
}

}  // namespace sse_bridge
