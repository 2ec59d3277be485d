#include "tests/unit/feed/fake_upstream.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kCallPatience = absl::Seconds(30);

}  // namespace

class FakeCall::Handle : public StreamCall {
 public:
  explicit Handle(std::shared_ptr<FakeCall> call) : call_(std::move(call)) {}
  ~Handle() override { call_->Cancel(); }
  void Read() override { call_->Read(); }
  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<FakeCall> call_;
};

class FakeUnaryCall::Handle : public UnaryCall {
 public:
  explicit Handle(std::shared_ptr<FakeUnaryCall> call)
      : call_(std::move(call)) {}
  ~Handle() override { call_->Cancel(); }
  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<FakeUnaryCall> call_;
};

void FakeCall::Push(Event event) {
  MutexLock lock(&upstream_->mu_);
  if (done_) return;
  events_.push_back(std::move(event));
  upstream_->ready_.push_back(shared_from_this());
  upstream_->changed_.notify_all();
}

void FakeCall::Open() { Push({Event::What::kOpen, "", absl::OkStatus()}); }

void FakeCall::Send(std::string message) {
  Push({Event::What::kMessage, std::move(message), absl::OkStatus()});
}

void FakeCall::End(absl::Status status) {
  Push({Event::What::kEnd, "", std::move(status)});
}

void FakeCall::Read() {
  MutexLock lock(&upstream_->mu_);
  asked_ = true;
  upstream_->ready_.push_back(shared_from_this());
  upstream_->changed_.notify_all();
}

void FakeCall::Cancel() {
  MutexLock lock(&upstream_->mu_);
  if (done_ || cancelled_) return;
  cancelled_ = true;
  events_.clear();
  events_.push_back({Event::What::kEnd, "", absl::CancelledError("cancelled")});
  upstream_->ready_.push_back(shared_from_this());
  upstream_->changed_.notify_all();
}

// Passes on one event, if one may be passed on. Called on the upstream's
// thread.
bool FakeCall::Pump(FakeUpstream* upstream) {
  std::shared_ptr<StreamObserver> observer;
  Event event;
  {
    MutexLock lock(&upstream->mu_);
    if (done_ || events_.empty()) return false;
    const Event::What what = events_.front().what;
    if (what != Event::What::kOpen && !asked_ && !cancelled_) return false;
    event = std::move(events_.front());
    events_.pop_front();
    if (what == Event::What::kMessage) asked_ = false;
    observer = what == Event::What::kEnd ? std::move(observer_) : observer_;
  }
  switch (event.what) {
    case Event::What::kOpen:
      observer->OnOpen();
      break;
    case Event::What::kMessage: {
      // In two slices, as gRPC may deliver it.
      const absl::string_view whole = event.message;
      const absl::string_view slices[] = {whole.substr(0, whole.size() / 2),
                                          whole.substr(whole.size() / 2)};
      observer->OnMessage(slices);
      break;
    }
    case Event::What::kEnd:
      observer->OnDone(event.status);
      observer = nullptr;
      break;
  }
  MutexLock lock(&upstream->mu_);
  if (event.what == Event::What::kMessage) ++delivered_;
  if (event.what == Event::What::kEnd) {
    done_ = true;
    events_.clear();
  }
  upstream->changed_.notify_all();
  return true;
}

bool FakeCall::WaitFor(const std::function<bool()>& holds) const {
  const absl::Time deadline = absl::Now() + kCallPatience;
  MutexLock lock(&upstream_->mu_);
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    upstream_->changed_.wait_for(upstream_->mu_, std::chrono::seconds(1));
  }
  return true;
}

bool FakeCall::WaitDelivered(int at_least) const {
  return WaitFor([&] { return delivered_ >= at_least; });
}
bool FakeCall::WaitCancelled() const {
  return WaitFor([&] { return cancelled_; });
}
bool FakeCall::WaitDone() const {
  return WaitFor([&] { return done_; });
}

int FakeCall::delivered() const {
  MutexLock lock(&upstream_->mu_);
  return delivered_;
}
bool FakeCall::cancelled() const {
  MutexLock lock(&upstream_->mu_);
  return cancelled_;
}
bool FakeCall::done() const {
  MutexLock lock(&upstream_->mu_);
  return done_;
}

FakeUpstream::FakeUpstream() : thread_([this] { Run(); }) {}

FakeUpstream::~FakeUpstream() {
  std::vector<std::shared_ptr<FakeCall>> calls;
  std::vector<std::shared_ptr<FakeUnaryCall>> unary_calls;
  {
    MutexLock lock(&mu_);
    calls = calls_;
    unary_calls = unary_calls_;
  }
  for (const auto& call : unary_calls) {
    call->Finish(absl::CancelledError("cancelled"), "");
  }
  for (const auto& call : calls) call->Cancel();
  for (const auto& call : calls) call->WaitDone();
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void FakeUpstream::Run() {
  for (;;) {
    std::shared_ptr<FakeCall> call;
    {
      MutexLock lock(&mu_);
      busy_ = false;
      changed_.notify_all();
      while (ready_.empty() && !stop_) changed_.wait(mu_);
      if (ready_.empty()) return;
      call = std::move(ready_.front());
      ready_.pop_front();
      busy_ = true;
    }
    while (call->Pump(this)) {
    }
  }
}

std::shared_ptr<StreamCall> FakeUpstream::StartStream(
    absl::string_view path, std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  auto call = std::make_shared<FakeCall>();
  call->upstream_ = this;
  call->path_ = std::string(path);
  call->request_ = std::move(request);
  call->metadata_ = std::move(options.metadata);
  call->observer_ = std::move(observer);
  Script script;
  {
    MutexLock lock(&mu_);
    calls_.push_back(call);
    script = on_start_;
    changed_.notify_all();
  }
  if (script) script(call.get());
  return std::make_shared<FakeCall::Handle>(call);
}

std::shared_ptr<UnaryCall> FakeUpstream::StartUnary(absl::string_view path,
                                                    std::string request,
                                                    CallOptions options,
                                                    UnaryDone done) {
  auto call = std::make_shared<FakeUnaryCall>();
  call->upstream_ = this;
  call->path_ = std::string(path);
  call->request_ = std::move(request);
  call->options_ = std::move(options);
  call->done_ = std::move(done);
  {
    MutexLock lock(&mu_);
    unary_calls_.push_back(call);
    changed_.notify_all();
  }
  return std::make_shared<FakeUnaryCall::Handle>(std::move(call));
}

void FakeUnaryCall::Finish(absl::Status status, std::string response) {
  Upstream::UnaryDone done;
  {
    MutexLock lock(&upstream_->mu_);
    done.swap(done_);
  }
  if (done) done(std::move(status), std::move(response));
}

void FakeUnaryCall::Cancel() {
  MutexLock lock(&upstream_->mu_);
  if (done_ == nullptr) return;
  cancelled_ = true;
  upstream_->changed_.notify_all();
}

bool FakeUnaryCall::WaitCancelled() const {
  const absl::Time deadline = absl::Now() + kCallPatience;
  MutexLock lock(&upstream_->mu_);
  while (!cancelled_) {
    if (done_ == nullptr || absl::Now() > deadline) return false;
    upstream_->changed_.wait_for(upstream_->mu_, std::chrono::seconds(1));
  }
  return true;
}

std::shared_ptr<FakeUnaryCall> FakeUpstream::WaitUnary(size_t index) {
  const absl::Time deadline = absl::Now() + kCallPatience;
  MutexLock lock(&mu_);
  while (unary_calls_.size() <= index) {
    if (absl::Now() > deadline) return nullptr;
    changed_.wait_for(mu_, std::chrono::seconds(1));
  }
  return unary_calls_[index];
}

size_t FakeUpstream::unary_calls() const {
  MutexLock lock(&mu_);
  return unary_calls_.size();
}

void FakeUpstream::OnStart(Script script) {
  MutexLock lock(&mu_);
  on_start_ = std::move(script);
}

std::shared_ptr<FakeCall> FakeUpstream::WaitCall(size_t index) {
  const absl::Time deadline = absl::Now() + kCallPatience;
  MutexLock lock(&mu_);
  while (calls_.size() <= index) {
    if (absl::Now() > deadline) return nullptr;
    changed_.wait_for(mu_, std::chrono::seconds(1));
  }
  return calls_[index];
}

size_t FakeUpstream::calls() const {
  MutexLock lock(&mu_);
  return calls_.size();
}

size_t FakeUpstream::active() const {
  MutexLock lock(&mu_);
  return static_cast<size_t>(
      std::count_if(calls_.begin(), calls_.end(),
                    [](const auto& call) { return !call->done_; }));
}

void FakeUpstream::Settle() {
  MutexLock lock(&mu_);
  while (busy_ || !ready_.empty()) changed_.wait(mu_);
}

}  // namespace sse_bridge
