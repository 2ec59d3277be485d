#include "bridge/feed/start_at_subscriber.h"

#include <utility>

#include "bridge/feed/refused_subscriber.h"

namespace sse_bridge {
namespace {

// Doubles each time.
constexpr absl::Duration kFirstDelay = absl::Milliseconds(2);

}  // namespace

StartAtSubscriber::StartAtSubscriber(
    Delivery* delivery, Join join,
    std::function<FramePtr(const absl::Status&)> status_frame,
    std::weak_ptr<FeedWaiter> waiter)
    : shared_(std::make_shared<Shared>()) {
  shared_->delivery = delivery;
  shared_->join = std::move(join);
  shared_->status_frame = std::move(status_frame);
  shared_->waiter = std::move(waiter);
}

StartAtSubscriber::~StartAtSubscriber() {
  // Released after the lock: it leaves its feed.
  std::unique_ptr<PendingSubscriber> inner;
  MutexLock lock(&shared_->mu);
  shared_->gone = true;
  inner = std::move(shared_->inner);
}

void StartAtSubscriber::Start() {
  Ask(shared_, kFirstDelay, absl::ZeroDuration());
}

void StartAtSubscriber::Ask(const std::shared_ptr<Shared>& shared,
                            absl::Duration delay, absl::Duration asked) {
  {
    MutexLock lock(&shared->mu);
    if (shared->gone || shared->inner != nullptr) return;
  }
  const bool last = asked >= kPatience;
  std::unique_ptr<PendingSubscriber> inner;
  if (last) {
    inner = JoinNow(*shared);
  } else if (auto joined = shared->join(/*start=*/false); !joined.ok()) {
    inner = std::make_unique<RefusedSubscriber>(
        shared->delivery, joined.status(),
        shared->status_frame(joined.status()));
  } else {
    inner = *std::move(joined);
  }
  if (inner == nullptr) {
    shared->delivery->RunAfter(delay, [shared, delay, asked] {
      Ask(shared, 2 * delay, asked + delay);
    });
    return;
  }
  std::weak_ptr<FeedWaiter> waiter;
  {
    MutexLock lock(&shared->mu);
    if (shared->gone) return;
    if (shared->greeting) inner->Greet(shared->greeting);
    if (shared->reset) inner->BeginWith(shared->reset);
    shared->feed = inner->feed();
    shared->inner = std::move(inner);
    waiter = shared->waiter;
  }
  if (auto waiting = waiter.lock()) waiting->OnFeedReady();
}

std::unique_ptr<PendingSubscriber> StartAtSubscriber::JoinNow(
    const Shared& shared) {
  auto joined = shared.join(/*start=*/true);
  if (joined.ok() && *joined != nullptr) return *std::move(joined);
  const absl::Status status =
      joined.ok() ? absl::UnavailableError("the stream could not be joined")
                  : joined.status();
  return std::make_unique<RefusedSubscriber>(shared.delivery, status,
                                             shared.status_frame(status));
}

PendingSubscriber::Readiness StartAtSubscriber::readiness() const {
  MutexLock lock(&shared_->mu);
  return shared_->inner == nullptr ? Readiness::kWaiting
                                   : shared_->inner->readiness();
}

absl::Status StartAtSubscriber::end_status() const {
  MutexLock lock(&shared_->mu);
  return shared_->inner == nullptr ? absl::OkStatus()
                                   : shared_->inner->end_status();
}

Metadata StartAtSubscriber::response_metadata() const {
  MutexLock lock(&shared_->mu);
  return shared_->inner == nullptr ? Metadata()
                                   : shared_->inner->response_metadata();
}

void StartAtSubscriber::Greet(FramePtr frame) {
  MutexLock lock(&shared_->mu);
  shared_->greeting = frame;
  if (shared_->inner != nullptr) shared_->inner->Greet(std::move(frame));
}

void StartAtSubscriber::BeginWith(FramePtr frame) {
  MutexLock lock(&shared_->mu);
  shared_->reset = frame;
  if (shared_->inner != nullptr) shared_->inner->BeginWith(std::move(frame));
}

std::weak_ptr<Feed> StartAtSubscriber::feed() const {
  MutexLock lock(&shared_->mu);
  return shared_->feed;
}

void StartAtSubscriber::Attach(const ConnectionRef& connection,
                               MembershipOptions options) {
  std::unique_ptr<PendingSubscriber> inner;
  FramePtr greeting, reset;
  {
    MutexLock lock(&shared_->mu);
    shared_->gone = true;  // no more timers
    inner = std::move(shared_->inner);
    greeting = shared_->greeting;
    reset = shared_->reset;
  }
  if (inner == nullptr) {
    // The response does not wait any longer.
    inner = JoinNow(*shared_);
    if (greeting) inner->Greet(greeting);
    if (reset) inner->BeginWith(reset);
    MutexLock lock(&shared_->mu);
    shared_->feed = inner->feed();
  }
  inner->Attach(connection, std::move(options));
}

}  // namespace sse_bridge
