#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http1_connection.h"
#include "bridge/http/http_exchange.h"
#include "bridge/net/poller.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// The mailbox through which other threads send requests to the listener. Shared
// with the connection handles of exchanges, which may outlive the listener.
//
// Thread-safe, except where noted.
class ConnectionInbox {
 public:
  struct Item {
    enum class What { kAnswer, kDetached, kHeld, kEntered };
    What what;
    uint64_t handle;
    std::string bytes;  // kAnswer: the answer; kEntered: the peer's address
    bool keep_alive = false;
    size_t held_bytes = 0;                // kHeld
    std::unique_ptr<Socket> socket = {};  // kEntered
  };

  // `poller` waits for the listener's connections. It must not be destroyed
  // before Close.
  void Open(Poller* poller);

  // Called on the listener's thread.
  std::vector<Item> Take();

  // Refuses all later calls of Post and Detach. Returns the remaining items.
  std::vector<Item> Close();

  // Called on the listener's thread. Sends bytes on a connection that is being
  // answered, unless it has been detached and its descriptor no longer belongs
  // to the listener.
  void SendUnlessDetached(uint64_t handle, int fd, const char* bytes,
                          size_t size);

  void Wake();

  // From now on, each answer closes its connection. Wakes the listener.
  void StartDraining();
  bool draining();

  // Returns false and drops the item if the inbox is closed.
  bool Post(Item item);

  // Takes the descriptor over from the listener. Returns false if the listener
  // is closed, and the descriptor with it.
  bool Detach(uint64_t handle, int fd);

 private:
  void Add(Item item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Mutex mu_;
  std::vector<Item> items_ ABSL_GUARDED_BY(mu_);
  Poller* poller_ ABSL_GUARDED_BY(mu_) = nullptr;  // null unless open
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

// Connects an exchange to its connection in the listener.
class Http1ConnectionHandle : public ConnectionHandle {
 public:
  Http1ConnectionHandle(std::shared_ptr<ConnectionInbox> inbox, uint64_t handle,
                        int fd, std::shared_ptr<SharedSocket> shared)
      : inbox_(std::move(inbox)),
        handle_(handle),
        fd_(fd),
        shared_(std::move(shared)) {}

  bool MayKeepAlive() override { return !inbox_->draining(); }
  void Hold(size_t bytes) override;
  void Answer(std::string bytes, bool keep_alive) override;
  std::unique_ptr<Socket> Detach() override;

 private:
  const std::shared_ptr<ConnectionInbox> inbox_;
  const uint64_t handle_;
  const int fd_;  // valid until the request is answered
  const std::shared_ptr<SharedSocket> shared_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_
