// What the connection sends, and what it tells the streams' reactors.
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/stream/multiplexed_call.h"
#include "backends/stream/multiplexer_connection.h"

namespace sse_bridge {
namespace {

using sse::v1::Frame;

// What a message costs of a stream's credit, besides its length.
constexpr int64_t kMessageCost = 32;

// What a frame takes in a batch, besides its content.
constexpr size_t kFrameBytes = 16;

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

void ServerConnection::Refuse(uint64_t number, grpc::StatusCode code,
                              const char* message) {
  Frame frame;
  frame.set_stream(number);
  SetEnd({code, message}, frame.mutable_end());
  refusals_.push_back(std::move(frame));
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
