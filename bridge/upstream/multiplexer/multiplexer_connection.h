#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXER_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXER_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/multiplexer/bidi_call.h"
#include "bridge/upstream/multiplexer/multiplexed_stream.h"
#include "bridge/upstream/multiplexer/multiplexer_wire.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {

// One call of sse.v1.Multiplexer.Connect, and the streams in it. See the
// .proto.
//
//   asking ---> open ---> closed
//      |                    ^
//      +--------------------+
//
// It is open when the backend's hello has arrived. When it closes, its streams
// end with kUnavailable.
//
// What waits to be sent is at most one request, one credit and one cancellation
// for each stream; the streams themselves are bounded here and by the limits of
// the clients for which they are made.
//
// Thread-safe. The streams' callbacks run on gRPC's threads or on timers.
class MultiplexerConnection
    : public BidiObserver,
      public MultiplexedStream::Connection,
      public std::enable_shared_from_this<MultiplexerConnection> {
 public:
  // A stream whose request and metadata take more bytes needs a call of its
  // own.
  static constexpr size_t kMaxOpenBytes = 64 << 10;
  // Of what is sent or received at once, besides one large message.
  static constexpr size_t kMaxBatchBytes = 64 << 10;
  // By how much a ToBridge may be larger than a message.
  static constexpr int kExtraBytes = 2 * kMaxBatchBytes;
  static constexpr size_t kMaxMethods = 10'000;

  struct Options {
    MultiplexedStream::Options stream;
    size_t max_streams = 100'000;
    // How long to wait for the backend's hello. A server that does not know
    // the method, but takes it all the same, may then end the call in order.
    absl::Duration patience = absl::Seconds(3);
    absl::Duration farewell = absl::Seconds(1);
    // If nothing has been received for this long, the backend is asked for a
    // sign of life, so that gRPC need not ping. Zero: never.
    absl::Duration ping_after = absl::ZeroDuration();
  };

  // Called at most once each, without locks, `closed` last and always. They may
  // call the connection, and run on gRPC's threads.
  struct Events {
    std::function<void(const std::shared_ptr<MultiplexerConnection>&)> open;
    // `spoke`: the backend's hello had arrived. `status` is why the call ended.
    std::function<void(bool spoke, const absl::Status& status)> closed;
  };

  // Starts the call.
  static void Start(std::shared_ptr<const Options> options,
                    const StartBidi& start, const CallOptions& call,
                    Events events);
  ~MultiplexerConnection() override = default;

  // Whether the backend's hello names the method.
  bool Serves(absl::string_view path) const ABSL_LOCKS_EXCLUDED(mu_);

  // Opens a stream. Returns null, and has no effect, if the connection is not
  // open or holds too many, or the request is too large. Takes `request` and
  // the observer only if it returns a call.
  std::shared_ptr<StreamCall> Open(
      absl::string_view path, const std::string& request,
      const CallOptions& call, const std::shared_ptr<StreamObserver>& observer)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Ends the call when it has no streams.
  void CloseWhenIdle() ABSL_LOCKS_EXCLUDED(mu_);

  size_t streams() const ABSL_LOCKS_EXCLUDED(mu_);

  // BidiObserver.
  void OnMessage(absl::Span<const absl::string_view> slices) override;
  void OnWritten() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone(const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mu_);

  // MultiplexedStream::Connection.
  void AddCredit(uint64_t stream, size_t bytes) override
      ABSL_LOCKS_EXCLUDED(mu_);
  void Forget(uint64_t stream) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  enum class State { kAsking, kOpen, kClosed };

  struct Entry {
    std::shared_ptr<MultiplexedStream> stream;
    std::unique_ptr<sse::v1::Open> open;  // null once sent
    size_t credit = 0;                    // to be sent; 0: none
  };

  MultiplexerConnection(std::shared_ptr<const Options> options, Events events)
      : options_(std::move(options)), events_(std::move(events)) {}

  // Returns false if the backend does not follow the protocol.
  bool Handle(absl::string_view message) ABSL_LOCKS_EXCLUDED(mu_);
  bool OnHello(absl::string_view hello) ABSL_LOCKS_EXCLUDED(mu_);
  void OnFrame(const MultiplexerFrame& frame) ABSL_LOCKS_EXCLUDED(mu_);
  // Sets why this side ends the call, and ends it.
  void Fail(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mu_);
  void CloseIfIdle() ABSL_LOCKS_EXCLUDED(mu_);
  void Watch(absl::Duration after, std::function<void()> task);
  void CheckHello() ABSL_LOCKS_EXCLUDED(mu_);
  void GiveUp() ABSL_LOCKS_EXCLUDED(mu_);
  void CheckLife() ABSL_LOCKS_EXCLUDED(mu_);
  // Sends what waits, if nothing is being sent.
  void Flush() ABSL_LOCKS_EXCLUDED(mu_);
  std::string NextBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<const Options> options_;
  const Events events_;

  // Used by OnMessage, which is serial.
  std::string flat_;
  bool greeted_ = false;

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kAsking;
  bool spoke_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status fault_ ABSL_GUARDED_BY(mu_);  // why this side ends the call
  std::shared_ptr<BidiCall> call_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> methods_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, Entry> streams_ ABSL_GUARDED_BY(mu_);
  uint64_t next_stream_ ABSL_GUARDED_BY(mu_) = 1;

  // What waits to be sent, in order.
  std::set<uint64_t> opens_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> credits_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> cancels_ ABSL_GUARDED_BY(mu_);
  bool ping_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = true;  // the hello
  bool heard_ ABSL_GUARDED_BY(mu_) = false;   // since CheckLife
  bool close_when_idle_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXER_CONNECTION_H_
