#ifndef SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXER_CONNECTION_H_
#define SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXER_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "backends/stream/reaction_thread.h"
#include "bridge/base/mutex.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {

class MultiplexedCall;
class ServerConnection;
class ServerStream;

// How streams are served. Fixed while there are connections.
struct MultiplexedMethods {
  // Returns null if the request cannot be parsed.
  using Make = std::function<std::shared_ptr<ServerStream>(
      const std::shared_ptr<ServerConnection>&, const sse::v1::Open&)>;
  absl::flat_hash_map<std::string, Make> by_name;  // "/package.Service/Method"

  size_t max_streams = 100'000;  // of one connection

  // Called when a stream begins; what it returns is called with its status.
  // Both may be null.
  using Ended = std::function<void(const grpc::Status&)>;
  std::function<Ended(absl::string_view method, const MultiplexedCall&)> began;
};

// One call of sse.v1.Multiplexer.Connect, of one bridge: the streams in it take
// turns to send, as far as their credit reaches.
//
// Memory: a stream has at most one message under way, as in gRPC, and a batch
// is bounded; refusals are bounded, because nothing is read while many wait.
//
// Thread-safe. Handlers and their reactions run without locks on gRPC's threads
// or the ReactionThread; those of one stream one after the other, those of
// several streams also at the same time.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Call = grpc::ServerBidiReactor<sse::v1::ToBackend, sse::v1::ToBridge>;

  // Both must outlive the connection.
  ServerConnection(const MultiplexedMethods* methods, ReactionThread* thread)
      : methods_(methods), thread_(thread) {}
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  // Creates the call's reactor, and sends the hello. `gone` is called when the
  // call is over. Call once.
  Call* Begin(std::function<void()> gone);

  // Refuses new streams, and ends the call when all have ended.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mu_);

  // What a stream's reactor does, at most one of each at a time. Never calls
  // the reactor inside. A number must be that of a stream that is not done.
  void SendInitialMetadata(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void Write(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void WriteAndFinish(uint64_t number, grpc::Status status)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Finish(uint64_t number, grpc::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  size_t streams() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  class Reactor;

  struct Entry {
    std::shared_ptr<ServerStream> stream;
    int64_t credit = 0;
    bool metadata_wanted = false;
    bool opened = false;
    bool writing = false;      // a message waits to be sent
    bool write_ends = false;   // it is WriteAndFinish's
    bool cancelled = false;    // by the bridge, a deadline or the loss
    bool end_sent = false;     // is in a batch
    bool end_written = false;  // and that has been written
    bool ready = false;        // is in ready_
    bool running = false;      // a reaction, or the handler, runs
    bool told = false;         // is in to_run_
    uint8_t reactions = 0;     // to be told
    int in_flight = 0;         // of sent_
    std::unique_ptr<grpc::Status> status;  // null until it is finished
    std::optional<ReactionThread::Timer> timer;
    MultiplexedMethods::Ended ended;
  };
  struct Sent {
    uint64_t number;
    uint8_t reaction;  // 0: none
    bool end;
  };

  // Reactions of the call.
  void OnRead(bool ok) ABSL_LOCKS_EXCLUDED(mu_);
  void OnWritten(bool ok) ABSL_LOCKS_EXCLUDED(mu_);
  void OnLost() ABSL_LOCKS_EXCLUDED(mu_);
  void OnGone() ABSL_LOCKS_EXCLUDED(mu_);

  // Returns false if the bridge does not follow the protocol.
  bool Handle(const sse::v1::ToBackend& message) ABSL_LOCKS_EXCLUDED(mu_);
  bool OpenStream(const sse::v1::Open& open) ABSL_LOCKS_EXCLUDED(mu_);
  void Expire(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void ReadNext() ABSL_LOCKS_EXCLUDED(mu_);
  void EndCall(const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mu_);
  void EndCallLocked(const grpc::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void Refuse(uint64_t number, grpc::StatusCode code, const char* message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetReady(uint64_t number, Entry* entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Cancel(uint64_t number, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The stream's reactor is to be told.
  void Tell(uint64_t number, Entry* entry, uint8_t reaction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Tells it that it is done, once it is.
  void MayBeDone(uint64_t number, Entry* entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Sends what waits, if nothing is being sent.
  void Flush() ABSL_LOCKS_EXCLUDED(mu_);
  void FillBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds what the stream may send now. Returns the size.
  size_t AddFrames(uint64_t number, Entry* entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  sse::v1::Frame* AddFrame(uint64_t number, size_t* bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddSent(uint64_t number, Entry* entry, uint8_t reaction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Runs reactions until there are none.
  void RunReactions() ABSL_LOCKS_EXCLUDED(mu_);
  // For callers in whose call no reaction may run.
  void RunReactionsLater() ABSL_LOCKS_EXCLUDED(mu_);
  // After the service has done something.
  void Continue() ABSL_LOCKS_EXCLUDED(mu_) {
    Flush();
    RunReactionsLater();
  }

  const MultiplexedMethods* const methods_;
  ReactionThread* const thread_;
  sse::v1::ToBackend incoming_;  // used by the pending read, then by OnRead

  mutable Mutex mu_;
  Call* reactor_ ABSL_GUARDED_BY(mu_) = nullptr;  // null once it is gone
  std::function<void()> gone_ ABSL_GUARDED_BY(mu_);
  bool greeted_ ABSL_GUARDED_BY(mu_) = false;  // by the bridge
  size_t max_message_ ABSL_GUARDED_BY(mu_) = 0;
  size_t max_batch_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t last_opened_ ABSL_GUARDED_BY(mu_) = 0;
  // A message is being read or handled: incoming_ is not free.
  bool reading_ ABSL_GUARDED_BY(mu_) = true;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool lost_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;       // by this side
  grpc::Status end_status_ ABSL_GUARDED_BY(mu_);  // with ended_ and writing_
  bool down_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<uint64_t, Entry> streams_ ABSL_GUARDED_BY(mu_);

  uint64_t pong_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<sse::v1::Frame> refusals_ ABSL_GUARDED_BY(mu_);
  std::deque<uint64_t> ready_ ABSL_GUARDED_BY(mu_);  // in turn
  std::unique_ptr<sse::v1::ToBridge> batch_ ABSL_GUARDED_BY(mu_) =
      std::make_unique<sse::v1::ToBridge>();
  std::vector<Sent> sent_ ABSL_GUARDED_BY(mu_);  // what the batch has

  std::deque<uint64_t> to_run_ ABSL_GUARDED_BY(mu_);
  int running_ ABSL_GUARDED_BY(mu_) = 0;  // threads in RunReactions
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXER_CONNECTION_H_
