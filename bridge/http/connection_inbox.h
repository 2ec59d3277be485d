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
#include "bridge/net/transport.h"

namespace sse_bridge {

// Where other threads leave what they want of the listener. Shared with the
// links of the exchanges, which may outlive the listener. From any thread.
class ConnectionInbox {
 public:
  struct Item {
    enum class What { kAnswer, kDetached, kHeld, kEntered };
    What what;
    uint64_t handle;
    std::string bytes;  // of kAnswer; of kEntered the peer's address
    bool keep_alive = false;
    size_t held_bytes = 0;                      // of kHeld
    int fd = -1;                                // of kEntered
    std::unique_ptr<Transport> transport = {};  // of kEntered; may be null
  };

  // Of the listener's thread. `wake_fd` is an eventfd; both descriptors stay
  // the listener's, which closes them after Close.
  void Open(int epoll_fd, int wake_fd);
  std::vector<Item> Take();

  // From here on nothing is taken, and nothing can be detached. Returns what
  // was left.
  std::vector<Item> Close();

  // Of the listener's thread: sends bytes on a connection that is being
  // answered, unless it has been detached, when its descriptor is no more the
  // listener's.
  void SendUnlessDetached(uint64_t handle, int fd, const char* bytes,
                          size_t size);

  void Wake();

  // Connections end with the answers that come from now on. Wakes the listener.
  void StartDraining();
  bool draining();

  // Dropped when closed: false.
  bool Post(Item item);

  // Takes the descriptor off the listener. False: the listener is closed, and
  // the descriptor with it.
  bool Detach(uint64_t handle, int fd);

 private:
  void Add(Item item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Mutex mu_;
  std::vector<Item> items_ ABSL_GUARDED_BY(mu_);
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  int wake_fd_ ABSL_GUARDED_BY(mu_) = -1;
  int epoll_fd_ ABSL_GUARDED_BY(mu_) = -1;
};

// The way from an exchange back to its connection.
class Http1ConnectionHandle : public ConnectionHandle {
 public:
  Http1ConnectionHandle(std::shared_ptr<ConnectionInbox> inbox, uint64_t handle,
                        int fd, std::shared_ptr<TransportSlot> tls)
      : inbox_(std::move(inbox)),
        handle_(handle),
        fd_(fd),
        tls_(std::move(tls)) {}

  bool MayKeepAlive() override { return !inbox_->draining(); }
  void Hold(size_t bytes) override;
  void Answer(std::string bytes, bool keep_alive) override;
  int Detach(std::unique_ptr<Transport>* transport) override;

 private:
  const std::shared_ptr<ConnectionInbox> inbox_;
  const uint64_t handle_;
  const int fd_;  // valid as long as the request is unanswered
  const std::shared_ptr<TransportSlot> tls_;  // null for a plain socket
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_INBOX_H_
