#ifndef SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_HANDSHAKE_THREAD_H_
#define SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_HANDSHAKE_THREAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "bridge/net/deadline_lists.h"
#include "bridge/net/event_loop.h"
#include "bridge/net/handshakes/handshakes.h"
#include "bridge/net/mailbox.h"

namespace sse_bridge {

// One thread of Handshakes and its pending connections.
class Handshakes::HandshakeThread final : private EventLoop::Handler {
 public:
  // `handshakes` must outlive this.
  HandshakeThread(Handshakes* handshakes, size_t index);
  ~HandshakeThread();
  HandshakeThread(const HandshakeThread&) = delete;
  HandshakeThread& operator=(const HandshakeThread&) = delete;

  // May be called on any thread.
  absl::Status Start();
  // Closes all pending connections.
  void Stop();
  // Passes a connection to this thread, or closes it if the thread has stopped.
  void Add(std::unique_ptr<PendingConnection> pending);
  // Asks this thread to close a pending connection.
  void DropLater(uint64_t number);

 private:
  struct ArrivedCommand {
    std::unique_ptr<PendingConnection> connection;
  };
  struct DropCommand {
    uint64_t number = 0;
  };
  using HandshakeCommand = std::variant<ArrivedCommand, DropCommand>;

  // Returns false and leaves `command` unchanged once the thread has stopped.
  bool Post(HandshakeCommand&& command);

  void OnWake() override { mailbox_.WokeUp(); }
  void OnEvent(uint64_t data, uint32_t events) override;
  void OnRound() override;
  int64_t PrepareToWait() override;
  void OnStop() override;
  void Execute(ArrivedCommand& command);
  void Execute(DropCommand& command);

  // Continues until the connection would block.
  void Serve(PendingConnection* pending);
  // Returns true if the header is complete. Bytes after it stay in the socket,
  // because they belong to the transport.
  bool ReadProxyHeader(PendingConnection* pending);
  bool IsInTime(PendingConnection* pending);
  void Watch(PendingConnection* pending, uint32_t events);
  void Leave(PendingConnection* pending);
  void Drop(PendingConnection* pending);
  void Close(PendingConnection* pending) const;

  Handshakes* const handshakes_;
  EventLoop loop_;
  Mailbox<HandshakeCommand> mailbox_;  // bounded by the pending connections

  // Used on this thread only.
  absl::flat_hash_map<uint64_t, std::unique_ptr<PendingConnection>> pending_;
  DeadlineLists<PendingConnection, 1> deadlines_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_HANDSHAKE_THREAD_H_
