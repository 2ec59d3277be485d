#include "bridge/feed/subscription.h"

#include <algorithm>
#include <utility>

namespace sse_bridge {

Subscription::Subscription(Delivery* delivery, Options options,
                           std::unique_ptr<StreamResponder> responder)
    : delivery_(delivery),
      options_(options),
      responder_(std::move(responder)) {}

void Subscription::Add(std::unique_ptr<PendingSubscriber> subscriber,
                       MembershipOptions options) {
  MutexLock lock(&mu_);
  parts_.push_back(Part{std::move(subscriber), options});
}

void Subscription::Start() {
  {
    MutexLock lock(&mu_);
    // The browser may have disconnected before Start; nothing would release
    // self_ later.
    if (decided_) return;
    started_ = true;
    self_ = shared_from_this();
  }
  Decide(/*grace_is_over=*/false);
  {
    MutexLock lock(&mu_);
    if (decided_) return;
    // Nothing is sent before the first message, no matter how long that takes.
    if (options_.raw && options_.too_late.ok()) return;
  }
  delivery_->RunAfter(options_.grace, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Decide(/*grace_is_over=*/true);
  });
}

void Subscription::OnFeedReady() { Decide(/*grace_is_over=*/false); }

// Waiting longer for the other feeds would lose events of this one, and again
// at each further attempt of the client.
void Subscription::OnFeedFull() { Decide(/*grace_is_over=*/true); }

void Subscription::Abandon() {
  std::unique_ptr<StreamResponder> responder;
  std::vector<Part> parts;
  std::shared_ptr<Subscription> self;
  MutexLock lock(&mu_);
  if (decided_) return;
  decided_ = true;
  responder = std::move(responder_);
  parts = std::move(parts_);
  self = std::move(self_);
}

void Subscription::Decide(bool grace_is_over) {
  // Released only after the lock: destroying a pending subscriber calls into
  // its feed.
  std::shared_ptr<Subscription> self;
  std::unique_ptr<StreamResponder> responder;
  std::vector<Part> parts;
  absl::Status refusal;
  Decision decision;
  {
    MutexLock lock(&mu_);
    if (!started_ || decided_) return;
    decision = Judge(grace_is_over, &refusal);
    if (decision == Decision::kWait) return;
    decided_ = true;
    responder = std::move(responder_);
    parts = std::move(parts_);
    self = std::move(self_);
  }
  Metadata metadata;
  for (const Part& part : parts) {
    for (auto& each : part.subscriber->response_metadata()) {
      // Several calls of one request may send the same metadata.
      if (std::find(metadata.begin(), metadata.end(), each) == metadata.end()) {
        metadata.push_back(std::move(each));
      }
    }
  }
  if (!metadata.empty()) responder->OnMetadata(std::move(metadata));
  switch (decision) {
    case Decision::kWait:
      break;
    case Decision::kNoContent:
      responder->NoContent();
      break;
    case Decision::kRefuse:
      responder->Refuse(refusal);
      break;
    case Decision::kAccept: {
      if (options_.raw) {
        responder->OnContentType(parts[0].subscriber->content_type());
      }
      const ConnectionRef connection =
          responder->Accept(static_cast<uint32_t>(parts.size()));
      for (Part& part : parts)
        part.subscriber->Attach(connection, part.options);
      break;
    }
  }
}

Subscription::Decision Subscription::Judge(bool grace_is_over,
                                           absl::Status* refusal) const {
  size_t waiting = 0, ready = 0, ended = 0;  // or lost
  for (const Part& part : parts_) {
    switch (part.subscriber->readiness()) {
      case PendingSubscriber::Readiness::kWaiting:
        ++waiting;
        break;
      case PendingSubscriber::Readiness::kReady:
        ++ready;
        break;
      case PendingSubscriber::Readiness::kEnded:
      case PendingSubscriber::Readiness::kLost:
        ++ended;
        if (absl::Status status = part.subscriber->end_status(); !status.ok()) {
          if (!options_.bundle) {
            *refusal = std::move(status);
            return Decision::kRefuse;
          }
          if (refusal->ok()) *refusal = std::move(status);
        }
        break;
    }
  }
  if (ended == parts_.size()) {
    return refusal->ok() ? Decision::kNoContent : Decision::kRefuse;
  }
  if (waiting > 0 && !grace_is_over) return Decision::kWait;
  if (ready == 0 && !options_.too_late.ok()) {
    *refusal = options_.too_late;
    return Decision::kRefuse;
  }
  return Decision::kAccept;
}

}  // namespace sse_bridge
