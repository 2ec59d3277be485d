#ifndef SSE_BRIDGE_BACKENDS_STREAM_STREAM_SET_H_
#define SSE_BRIDGE_BACKENDS_STREAM_STREAM_SET_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "backends/stream/event_stream.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The open streams of a service, which Shutdown ends. Thread-safe.
template <typename Message>
class StreamSet {
 public:
  using Stream = std::shared_ptr<EventStream<Message>>;

  // Streams added after Shutdown are ended immediately.
  void Add(const Stream& stream) {
    {
      MutexLock lock(&mu_);
      if (!down_) {
        streams_.insert(stream);
        return;
      }
    }
    stream->Finish(ServerStopping());
  }

  void Remove(const Stream& stream) {
    MutexLock lock(&mu_);
    streams_.erase(stream);
  }

  // Returns a copy, so that callers can send without the lock.
  std::vector<Stream> All() const {
    MutexLock lock(&mu_);
    return {streams_.begin(), streams_.end()};
  }

  void Shutdown() {
    std::vector<Stream> streams;
    {
      MutexLock lock(&mu_);
      down_ = true;
      streams.assign(streams_.begin(), streams_.end());
    }
    for (const Stream& stream : streams) stream->Finish(ServerStopping());
  }

 private:
  static grpc::Status ServerStopping() {
    return {grpc::StatusCode::UNAVAILABLE, "the backend is shutting down"};
  }

  mutable Mutex mu_;
  absl::flat_hash_set<Stream> streams_ ABSL_GUARDED_BY(mu_);
  bool down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_STREAM_SET_H_
