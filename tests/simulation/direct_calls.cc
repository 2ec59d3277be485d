#include "tests/simulation/direct_calls.h"

#include <algorithm>

namespace sse_bridge {

void Link::Carry(std::function<void()> arrival) {
  const int64_t now = network_->clock()->MonotonicNanos();
  const absl::Duration delay =
      network_->RandomDelay(network_->options().max_delay);
  last_arrival_ =
      std::max(last_arrival_, now + absl::ToInt64Nanoseconds(delay));
  network_->After(absl::Nanoseconds(last_arrival_ - now), std::move(arrival));
}

class DirectStream::BridgeSide final : public StreamCall {
 public:
  explicit BridgeSide(std::shared_ptr<DirectStream> stream)
      : stream_(std::move(stream)) {}
  ~BridgeSide() override { stream_->Cancel(); }
  void Read() override { stream_->Read(); }
  void Cancel() override { stream_->Cancel(); }

 private:
  const std::shared_ptr<DirectStream> stream_;
};

std::shared_ptr<StreamCall> DirectStream::Handle() {
  return std::make_shared<BridgeSide>(shared_from_this());
}

void DirectStream::Carry(Item item) {
  if (gone() || ended_) return;
  link_.Carry(
      [self = shared_from_this(), losses = losses_, item = std::move(item)] {
        if (self->losses_ != losses) return;
        self->arrived_.push_back(item);
        self->Pump();
      });
}

void DirectStream::Open() { Carry({Item::What::kOpen, "", {}}); }

void DirectStream::Send(std::string message) {
  Carry({Item::What::kMessage, std::move(message), {}});
}

void DirectStream::End(const absl::Status& status) {
  Carry({Item::What::kEnd, "", status});
  ended_ = true;
}

void DirectStream::Break() {
  if (ended_ && arrived_.empty()) return;  // on its way
  ended_ = false;
  ++losses_;
  if (network_->OneIn(2)) {
    while (!arrived_.empty() && network_->OneIn(2)) arrived_.pop_back();
  }
  End(absl::UnavailableError("the backend could not be reached"));
}

void DirectStream::Read() {
  if (asked_) return;
  asked_ = true;
  PumpSoon();
}

void DirectStream::Cancel() {
  if (cancelled_ || observer_ == nullptr) return;
  cancelled_ = true;
  PumpSoon();
}

void DirectStream::PumpSoon() {
  network_->After(network_->RandomDelay(absl::Milliseconds(2)),
                  [self = shared_from_this()] { self->Pump(); });
}

void DirectStream::Pump() {
  while (observer_ != nullptr) {
    if (cancelled_) {
      const auto observer = std::exchange(observer_, nullptr);
      observer->OnDone(absl::CancelledError("cancelled"));
      return;
    }
    if (arrived_.empty()) return;
    if (arrived_.front().what != Item::What::kOpen && !asked_) return;
    const Item item = std::move(arrived_.front());
    arrived_.pop_front();
    switch (item.what) {
      case Item::What::kOpen:
        observer_->OnOpen();
        break;
      case Item::What::kMessage: {
        asked_ = false;
        const absl::string_view bytes = item.message;
        const auto observer = observer_;
        observer->OnMessage({&bytes, bytes.empty() ? size_t{0} : size_t{1}});
        break;
      }
      case Item::What::kEnd: {
        const auto observer = std::exchange(observer_, nullptr);
        observer->OnDone(item.status);
        return;
      }
    }
  }
}

class DirectUnary::BridgeSide final : public UnaryCall {
 public:
  explicit BridgeSide(std::shared_ptr<DirectUnary> call)
      : call_(std::move(call)) {}
  ~BridgeSide() override { Cancel(); }
  void Cancel() override {
    call_->FinishSoon(absl::CancelledError("cancelled"), "");
  }

 private:
  const std::shared_ptr<DirectUnary> call_;
};

std::shared_ptr<UnaryCall> DirectUnary::Handle() {
  return std::make_shared<BridgeSide>(shared_from_this());
}

void DirectUnary::FinishSoon(absl::Status status, std::string response) {
  if (done_ == nullptr) return;
  network_->After(
      network_->RandomDelay(absl::Milliseconds(2)),
      [self = shared_from_this(), status = std::move(status),
       response = std::move(response)] { self->Finish(status, response); });
}

void DirectUnary::Finish(absl::Status status, std::string response) {
  if (done_ == nullptr) return;
  const Upstream::UnaryDone done = std::exchange(done_, nullptr);
  done(std::move(status), std::move(response));
}

}  // namespace sse_bridge
