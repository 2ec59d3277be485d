#ifndef SSE_BRIDGE_TESTS_UNIT_BACKENDS_MULTIPLEXER_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_BACKENDS_MULTIPLEXER_TESTING_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge::testing {

// Stands for gRPC and the bridge in a call of Multiplexer.Connect: the test
// says what arrives, and when a write is done.
class FakeServerCall
    : public grpc::ServerCallbackReaderWriter<sse::v1::ToBackend,
                                              sse::v1::ToBridge> {
 public:
  using Reactor =
      grpc::ServerBidiReactor<sse::v1::ToBackend, sse::v1::ToBridge>;

  explicit FakeServerCall(Reactor* reactor) : reactor_(reactor) {
    this->BindReactor(reactor);
  }
  // The call is over.
  ~FakeServerCall() override { End(); }

  // Delivers a message. Returns false if none is wanted.
  bool Say(const sse::v1::ToBackend& message) {
    sse::v1::ToBackend* to;
    {
      MutexLock lock(&mu_);
      to = std::exchange(read_, nullptr);
    }
    if (to == nullptr) return false;
    *to = message;
    reactor_->OnReadDone(/*ok=*/true);
    return true;
  }
  // The bridge's first message.
  bool SayHello(size_t max_message = 1000, size_t max_batch = 1000) {
    sse::v1::ToBackend message;
    message.mutable_hello()->set_max_message_bytes(max_message);
    message.mutable_hello()->set_max_batch_bytes(max_batch);
    return Say(message);
  }
  bool wants_more() const {
    MutexLock lock(&mu_);
    return read_ != nullptr;
  }

  // Completes the pending write, if there is one.
  bool Written() {
    {
      MutexLock lock(&mu_);
      if (!std::exchange(writing_, false)) return false;
    }
    reactor_->OnWriteDone(/*ok=*/true);
    return true;
  }
  // Completes writes until there are none.
  void Settle() {
    while (Written()) {
    }
  }

  // The connection is lost.
  void End() {
    if (reactor_ == nullptr) return;
    bool reading, writing;
    {
      MutexLock lock(&mu_);
      reading = std::exchange(read_, nullptr) != nullptr;
      writing = std::exchange(writing_, false);
    }
    if (reading) reactor_->OnReadDone(/*ok=*/false);
    if (writing) reactor_->OnWriteDone(/*ok=*/false);
    reactor_->OnCancel();
    std::exchange(reactor_, nullptr)->OnDone();
  }

  // All frames so far.
  std::vector<sse::v1::Frame> frames() const {
    MutexLock lock(&mu_);
    std::vector<sse::v1::Frame> frames;
    for (const sse::v1::ToBridge& message : written_) {
      frames.insert(frames.end(), message.frames().begin(),
                    message.frames().end());
    }
    return frames;
  }
  std::vector<sse::v1::ToBridge> written() const {
    MutexLock lock(&mu_);
    return written_;
  }
  // Null while the backend has not ended the call.
  std::shared_ptr<grpc::Status> finished() const {
    MutexLock lock(&mu_);
    return finished_;
  }

  // grpc::ServerCallbackReaderWriter. Called with the connection's lock.
  void Finish(grpc::Status status) override {
    MutexLock lock(&mu_);
    if (finished_ != nullptr || writing_) std::abort();
    finished_ = std::make_shared<grpc::Status>(std::move(status));
  }
  void SendInitialMetadata() override {}
  void Read(sse::v1::ToBackend* message) override {
    MutexLock lock(&mu_);
    if (read_ != nullptr) std::abort();
    read_ = message;
  }
  void Write(const sse::v1::ToBridge* message, grpc::WriteOptions) override {
    MutexLock lock(&mu_);
    if (writing_) std::abort();
    writing_ = true;
    written_.push_back(*message);
  }
  void WriteAndFinish(const sse::v1::ToBridge*, grpc::WriteOptions,
                      grpc::Status) override {
    std::abort();
  }

 private:
  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override {}

  Reactor* reactor_;
  mutable Mutex mu_;
  sse::v1::ToBackend* read_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<sse::v1::ToBridge> written_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<grpc::Status> finished_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_UNIT_BACKENDS_MULTIPLEXER_TESTING_H_
