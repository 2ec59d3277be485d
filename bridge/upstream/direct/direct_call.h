#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_CALL_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/connection_pool.h"
#include "bridge/upstream/direct/direct_connection.h"
#include "bridge/upstream/direct/direct_loop.h"
#include "bridge/upstream/direct/direct_session.h"
#include "bridge/upstream/direct/grpc_wire.h"

namespace sse_bridge {

// See Upstream::StartStream and Upstream::StartUnary. The connections of `pool`
// for this use are DirectConnections.
std::shared_ptr<StreamCall> StartDirectStream(
    const std::shared_ptr<ConnectionPool>& pool, absl::string_view path,
    std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer);

std::shared_ptr<UnaryCall> StartDirectUnary(
    const std::shared_ptr<ConnectionPool>& pool, absl::string_view path,
    std::string request, CallOptions options, Upstream::UnaryDone done);

// One call: takes a place in the pool, and becomes a stream of the connection
// there, or moves to another if the server accepts no more streams on it. Lives
// on the loop of its connection, which it holds until it has ended. Cancel and
// Read are thread-safe.
class DirectCall : public DirectTarget,
                   public DirectStream,
                   public std::enable_shared_from_this<DirectCall> {
 public:
  // A call of the connection's own, outside the pool, whose answer nobody
  // wants.
  static std::shared_ptr<DirectCall> Question(std::shared_ptr<DirectLink> link,
                                              absl::string_view path,
                                              CallOptions options);

  ~DirectCall() override = default;

  // Takes a place. Called once, by those that start calls.
  void Start(const std::shared_ptr<ConnectionPool>& pool,
             ConnectionPool::Use use);
  void Cancel();

  // All others are called on the loop's thread, and by the connection.
  void OnCommand(DirectLoop* loop, int what) override;
  bool wait_for_ready() const { return options_.wait_for_ready; }
  bool over() const { return over_.load(std::memory_order_relaxed); }

  // There is a connection with space.
  void OpenOn(DirectSession* session);
  // As a Question.
  void BeginOn(DirectSession* session);
  // The server accepts no more than this number of calls at once.
  void Move(int limit);
  // There is no connection.
  void Unreachable(const std::string& why);

 protected:
  enum What { kStart, kCancel, kRead };

  DirectCall(absl::string_view path, std::string request, CallOptions options);

  // The server's side has begun; there may be messages.
  virtual void OnOpened() {}
  // Bytes of the body, which the call consumes by Consumed.
  virtual void OnBody(absl::string_view bytes) = 0;
  // The call has ended; nothing else follows. Unless it was `abrupt`, messages
  // may wait to be delivered. `status` is OK only if the backend said so.
  virtual void OnEnd(absl::Status status, bool abrupt) = 0;
  virtual void OnReadCommand() {}

  void Consumed(size_t bytes);
  void TellMetadata();
  // Ends the call from this side.
  void End(absl::Status status);
  // OnEnd has been delivered: nobody needs the call any more.
  void Done();

  bool ended() const { return ended_; }
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  void PostRead();
  DirectLoop* loop() const { return loop_.load(std::memory_order_acquire); }
  size_t max_message_bytes() const { return max_message_bytes_; }

 private:
  void OnBlock() override { answer_->BeginBlock(); }
  void OnField(absl::string_view name, absl::string_view value) override;
  void OnBlockEnd(bool last) override;
  void OnData(absl::string_view bytes) override;
  void OnClosed(uint32_t error, bool lost, bool unprocessed) override;

  void Begin();
  void Finish(absl::Status status, bool abrupt);
  static void OnDeadline(void* self);

  // Constant after Start.
  const std::string path_;
  std::string request_;  // with its prefix; given to the stream
  CallOptions options_;
  int64_t deadline_ns_ = EventLoop::kNever;  // after Begin
  absl::Status refusal_;                     // why it is not sent
  std::shared_ptr<ConnectionPool> pool_;
  ConnectionPool::Use use_ = ConnectionPool::Use::kUnary;
  size_t max_message_bytes_ = 0;

  std::atomic<DirectLoop*> loop_{nullptr};
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> over_{false};  // nothing need be posted any more

  // Used on the loop's thread only.
  std::shared_ptr<DirectCall> self_;  // until Done
  std::unique_ptr<ConnectionPool::Lease> lease_;
  std::shared_ptr<DirectLink> link_;
  DirectSession* session_ = nullptr;  // with an open stream there
  std::unique_ptr<GrpcAnswer> answer_;
  DirectTimer deadline_;
  int moves_ = 0;
  bool opened_ = false;  // the first block has arrived
  bool sent_ = false;    // the lease knows
  bool ended_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_CALL_H_
