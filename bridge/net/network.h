#ifndef SSE_BRIDGE_BRIDGE_NET_NETWORK_H_
#define SSE_BRIDGE_BRIDGE_NET_NETWORK_H_

#include <memory>

#include "bridge/net/poller.h"

namespace sse_bridge {

class EventLoop;

// What event loops run on: watches their sockets, and decides what calls them.
// With the Clock, it is what tests replace to run listeners, handshakes and
// delivery on simulated connections and on one thread. Sockets are not created
// here: they come from the ListeningSocket that a listener is given.
class Network {
 public:
  virtual ~Network() = default;

  // Returns a poller for sockets of this network, which must outlive it.
  virtual std::unique_ptr<Poller> NewPoller() = 0;

  // Called when `loop` starts. If it returns true, this network runs the loop
  // by EventLoop::RunRound. Otherwise the loop starts a thread.
  virtual bool Runs(EventLoop* loop) = 0;

  // That of the operating system. Never destroyed.
  static Network* Real();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_NETWORK_H_
