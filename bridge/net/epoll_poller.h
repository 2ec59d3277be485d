#ifndef SSE_BRIDGE_BRIDGE_NET_EPOLL_POLLER_H_
#define SSE_BRIDGE_BRIDGE_NET_EPOLL_POLLER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "bridge/net/poller.h"

namespace sse_bridge {

// Watches sockets of the operating system with epoll.
class EpollPoller final : public Poller {
 public:
  EpollPoller() = default;
  ~EpollPoller() override;

  absl::Status Start() override;
  int Add(int fd, uint64_t data, uint32_t events) override;
  int Modify(int fd, uint64_t data, uint32_t events) override;
  void Remove(int fd) override;
  int Wait(epoll_event* events, int64_t nanos) override;
  void Wake() override;

 private:
  int Control(int operation, int fd, uint64_t data, uint32_t events) const;

  // Never change after Start.
  int epoll_ = -1;
  int wake_ = -1;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_EPOLL_POLLER_H_
