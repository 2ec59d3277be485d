#include "bridge/feed/admission_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/random_fraction.h"

namespace sse_bridge {
namespace {

// The first delay between two attempts to renew while the backend is away.
constexpr absl::Duration kFirstRetry = absl::Seconds(1);

// Whether the backend may have executed a call that failed with this status.
bool MayHaveEntered(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

// Spreads the renewals of clients that came together.
double Spread() { return 0.5 + RandomFraction() / 2; }

}  // namespace

std::shared_ptr<AdmissionSession> AdmissionSession::Start(Context context,
                                                          Config config,
                                                          absl::Time deadline,
                                                          Entered entered) {
  std::shared_ptr<AdmissionSession> session(new AdmissionSession(
      std::move(context), std::move(config), std::move(entered)));
  session->Call(/*number=*/1, deadline);
  return session;
}

AdmissionSession::AdmissionSession(Context context, Config config,
                                   Entered entered)
    : context_(std::move(context)),
      config_(std::move(config)),
      entered_(std::move(entered)),
      call_started_(Now()) {
  context_.stats->sessions.fetch_add(1);
}

AdmissionSession::~AdmissionSession() { context_.stats->sessions.fetch_sub(1); }

absl::Duration AdmissionSession::Now() const {
  return absl::Nanoseconds(context_.delivery->MonotonicNanos());
}

void AdmissionSession::Count(const char* result) const {
  context_.stats->results.Add(config_.method, result);
}

std::shared_ptr<void> AdmissionSession::Hold() {
  return std::shared_ptr<void>(
      this, [self = shared_from_this()](void*) { self->End(); });
}

void AdmissionSession::Call(uint64_t number, absl::Time deadline) {
  CallOptions options;
  if (config_.metadata != nullptr) options.metadata = *config_.metadata;
  options.deadline = deadline;
  std::shared_ptr<UnaryCall> call = config_.upstream->StartUnary(
      config_.path, config_.request, std::move(options),
      [self = shared_from_this(), number](absl::Status status,
                                          std::string response) {
        self->OnCallDone(number, std::move(status), std::move(response));
      });
  MutexLock lock(&mu_);
  // It may be done already.
  if (calling_ && call_number_ == number) call_ = std::move(call);
}

void AdmissionSession::OnCallDone(uint64_t number, absl::Status status,
                                  std::string response) {
  std::shared_ptr<UnaryCall> call;  // released after the lock
  Entered entered;
  std::function<void(const absl::Status&)> end;
  absl::Status refusal;
  bool leave = false;
  {
    MutexLock lock(&mu_);
    if (!calling_ || call_number_ != number) return;
    calling_ = false;
    call = std::move(call_);
    if (state_ == State::kEntering) {
      entered = std::move(entered_);
      entered_ = nullptr;
      OnEntered(status);
      leave = state_ == State::kGone && MayHaveEntered(status);
    } else {
      OnRenewed(status, &refusal);
      if (!refusal.ok()) {
        refusal_ = refusal;
        end = std::move(end_);
        end_ = nullptr;
      }
    }
    leave = TakeLeave() || leave;
  }
  if (leave) Leave();
  if (end) end(refusal);
  if (!entered) return;
  if (status.ok()) {
    entered(std::move(response));
  } else {
    entered(std::move(status));
  }
}

void AdmissionSession::OnEntered(const absl::Status& status) {
  if (!status.ok()) {
    state_ = State::kGone;
    Count(IsUnreachable(status) ? "failed" : "refused");
    return;
  }
  state_ = State::kIn;
  Count("entered");
  if (ended_ || config_.renew <= absl::ZeroDuration()) return;
  RenewAfter(call_started_ + config_.renew * Spread() - Now());
}

void AdmissionSession::OnRenewed(const absl::Status& status,
                                 absl::Status* refusal) {
  if (ended_) return;
  const absl::Duration now = Now();
  if (status.ok()) {
    failures_ = 0;
    Count("renewed");
    RenewAfter(call_started_ + config_.renew - now);
    return;
  }
  if (!IsUnreachable(status) && !config_.reconnect.IsLoss(status)) {
    Count("renewal_refused");
    *refusal = status;
    return;
  }
  if (failures_++ == 0) failing_since_ = call_started_;
  if (now - failing_since_ >= config_.reconnect.give_up_after) {
    Count("gave_up");
    *refusal = absl::UnavailableError(
        "the backend could not be reached to renew the admission");
    return;
  }
  constexpr int kMaxShift = 16;
  const absl::Duration wait =
      kFirstRetry * (1 << std::min(failures_ - 1, kMaxShift));
  RenewAfter(std::min(wait, config_.renew) * Spread());
}

void AdmissionSession::RenewAfter(absl::Duration delay) {
  timer_ = context_.delivery->RunAfter(std::max(delay, absl::ZeroDuration()),
                                       [weak = weak_from_this()] {
                                         if (auto self = weak.lock())
                                           self->Renew();
                                       });
}

void AdmissionSession::Renew() {
  uint64_t number;
  {
    MutexLock lock(&mu_);
    if (ended_ || calling_ || state_ != State::kIn) return;
    calling_ = true;
    number = ++call_number_;
    call_started_ = Now();
  }
  Call(number, context_.delivery->WallTime() + config_.timeout);
}

void AdmissionSession::Joined(std::function<void(const absl::Status&)> end) {
  absl::Status refusal;
  {
    MutexLock lock(&mu_);
    if (refusal_.ok()) {
      end_ = std::move(end);
      return;
    }
    refusal = refusal_;
  }
  end(refusal);
}

void AdmissionSession::End() {
  std::function<void(const absl::Status&)> end;  // released after the lock
  bool leave;
  {
    MutexLock lock(&mu_);
    if (ended_) return;
    ended_ = true;
    end = std::move(end_);
    end_ = nullptr;
    if (timer_ != 0) context_.delivery->Cancel(timer_);
    leave = TakeLeave();
  }
  if (leave) Leave();
}

bool AdmissionSession::TakeLeave() {
  if (!ended_ || calling_ || state_ != State::kIn) return false;
  state_ = State::kGone;
  return true;
}

void AdmissionSession::Leave() {
  if (config_.leaves != nullptr) config_.leaves->Add(config_.leave);
}

}  // namespace sse_bridge
