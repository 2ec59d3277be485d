#include "bridge/feed/late_stream.h"

#include <utility>
#include <vector>

#include "bridge/feed/leave_queue.h"
#include "bridge/feed/own_events.h"

namespace sse_bridge {

class LateStream::Subscriber : public PendingSubscriber {
 public:
  Subscriber(std::shared_ptr<LateStream> stream, absl::Status status,
             bool alone)
      : stream_(std::move(stream)), status_(std::move(status)), alone_(alone) {}

  Readiness readiness() const override {
    return alone_ ? Readiness::kLost : Readiness::kReady;
  }
  absl::Status end_status() const override { return status_; }
  Metadata response_metadata() const override { return {}; }
  std::string content_type() const override { return ""; }
  void Greet(FramePtr) override {}
  void BeginWith(FramePtr) override {}
  std::weak_ptr<Feed> feed() const override { return {}; }
  void Attach(const ConnectionRef& connection,
              MembershipOptions options) override {
    stream_->Attach(connection, std::move(options));
  }

 private:
  const std::shared_ptr<LateStream> stream_;
  const absl::Status status_;
  const bool alone_;
};

class LateStream::Responder : public StreamResponder {
 public:
  explicit Responder(std::shared_ptr<LateStream> stream)
      : stream_(std::move(stream)) {}
  // The subscription has attached its feeds, if it was accepted.
  ~Responder() override {
    if (topic_ != nullptr) topic_->End(nullptr, /*error=*/false);
  }

  ConnectionRef Accept(uint32_t /*attaches*/) override {
    MutexLock lock(&stream_->mu_);
    stream_->gone_ = true;  // it needs no more attempts
    topic_ = stream_->topic_;
    if (!stream_->options_.hide_outages) topic_->Publish(BackFrame());
    return stream_->connection_;
  }
  void NoContent() override { stream_->End(absl::OkStatus()); }
  void Refuse(const absl::Status& status) override { stream_->Failed(status); }

 private:
  const std::shared_ptr<LateStream> stream_;
  std::shared_ptr<Topic> topic_;  // null until accepted
};

bool LateStream::IsTemporary(const absl::Status& status,
                             const ReconnectPolicy& policy) {
  return policy.give_up_after > absl::ZeroDuration() &&
         (IsUnreachable(status) || policy.IsLoss(status));
}

std::unique_ptr<PendingSubscriber> LateStream::Create(Options options,
                                                      absl::Status status,
                                                      bool alone) {
  return std::make_unique<Subscriber>(
      std::shared_ptr<LateStream>(new LateStream(std::move(options))),
      std::move(status), alone);
}

absl::Duration LateStream::Now() const {
  return absl::Nanoseconds(options_.delivery->MonotonicNanos());
}

void LateStream::Attach(const ConnectionRef& connection,
                        MembershipOptions options) {
  // The membership is the owner.
  options.held = std::shared_ptr<void>(
      this, [self = shared_from_this()](void*) { self->Leave(); });
  const std::shared_ptr<Topic> topic = Topic::Create(options_.delivery, {}, {});
  {
    MutexLock lock(&mu_);
    topic_ = topic;
    connection_ = connection;
    began_ = Now();
  }
  topic->Attach(connection, std::move(options),
                {AwayFrame(options_.hide_outages)});
  MutexLock lock(&mu_);
  TryAgain();
}

void LateStream::TryAgain() {
  if (gone_) return;
  options_.delivery->RunAfter(backoff_.Next(), [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Try();
  });
}

void LateStream::Try() {
  {
    MutexLock lock(&mu_);
    if (gone_) return;
  }
  options_.attempt(shared_from_this());
}

bool LateStream::gone() const {
  MutexLock lock(&mu_);
  return gone_;
}

void LateStream::Failed(const absl::Status& status) {
  {
    MutexLock lock(&mu_);
    if (IsTemporary(status, options_.policy) &&
        Now() - began_ < options_.policy.give_up_after) {
      return TryAgain();
    }
  }
  End(status);
}

void LateStream::End(const absl::Status& status) {
  std::shared_ptr<Topic> topic;
  {
    MutexLock lock(&mu_);
    if (gone_) return;
    gone_ = true;
    topic = topic_;
  }
  topic->End(options_.final_event(status), /*error=*/!status.ok());
}

std::unique_ptr<StreamResponder> LateStream::NewResponder() {
  return std::make_unique<Responder>(shared_from_this());
}

void LateStream::Leave() {
  MutexLock lock(&mu_);
  gone_ = true;
}

}  // namespace sse_bridge
