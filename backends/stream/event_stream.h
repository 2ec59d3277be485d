#ifndef SSE_BRIDGE_BACKENDS_STREAM_EVENT_STREAM_H_
#define SSE_BRIDGE_BACKENDS_STREAM_EVENT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The server's end of one server-streaming call: messages in, one write under
// way at a time, no thread held. Shared by the reactor (until the call is done)
// and by whoever sends to it.
//
// Thread-safe. Callbacks are called with no lock held.
template <typename Message>
class EventStream {
 public:
  struct Callbacks {
    // The queue has run dry: more may be sent. From gRPC's threads.
    std::function<void()> on_drained;
    // The call is over, for whatever reason; nothing can be sent any more.
    std::function<void()> on_gone;
  };

  // More than this waiting for a slow reader ends the call with
  // RESOURCE_EXHAUSTED. Streams that can wait ask `idle()` and send more in
  // on_drained instead.
  static constexpr size_t kMaxWaiting = 1000;

  static std::shared_ptr<EventStream> Create() {
    auto stream = std::shared_ptr<EventStream>(new EventStream);
    stream->reactor_ = new Reactor(stream);
    return stream;
  }

  // What the service's method returns to gRPC. Once.
  grpc::ServerWriteReactor<Message>* reactor() { return reactor_; }

  // Before the first message can be drained.
  void SetCallbacks(Callbacks callbacks) {
    {
      MutexLock lock(&mu_);
      if (!done_) {
        callbacks_ = std::move(callbacks);
        return;
      }
    }
    if (callbacks.on_gone) callbacks.on_gone();
  }

  // Tells the client that its call was accepted, ahead of any message.
  void Open() {
    MutexLock lock(&mu_);
    if (done_ || finishing_ || opened_) return;
    opened_ = true;
    reactor_->StartSendInitialMetadata();
  }

  // False when the call is over.
  bool Send(Message message) {
    MutexLock lock(&mu_);
    if (done_ || finishing_) return false;
    if (waiting_.size() >= kMaxWaiting) {
      FinishLocked(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                "the reader is too slow"));
      return false;
    }
    opened_ = true;
    waiting_.push_back(std::move(message));
    WriteNext();
    return true;
  }

  // Replaces what waits: for live values, of which only the newest counts.
  bool SendLatest(Message message) {
    MutexLock lock(&mu_);
    if (done_ || finishing_) return false;
    if (waiting_.size() > 1) waiting_.resize(1);  // the first is being written
    opened_ = true;
    waiting_.push_back(std::move(message));
    WriteNext();
    return true;
  }

  // Nothing waits and nothing is being written.
  bool idle() const {
    MutexLock lock(&mu_);
    return waiting_.empty();
  }

  // Messages that wait, the one being written among them.
  size_t waiting() const {
    MutexLock lock(&mu_);
    return waiting_.size();
  }

  // After what waits, the call ends.
  void Finish(grpc::Status status) {
    MutexLock lock(&mu_);
    FinishLocked(std::move(status));
  }

 private:
  class Reactor : public grpc::ServerWriteReactor<Message> {
   public:
    explicit Reactor(std::shared_ptr<EventStream> stream)
        : stream_(std::move(stream)) {}
    void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
    void OnCancel() override { stream_->Finish(grpc::Status::CANCELLED); }
    void OnDone() override {
      stream_->OnDone();
      delete this;
    }

   private:
    const std::shared_ptr<EventStream> stream_;
  };

  EventStream() = default;

  void FinishLocked(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (done_ || finishing_) return;
    finishing_ = true;
    status_ = std::move(status);
    if (status_.error_code() == grpc::StatusCode::CANCELLED) {
      if (waiting_.size() > 1) waiting_.resize(1);
    }
    if (waiting_.empty()) reactor_->Finish(status_);
  }

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (writing_ || waiting_.empty()) return;
    writing_ = true;
    reactor_->StartWrite(&waiting_.front());
  }

  void OnWriteDone(bool ok) {
    std::function<void()> drained;
    {
      MutexLock lock(&mu_);
      writing_ = false;
      waiting_.pop_front();
      if (!ok) {
        waiting_.clear();
        if (!finishing_) {
          finishing_ = true;
          status_ = grpc::Status::CANCELLED;
        }
      }
      WriteNext();
      if (waiting_.empty()) {
        if (finishing_) {
          reactor_->Finish(status_);
        } else {
          drained = callbacks_.on_drained;
        }
      }
    }
    if (drained) drained();
  }

  void OnDone() {
    Callbacks callbacks;
    {
      MutexLock lock(&mu_);
      done_ = true;
      reactor_ = nullptr;
      callbacks = std::move(callbacks_);
      callbacks_ = Callbacks();
    }
    if (callbacks.on_gone) callbacks.on_gone();
  }

  mutable Mutex mu_;
  Reactor* reactor_ = nullptr;  // deletes itself after OnDone
  Callbacks callbacks_ ABSL_GUARDED_BY(mu_);
  std::deque<Message> waiting_ ABSL_GUARDED_BY(mu_);  // front: being written
  bool opened_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_EVENT_STREAM_H_
