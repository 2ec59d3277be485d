#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http1_connection.h"
#include "bridge/http/http_exchange.h"
#include "bridge/net/event_loop.h"
#include "bridge/net/mailbox.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// The requests that other threads post to the listener. `connection` is
// Http1Connection::handle().

// A connection has completed its handshake.
struct EnteredCommand {
  std::unique_ptr<Socket> socket;
  std::string peer_address;
};

// See ConnectionHandle for the others.
struct HeldCommand {
  uint64_t connection = 0;
  size_t bytes = 0;
};

struct AnswerCommand {
  uint64_t connection = 0;
  std::string bytes;
  bool keep_alive = false;
};

struct DetachedCommand {
  uint64_t connection = 0;
};

using ListenerCommand =
    std::variant<EnteredCommand, HeldCommand, AnswerCommand, DetachedCommand>;

// The listener as seen by other threads. Shared with the connection handles of
// exchanges, which may outlive the listener: its mailbox, whether it drains,
// and the way in which a socket leaves it.
//
// Thread-safe, except where noted. The commands are bounded by the number of
// handshakes and of requests in flight.
class ConnectionInbox {
 public:
  // `loop` runs the listener. It must not be destroyed before Close.
  void Open(EventLoop* loop);

  // Refuses all later calls of Post and Detach. Commands that were posted
  // before stay in the mailbox.
  void Close();

  // For the listener's thread.
  Mailbox<ListenerCommand>* mailbox() { return &mailbox_; }

  // Called on the listener's thread. Sends bytes on a connection that is being
  // answered, unless it has been detached and its socket no longer belongs to
  // the listener. What the socket does not accept after it has accepted a part
  // becomes `unsent`, which must be sent before anything else.
  void SendUnlessDetached(SharedSocket* shared, absl::string_view bytes);

  // Called on the listener's thread. Changes the events that the poller reports
  // of a connection that is being answered. Does nothing if it has been
  // detached: its descriptor may be another connection's by now.
  void WatchUnlessDetached(const SharedSocket& shared, uint64_t connection,
                           uint32_t events);

  // From now on, each answer closes its connection. Wakes the listener.
  void StartDraining();
  bool draining();

  // Returns false and drops the command if the inbox is closed.
  bool Post(ListenerCommand command);

  // Takes the socket over from the listener. Returns null if the listener is
  // closed, and the socket with it, or if part of an interim response is
  // unsent: the client has half-closed, which ends a stream anyway.
  std::unique_ptr<Socket> Detach(uint64_t connection, SharedSocket* shared);

 private:
  void PostLocked(ListenerCommand command) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Mailbox<ListenerCommand> mailbox_;

  // While a request is answered, also guards the socket of its connection.
  Mutex mu_;
  EventLoop* loop_ ABSL_GUARDED_BY(mu_) = nullptr;  // null unless open
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

// Connects an exchange to its connection in the listener.
class Http1ConnectionHandle : public ConnectionHandle {
 public:
  Http1ConnectionHandle(std::shared_ptr<ConnectionInbox> inbox, uint64_t handle,
                        std::shared_ptr<SharedSocket> shared)
      : inbox_(std::move(inbox)), handle_(handle), shared_(std::move(shared)) {}

  bool MayKeepAlive() override { return !inbox_->draining(); }
  void Hold(size_t bytes) override;
  void Answer(std::string bytes, bool keep_alive) override;
  std::unique_ptr<Socket> Detach() override;

 private:
  const std::shared_ptr<ConnectionInbox> inbox_;
  const uint64_t handle_;
  const std::shared_ptr<SharedSocket> shared_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_
