#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "bridge/upstream/direct/direct_call.h"

namespace sse_bridge {
namespace {

class DirectStreamCall final : public DirectCall {
 public:
  DirectStreamCall(absl::string_view path, std::string request,
                   CallOptions options,
                   std::shared_ptr<StreamObserver> observer)
      : DirectCall(path, std::move(request), std::move(options)),
        observer_(std::move(observer)) {}

  // Thread-safe.
  void Read() {
    Request request = request_.load(std::memory_order_acquire);
    for (;;) {
      if (request == Request::kNone) {
        if (request_.compare_exchange_weak(request, Request::kOne)) {
          if (!over()) PostRead();
          return;
        }
      } else if (request == Request::kDelivering) {
        if (request_.compare_exchange_weak(request, Request::kNext)) return;
      } else {
        return;
      }
    }
  }

 private:
  enum class Request {
    kNone,
    kOne,         // a message, or the end
    kDelivering,  // one is being delivered
    kNext,        // and the next is requested
  };

  bool Requested() const {
    return request_.load(std::memory_order_acquire) == Request::kOne;
  }

  void OnOpened() override { observer_->OnOpen(); }

  void OnBody(absl::string_view bytes) override {
    if (pending_.empty()) Deliver(&bytes);
    pending_.append(bytes.data(), bytes.size());
  }

  void OnReadCommand() override {
    if (!pending_.empty()) {
      absl::string_view bytes = absl::string_view(pending_).substr(taken_);
      const size_t before = bytes.size();
      Deliver(&bytes);
      taken_ += before - bytes.size();
      if (bytes.empty()) {
        std::string().swap(pending_);
        taken_ = 0;
      }
    }
    if (has_end_) DeliverEnd();
  }

  // Delivers as many messages as are requested, and takes their bytes, and
  // those of a part of the next.
  void Deliver(absl::string_view* bytes) {
    if (reader_ == nullptr) {
      reader_ = std::make_unique<GrpcMessageReader>(max_message_bytes());
    }
    while (!bytes->empty() && Requested() && !cancelled()) {
      const size_t before = bytes->size();
      absl::string_view message;
      const auto state = reader_->Next(bytes, &message);
      Consumed(before - bytes->size());
      if (state == GrpcMessageReader::State::kPartial) return;
      if (state == GrpcMessageReader::State::kRefused) {
        *bytes = {};
        refused_ = true;
        if (ended()) {
          end_ = reader_->refusal();
        } else {
          End(reader_->refusal());
        }
        return;
      }
      request_.store(Request::kDelivering, std::memory_order_release);
      const absl::Span<const absl::string_view> slices(&message, 1);
      observer_->OnMessage(message.empty() ? slices.subspan(1) : slices);
      Request request = Request::kDelivering;
      if (!request_.compare_exchange_strong(request, Request::kNone)) {
        request_.store(Request::kOne, std::memory_order_release);
      }
    }
  }

  void OnEnd(absl::Status status, bool abrupt) override {
    end_ = std::move(status);
    has_end_ = true;
    if (abrupt) {
      Report();
    } else {
      DeliverEnd();
    }
  }

  void DeliverEnd() {
    const bool waits = !pending_.empty() && !refused_;
    if (!Requested() || over() || (waits && taken_ < pending_.size())) return;
    if (end_.ok() && reader_ != nullptr && !reader_->at_boundary()) {
      end_ = absl::InternalError("the backend's answer cannot be read");
    }
    Report();
  }

  void Report() {
    TellMetadata();
    // It may own this call's handle.
    const std::shared_ptr<StreamObserver> observer = std::move(observer_);
    Done();
    observer->OnDone(end_);
  }

  std::atomic<Request> request_{Request::kOne};
  // Used on the loop's thread only.
  std::shared_ptr<StreamObserver> observer_;
  std::unique_ptr<GrpcMessageReader> reader_;
  std::string pending_;  // not requested yet; occupies the stream's window
  size_t taken_ = 0;     // of it
  bool refused_ = false;
  absl::Status end_;
  bool has_end_ = false;
};

class DirectStreamHandle final : public StreamCall {
 public:
  explicit DirectStreamHandle(std::shared_ptr<DirectStreamCall> call)
      : call_(std::move(call)) {}
  ~DirectStreamHandle() override { call_->Cancel(); }

  void Read() override { call_->Read(); }
  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<DirectStreamCall> call_;
};

}  // namespace

std::shared_ptr<StreamCall> StartDirectStream(
    const std::shared_ptr<ConnectionPool>& pool, absl::string_view path,
    std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  auto call = std::make_shared<DirectStreamCall>(
      path, std::move(request), std::move(options), std::move(observer));
  auto handle = std::make_shared<DirectStreamHandle>(call);
  call->Start(pool, ConnectionPool::Use::kStream);
  return handle;
}

}  // namespace sse_bridge
