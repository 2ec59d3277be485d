#ifndef SSE_BRIDGE_BACKENDS_STREAM_EVENT_STREAM_H_
#define SSE_BRIDGE_BACKENDS_STREAM_EVENT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Server side of one server-streaming call. Queues messages, writes one at a
// time, and uses no thread. Shared by the reactor (until the call is done) and
// its senders.
//
// Thread-safe. Callbacks run with no lock held.
template <typename Message>
class EventStream {
 public:
  struct Callbacks {
    // The queue is empty: more may be sent. Called on gRPC's threads.
    std::function<void()> on_drained;
    // The call has ended for any reason; nothing can be sent any more.
    std::function<void()> on_gone;
  };

  static constexpr size_t kMaxWaiting = 1000;

  // If more messages than `max_waiting` wait for a slow reader, the call ends
  // with RESOURCE_EXHAUSTED. Senders that can wait check `idle()` and send more
  // in on_drained.
  static std::shared_ptr<EventStream> Create(size_t max_waiting = kMaxWaiting) {
    auto stream = std::shared_ptr<EventStream>(new EventStream(max_waiting));
    stream->reactor_ = new Reactor(stream);
    return stream;
  }

  // The value to return from the service's method. Call once.
  grpc::ServerWriteReactor<Message>* reactor() { return reactor_; }

  // Must be called before the first message can be drained.
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

  // Tells the client that its call was accepted, before any message.
  void Open() {
    MutexLock lock(&mu_);
    if (done_ || finishing_ || opened_) return;
    opened_ = true;
    reactor_->StartSendInitialMetadata();
  }

  // Returns false if the call has ended.
  bool Send(Message message) {
    MutexLock lock(&mu_);
    if (done_ || finishing_) return false;
    if (waiting_.size() >= max_waiting_) {
      FinishLocked(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                "the reader is too slow"));
      return false;
    }
    opened_ = true;
    waiting_.push_back(std::move(message));
    WriteNext();
    return true;
  }

  // Replaces queued messages; for live values, of which only the newest
  // matters.
  bool SendLatest(Message message) {
    MutexLock lock(&mu_);
    if (done_ || finishing_) return false;
    if (waiting_.size() > 1) waiting_.resize(1);  // the first is being written
    opened_ = true;
    waiting_.push_back(std::move(message));
    WriteNext();
    return true;
  }

  // Returns whether nothing is queued or being written.
  bool idle() const {
    MutexLock lock(&mu_);
    return waiting_.empty();
  }

  // Number of queued messages, including the one being written.
  size_t waiting() const {
    MutexLock lock(&mu_);
    return waiting_.size();
  }

  // Ends the call after the queued messages.
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

  explicit EventStream(size_t max_waiting) : max_waiting_(max_waiting) {}

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

  const size_t max_waiting_;
  mutable Mutex mu_;
  Reactor* reactor_ = nullptr;  // deletes itself after OnDone
  Callbacks callbacks_ ABSL_GUARDED_BY(mu_);
  // The front is being written. Unlike a deque, it takes no memory while empty.
  std::list<Message> waiting_ ABSL_GUARDED_BY(mu_);
  bool opened_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_EVENT_STREAM_H_
