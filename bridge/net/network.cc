#include "bridge/net/network.h"

#include "bridge/net/epoll_poller.h"

namespace sse_bridge {
namespace {

class RealNetwork : public Network {
 public:
  std::unique_ptr<Poller> NewPoller() override {
    return std::make_unique<EpollPoller>();
  }
  bool Runs(EventLoop* /*loop*/) override { return false; }
};

}  // namespace

Network* Network::Real() {
  static Network* const network = new RealNetwork;
  return network;
}

}  // namespace sse_bridge
