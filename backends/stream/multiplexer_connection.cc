#include "backends/stream/multiplexer_connection.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "backends/stream/multiplexed_call.h"

namespace sse_bridge {
namespace {

// Nothing is read while more refusals, or streams that have ended meanwhile,
// wait for their turn to send.
constexpr size_t kMaxRefusals = 1000;

// The memory of larger batches is released.
constexpr size_t kMaxKeptBatch = size_t{1} << 20;

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
  if (!ok) return OnLost();
  if (!Handle(incoming_)) {
    EndCall({grpc::StatusCode::INVALID_ARGUMENT,
             "the bridge's messages cannot be read"});
    return OnLost();
  }
  {
    // Not before: OnWritten, on another thread, would let gRPC overwrite the
    // message that is being handled.
    MutexLock lock(&mu_);
    reading_ = false;
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
    for (const Sent& sent : sent_) {
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
    sent_.clear();
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

}  // namespace sse_bridge
