#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXED_STREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXED_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// What a message costs of a stream's credit, besides its length.
inline constexpr size_t kMessageCost = 32;

// Timers of the program that uses this folder. Tasks run later, on threads that
// must not block, and never inside `after`.
struct CallTimers {
  std::function<absl::Duration()> now;  // monotonic
  // Returns the timer, which is not 0; 0 if the task will not run.
  std::function<uint64_t(absl::Duration delay, std::function<void()> task)>
      after;
  std::function<void(uint64_t timer)> cancel;
};

// One stream in a multiplexed connection, as specified for a StreamCall: hands
// the frames of the connection to the observer, as it asks for them. What it
// has not asked for waits here, and does not delay other streams. The backend's
// credit bounds how much can wait.
//
// Thread-safe.
class MultiplexedStream
    : public std::enable_shared_from_this<MultiplexedStream> {
 public:
  struct Options {
    size_t window_bytes = 64 << 10;  // of the first credit
    size_t max_message_bytes = 4 << 20;
    size_t max_metadata_bytes = 128 << 10;
    CallTimers timers;
  };

  // What the stream asks of its connection. Called without locks. They have no
  // effect after the connection's end.
  class Connection {
   public:
    virtual ~Connection() = default;
    virtual void AddCredit(uint64_t stream, size_t bytes) = 0;
    // The stream has ended on this side.
    virtual void Forget(uint64_t stream) = 0;
  };

  // `call` has the deadline, and says which metadata are wanted.
  MultiplexedStream(std::shared_ptr<const Options> options,
                    std::weak_ptr<Connection> connection, uint64_t number,
                    const CallOptions& call,
                    std::shared_ptr<StreamObserver> observer);
  MultiplexedStream(const MultiplexedStream&) = delete;
  MultiplexedStream& operator=(const MultiplexedStream&) = delete;

  // Begins to watch the deadline. Call once.
  void Start() ABSL_LOCKS_EXCLUDED(mu_);

  // As in StreamCall.
  void Read() ABSL_LOCKS_EXCLUDED(mu_);
  void Cancel() ABSL_LOCKS_EXCLUDED(mu_);

  // Frames from the connection, on one thread at a time. Callbacks of the
  // observer may run inside.
  void OnOpened(absl::string_view opened);  // serialized sse.v1.Opened
  void OnMessage(absl::string_view message) ABSL_LOCKS_EXCLUDED(mu_);
  void OnEnd(absl::string_view end);  // serialized sse.v1.End

  // Ends the stream as OnEnd does: after the messages that wait, when the
  // observer asks for the next.
  void End(const absl::Status& status, Metadata trailing = {})
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // What the observer is told next.
  struct Step {
    enum class Kind { kNone, kOpen, kMessage, kDone };
    Kind kind = Kind::kNone;
    std::string message;
    Metadata metadata;
    absl::Status status;
  };

  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Tells the observer what it may be told, unless another thread does.
  void Deliver() ABSL_LOCKS_EXCLUDED(mu_);
  void DeliverLater();
  void Abort(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  // A message of this size has been taken off. Returns the credit to give back.
  size_t TakeOff(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void GiveBack(size_t credit);
  void TellMetadata(Metadata metadata) const;

  const std::shared_ptr<const Options> options_;
  const std::weak_ptr<Connection> connection_;
  const uint64_t number_;
  const absl::Time deadline_;
  // Null if no metadata are wanted.
  struct Wanted {
    std::shared_ptr<const MetadataFilter> filter;
    std::function<void(Metadata)> tell;
  };
  const std::unique_ptr<const Wanted> wanted_;

  Mutex mu_;
  std::shared_ptr<StreamObserver> observer_ ABSL_GUARDED_BY(mu_);
  // Held by the thread that is in a callback.
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;
  bool read_wanted_ ABSL_GUARDED_BY(mu_) = true;  // one message, or the end
  bool opened_ ABSL_GUARDED_BY(mu_) = false;      // and told
  bool open_waits_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;  // OnDone has been or is called
  Metadata initial_ ABSL_GUARDED_BY(mu_);   // with open_waits_
  std::list<std::string> waiting_ ABSL_GUARDED_BY(mu_);
  size_t waiting_cost_ ABSL_GUARDED_BY(mu_) = 0;
  size_t owed_credit_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t timer_ ABSL_GUARDED_BY(mu_) = 0;  // of the deadline

  struct Ending {
    absl::Status status;
    Metadata trailing;
    bool at_once = false;  // before the messages that wait
  };
  std::unique_ptr<Ending> ending_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXED_STREAM_H_
