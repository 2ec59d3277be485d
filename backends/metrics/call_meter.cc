#include "backends/metrics/call_meter.h"

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "backends/stream/multiplexed_call.h"

namespace sse_bridge {
namespace {

constexpr char kSubjectMetadata[] = "x-sse-subject";
constexpr absl::Duration kUserStaysActive = absl::Minutes(1);

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::ServerRpcInfo;

// A client that disconnects is not an error.
bool IsFailure(const grpc::Status& status) {
  return !status.ok() && status.error_code() != grpc::StatusCode::CANCELLED;
}

// State of one call.
class MeterInterceptor : public grpc::experimental::Interceptor {
 public:
  MeterInterceptor(CallMeter* meter, bool unary)
      : meter_(meter), unary_(unary), began_(absl::Now()) {}

  ~MeterInterceptor() override {
    if (seen_) {
      meter_->CallEnded(subject_, failed_, unary_, absl::Now() - began_);
    }
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(
            InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      const auto* metadata = batch->GetRecvInitialMetadata();
      if (auto it = metadata->find(kSubjectMetadata); it != metadata->end()) {
        subject_ = std::string(it->second.data(), it->second.size());
      }
      seen_ = true;
      meter_->CallBegan(subject_);
    }
    if (batch->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_STATUS)) {
      failed_ = IsFailure(batch->GetSendStatus());
    }
    batch->Proceed();
  }

 private:
  CallMeter* const meter_;  // must outlive this object
  const bool unary_;
  const absl::Time began_;
  std::string subject_;
  bool seen_ = false;
  bool failed_ = false;
};

class MeterFactory
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit MeterFactory(CallMeter* meter) : meter_(meter) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      ServerRpcInfo* info) override {
    // "/grpc.health.v1.Health/Check", "/grpc.reflection. ...", and the call
    // that carries others.
    if (absl::StartsWith(info->method(), "/grpc.") ||
        absl::StartsWith(info->method(), "/sse.v1.Multiplexer/")) {
      return nullptr;
    }
    return new MeterInterceptor(meter_,
                                info->type() == ServerRpcInfo::Type::UNARY);
  }

 private:
  CallMeter* const meter_;  // must outlive this object
};

}  // namespace

CallMeter::Second& CallMeter::Now() {
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  Second& second = seconds_[static_cast<size_t>(now) % seconds_.size()];
  if (second.second != now) {
    second = Second();
    second.second = now;
  }
  return second;
}

void CallMeter::CallBegan(const std::string& subject) {
  MutexLock lock(&mu_);
  ++Now().began;
  if (subject.empty()) return;
  User& user = users_[subject];
  ++user.open;
  user.last_seen = absl::Now();
}

void CallMeter::CallEnded(const std::string& subject, bool failed, bool unary,
                          absl::Duration duration) {
  MutexLock lock(&mu_);
  Second& now = Now();
  ++now.ended;
  if (failed) ++now.failed;
  if (unary) {
    ++now.unary;
    now.latency_ms += absl::ToDoubleMilliseconds(duration);
  }
  if (auto it = users_.find(subject); it != users_.end()) {
    --it->second.open;
    it->second.last_seen = absl::Now();
  }
}

CallMeter::Reading CallMeter::Read() {
  MutexLock lock(&mu_);
  const absl::Time now = absl::Now();
  const int64_t second = absl::ToUnixSeconds(now);
  Reading reading;
  int began = 0, ended = 0, failed = 0, unary = 0;
  double latency_ms = 0;
  for (const Second& each : seconds_) {
    // The current second is not complete yet.
    if (each.second >= second || each.second < second - kWindowSeconds)
      continue;
    began += each.began;
    ended += each.ended;
    failed += each.failed;
    unary += each.unary;
    latency_ms += each.latency_ms;
  }
  reading.requests_per_sec = static_cast<double>(began) / kWindowSeconds;
  if (ended > 0) reading.error_rate = static_cast<double>(failed) / ended;
  if (unary > 0) reading.avg_latency_ms = latency_ms / unary;
  for (auto it = users_.begin(); it != users_.end();) {
    if (it->second.open <= 0 && now - it->second.last_seen > kUserStaysActive) {
      users_.erase(it++);
    } else {
      ++it;
    }
  }
  reading.active_users = static_cast<int>(users_.size());
  return reading;
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeCallMeterInterceptor(CallMeter* meter) {
  return std::make_unique<MeterFactory>(meter);
}

decltype(MultiplexedMethods::began) MakeCallMeterHook(CallMeter* meter) {
  return [meter](absl::string_view, const MultiplexedCall& call) {
    std::string subject;
    for (const auto& [name, value] : call.metadata()) {
      if (name == kSubjectMetadata) subject = value;
    }
    meter->CallBegan(subject);
    return [meter, subject, began = absl::Now()](const grpc::Status& status) {
      meter->CallEnded(subject, IsFailure(status), /*unary=*/false,
                       absl::Now() - began);
    };
  };
}

}  // namespace sse_bridge
