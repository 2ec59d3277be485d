#include "tests/simulation/multiplexer_call.h"

#include "bridge/upstream/multiplexer/multiplexed_stream.h"

namespace sse_bridge {

class MultiplexerCall::BridgeSide final : public BidiCall {
 public:
  explicit BridgeSide(std::shared_ptr<MultiplexerCall> call)
      : call_(std::move(call)) {}
  ~BridgeSide() override { Cancel(); }
  void Write(std::string message) override { call_->Write(std::move(message)); }
  void CloseWrites() override { call_->EndSoon(absl::OkStatus()); }
  void Cancel() override { call_->EndSoon(absl::CancelledError("cancelled")); }

 private:
  const std::shared_ptr<MultiplexerCall> call_;
};

// A stream in the call. Sends while it has any credit.
class MultiplexerCall::Stream final : public ServerStream {
 public:
  Stream(MultiplexerCall* call, uint64_t number, int64_t credit)
      : call_(call), number_(number), credit_(credit) {}

  void Open() override {
    if (call_ == nullptr) return;
    sse::v1::Frame frame;
    frame.set_stream(number_);
    frame.mutable_opened();
    call_->SayFrame(std::move(frame));
  }
  void Send(std::string message) override {
    if (call_ == nullptr || ended_) return;
    waiting_.push_back(std::move(message));
    Pump();
  }
  void End(const absl::Status& status) override {
    if (call_ == nullptr || ended_) return;
    ended_ = true;
    status_ = status;
    Pump();
  }
  void Break() override {}  // with its call
  bool gone() const override { return call_ == nullptr; }

  void AddCredit(uint64_t bytes) {
    credit_ += static_cast<int64_t>(bytes);
    Pump();
  }
  int64_t credit() const { return credit_; }
  void Forget() { call_ = nullptr; }

 private:
  void Pump() {
    while (!waiting_.empty() && credit_ > 0) {
      sse::v1::Frame frame;
      frame.set_stream(number_);
      frame.set_message(waiting_.front());
      credit_ -= static_cast<int64_t>(waiting_.front().size() + kMessageCost);
      waiting_.pop_front();
      call_->SayFrame(std::move(frame));
    }
    if (!ended_ || !waiting_.empty()) return;
    sse::v1::Frame frame;
    frame.set_stream(number_);
    frame.mutable_end()->set_code(static_cast<int>(status_.code()));
    frame.mutable_end()->set_message(std::string(status_.message()));
    if (const auto details = status_.GetPayload(kStatusDetailsUrl)) {
      frame.mutable_end()->set_details(std::string(*details));
    }
    MultiplexerCall* const call = std::exchange(call_, nullptr);
    call->SayFrame(std::move(frame));
    call->streams_.erase(number_);
  }

  MultiplexerCall* call_;  // null once it is over
  const uint64_t number_;
  int64_t credit_;
  std::deque<std::string> waiting_;
  bool ended_ = false;
  absl::Status status_;
};

std::shared_ptr<BidiCall> MultiplexerCall::Handle() {
  return std::make_shared<BridgeSide>(shared_from_this());
}

void MultiplexerCall::Break() {
  if (std::exchange(broken_, true)) return;
  for (auto& [number, stream] : std::exchange(streams_, {})) stream->Forget();
  EndSoon(absl::UnavailableError("the backend could not be reached"));
}

void MultiplexerCall::EndSoon(const absl::Status& status) {
  network_->Soon([self = shared_from_this(), status] {
    for (auto& [number, stream] : std::exchange(self->streams_, {})) {
      stream->Forget();
    }
    self->broken_ = true;
    if (auto observer = std::exchange(self->observer_, nullptr)) {
      observer->OnDone(status);
    }
  });
}

void MultiplexerCall::Write(std::string bytes) {
  to_backend_.Carry([self = shared_from_this(), bytes = std::move(bytes)] {
    if (self->broken_) return;
    sse::v1::ToBackend message;
    if (!message.ParseFromString(bytes)) {
      self->backend_->trace()->Fail("multiplexer", "unreadable message");
      return;
    }
    self->Handle(message);
  });
  network_->Soon([self = shared_from_this()] {
    if (const auto observer = self->observer_) observer->OnWritten();
  });
}

void MultiplexerCall::Handle(const sse::v1::ToBackend& message) {
  if (message.has_hello() == greeted_) {
    backend_->trace()->Fail("multiplexer", "hello is not in the first message");
  }
  if (!std::exchange(greeted_, true)) {
    sse::v1::ToBridge hello;
    // The others are called in the ordinary way.
    for (const char* method : {"Log", "Mine", "Rooms", "Job"}) {
      hello.mutable_hello()->add_methods(std::string("/test.S/") + method);
    }
    Say(std::move(hello));
  }
  for (const sse::v1::Open& open : message.open()) HandleOpen(open);
  for (const sse::v1::Credit& credit : message.credit()) HandleCredit(credit);
  for (const uint64_t number : message.cancel()) {
    const auto it = streams_.find(number);
    if (it == streams_.end()) continue;
    it->second->Forget();
    streams_.erase(it);
  }
  if (message.ping() != 0) {
    sse::v1::ToBridge pong;
    pong.set_pong(message.ping());
    Say(std::move(pong));
  }
}

void MultiplexerCall::HandleOpen(const sse::v1::Open& open) {
  if (open.stream() <= last_stream_) {
    backend_->trace()->Fail("multiplexer", "number of a stream");
  }
  last_stream_ = open.stream();
  const auto stream = std::make_shared<Stream>(
      this, open.stream(), static_cast<int64_t>(open.credit()));
  streams_[open.stream()] = stream;
  backend_->Serve(stream, open.method(), open.request());
}

void MultiplexerCall::HandleCredit(const sse::v1::Credit& credit) {
  const auto it = streams_.find(credit.stream());
  if (it == streams_.end()) return;
  const std::shared_ptr<Stream> stream = it->second;
  if (stream->credit() + static_cast<int64_t>(credit.bytes()) >
      static_cast<int64_t>(backend_->window_bytes())) {
    backend_->trace()->Fail("credit within the window", credit.bytes(),
                            " bytes more than ", stream->credit());
  }
  stream->AddCredit(credit.bytes());
}

void MultiplexerCall::Say(sse::v1::ToBridge message) {
  to_bridge_.Carry(
      [self = shared_from_this(), bytes = message.SerializeAsString()] {
        if (self->broken_) return;
        const absl::string_view view = bytes;
        if (const auto observer = self->observer_) {
          observer->OnMessage({&view, 1});
        }
      });
}

void MultiplexerCall::SayFrame(sse::v1::Frame frame) {
  // A later frame may travel in the same message.
  *batch_.add_frames() = std::move(frame);
  if (batch_.frames_size() > 1) return;
  network_->After(network_->RandomDelay(absl::Milliseconds(3)),
                  [self = shared_from_this()] { self->SayBatch(); });
}

void MultiplexerCall::SayBatch() {
  sse::v1::ToBridge message;
  message.Swap(&batch_);
  Say(std::move(message));
}

}  // namespace sse_bridge
