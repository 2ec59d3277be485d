#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_UNDECIDED_STREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_UNDECIDED_STREAM_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/multiplexer/multiplexed_stream.h"

namespace sse_bridge {

// A stream that waits until it is known how it is carried. Thread-safe.
class UndecidedStream : public std::enable_shared_from_this<UndecidedStream> {
 public:
  // As Upstream::StartStream.
  using StartStream = std::function<std::shared_ptr<StreamCall>(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer)>;

  UndecidedStream(absl::string_view path, std::string request,
                  CallOptions options, std::shared_ptr<StreamObserver> observer)
      : path_(path),
        request_(std::move(request)),
        options_(std::move(options)),
        observer_(std::move(observer)) {}

  // The caller's handle, which lives as long as the stream. Call once.
  std::shared_ptr<StreamCall> Handle(std::shared_ptr<const CallTimers> timers);

  // Before Start.
  bool wait_for_ready() const { return options_.wait_for_ready; }

  // Starts the stream. Call either this or End, once, on one of gRPC's threads
  // or a timer's.
  void Start(const StartStream& start) ABSL_LOCKS_EXCLUDED(mu_);
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_);

  // As in StreamCall.
  void Read() ABSL_LOCKS_EXCLUDED(mu_);
  void Cancel(const CallTimers& timers) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  std::shared_ptr<StreamObserver> TakeObserver() ABSL_LOCKS_EXCLUDED(mu_);

  // Until it is started; used by whoever has taken the observer.
  std::string path_;
  std::string request_;
  CallOptions options_;

  Mutex mu_;
  std::shared_ptr<StreamObserver> observer_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<StreamCall> call_ ABSL_GUARDED_BY(mu_);
  bool read_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_UNDECIDED_STREAM_H_
