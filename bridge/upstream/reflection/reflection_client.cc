#include "bridge/upstream/reflection/reflection_client.h"

#include <array>
#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {
namespace {

namespace v1 = ::grpc::reflection::v1;

// Both versions use the same messages.
constexpr std::array<absl::string_view, 2> kPaths = {
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
};

// Receives the first message and the end of a call.
class OneAnswer : public StreamObserver {
 public:
  void OnMessage(absl::Span<const absl::string_view> slices) override {
    MutexLock lock(&mu_);
    answer_.emplace();
    for (absl::string_view slice : slices) {
      answer_->append(slice.data(), slice.size());
    }
    changed_.notify_all();
  }

  void OnDone(const absl::Status& status) override {
    MutexLock lock(&mu_);
    end_ = status;
    changed_.notify_all();
  }

  // Returns nullopt if nothing has happened until `until`.
  std::optional<absl::StatusOr<std::string>> WaitUntil(
      std::chrono::steady_clock::time_point until) {
    MutexLock lock(&mu_);
    while (!answer_.has_value() && !end_.has_value()) {
      if (changed_.wait_until(mu_, until) == std::cv_status::timeout) break;
    }
    if (answer_.has_value()) return *std::move(answer_);
    if (!end_.has_value()) return std::nullopt;
    if (end_->ok()) {
      return absl::DataLossError("the call ended without a response");
    }
    return *end_;
  }

 private:
  Mutex mu_;
  std::condition_variable_any changed_;
  std::optional<std::string> answer_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

ReflectionClient::ReflectionClient(Upstream* upstream, absl::Duration timeout,
                                   const ReflectionWatcher& watcher)
    : upstream_(upstream),
      deadline_(absl::Now() + timeout),
      watcher_(watcher) {}

absl::Status ReflectionClient::Error(absl::StatusCode code,
                                     absl::string_view what,
                                     absl::string_view why) const {
  return absl::Status(
      code, absl::StrCat("gRPC reflection of ", upstream_->address(), ": ",
                         what, ": ", why));
}

absl::StatusOr<std::string> ReflectionClient::Call(
    absl::string_view path, const v1::ServerReflectionRequest& request) {
  CallOptions options;
  options.deadline = deadline_;
  options.wait_for_ready = true;
  auto observer = std::make_shared<OneAnswer>();
  const std::shared_ptr<StreamCall> call = upstream_->StartStream(
      path, request.SerializeAsString(), std::move(options), observer);
  // The call ends at its deadline at the latest.
  for (;;) {
    auto answer = observer->WaitUntil(next_tick_);
    if (answer.has_value()) return *std::move(answer);
    next_tick_ = std::chrono::steady_clock::now() +
                 absl::ToChronoNanoseconds(kReflectionTick);
    if (watcher_ == nullptr) continue;
    const auto waited = std::chrono::steady_clock::now() - start_;
    if (!watcher_({absl::FromChrono(waited), version_known_, files_})) {
      return absl::CancelledError("stopped before the answer");
    }
  }
}

// Uses the version that works, which the first request determines. Makes one
// call per request: the backend ends it after its only request, so no state
// is kept.
absl::StatusOr<v1::ServerReflectionResponse> ReflectionClient::Ask(
    const v1::ServerReflectionRequest& request, absl::string_view what) {
  absl::StatusOr<std::string> bytes = Call(kPaths[version_], request);
  while (absl::IsUnimplemented(bytes.status()) && !version_known_ &&
         version_ + 1 < kPaths.size()) {
    ++version_;
    bytes = Call(kPaths[version_], request);
  }
  if (absl::IsUnimplemented(bytes.status()) && !version_known_) {
    return Error(absl::StatusCode::kUnimplemented, what,
                 "the backend has no reflection service (neither v1 nor "
                 "v1alpha)");
  }
  if (!bytes.ok()) {
    return Error(bytes.status().code(), what, bytes.status().message());
  }
  version_known_ = true;
  v1::ServerReflectionResponse response;
  if (!response.ParseFromString(*bytes)) {
    return Error(absl::StatusCode::kDataLoss, what,
                 "the response is not a ServerReflectionResponse");
  }
  if (response.has_error_response()) {
    const v1::ErrorResponse& error = response.error_response();
    const int number = error.error_code();
    return Error(number > 0 && number <= 16
                     ? static_cast<absl::StatusCode>(number)
                     : absl::StatusCode::kUnknown,
                 what, error.error_message());
  }
  return response;
}

}  // namespace sse_bridge
