#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/upstream/direct/direct_call.h"

namespace sse_bridge {
namespace {

class DirectUnary final : public DirectCall {
 public:
  DirectUnary(absl::string_view path, std::string request, CallOptions options,
              Upstream::UnaryDone done)
      : DirectCall(path, std::move(request), std::move(options)),
        done_(std::move(done)) {}

 private:
  void OnBody(absl::string_view bytes) override {
    Consumed(bytes.size());
    if (reader_ == nullptr) {
      reader_ = std::make_unique<GrpcMessageReader>(max_message_bytes());
    }
    for (;;) {
      absl::string_view message;
      switch (reader_->Next(&bytes, &message)) {
        case GrpcMessageReader::State::kPartial:
          return;
        case GrpcMessageReader::State::kRefused:
          End(reader_->refusal());
          return;
        case GrpcMessageReader::State::kMessage:
          if (std::exchange(answered_, true)) {
            End(absl::InternalError("the backend answered with two messages"));
            return;
          }
          response_ = std::string(message);
      }
    }
  }

  void OnEnd(absl::Status status, bool) override {
    if (status.ok() && !answered_) {
      status = absl::InternalError("the backend answered OK without a message");
    } else if (status.ok() && !reader_->at_boundary()) {
      status = absl::InternalError("the backend's answer cannot be read");
    }
    if (!status.ok()) response_.clear();
    TellMetadata();
    const Upstream::UnaryDone done = std::move(done_);
    Done();
    done(std::move(status), std::move(response_));
  }

  Upstream::UnaryDone done_;
  std::unique_ptr<GrpcMessageReader> reader_;
  std::string response_;
  bool answered_ = false;
};

class DirectUnaryHandle final : public UnaryCall {
 public:
  explicit DirectUnaryHandle(std::shared_ptr<DirectCall> call)
      : call_(std::move(call)) {}
  ~DirectUnaryHandle() override { call_->Cancel(); }

  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<DirectCall> call_;
};

}  // namespace

std::shared_ptr<DirectCall> DirectCall::Question(
    std::shared_ptr<DirectLink> link, absl::string_view path,
    CallOptions options) {
  auto call = std::make_shared<DirectUnary>(
      path, /*request=*/"", std::move(options),
      [](const absl::Status&, const std::string&) {});
  DirectCall* const base = call.get();
  base->loop_.store(link->loop(), std::memory_order_release);
  base->deadline_ns_ =
      link->loop()->now() +
      absl::ToInt64Nanoseconds(base->options_.deadline - absl::Now());
  base->max_message_bytes_ = link->settings().max_message_bytes;
  base->link_ = std::move(link);
  return call;
}

std::shared_ptr<UnaryCall> StartDirectUnary(
    const std::shared_ptr<ConnectionPool>& pool, absl::string_view path,
    std::string request, CallOptions options, Upstream::UnaryDone done) {
  auto call = std::make_shared<DirectUnary>(
      path, std::move(request), std::move(options), std::move(done));
  auto handle = std::make_shared<DirectUnaryHandle>(call);
  call->Start(pool, ConnectionPool::Use::kUnary);
  return handle;
}

}  // namespace sse_bridge
