#include "backends/stream/multiplexer_service.h"

#include <vector>

namespace sse_bridge {

grpc::ServerBidiReactor<sse::v1::ToBackend, sse::v1::ToBridge>*
MultiplexerService::Connect(grpc::CallbackServerContext*) {
  auto connection = std::make_shared<ServerConnection>(&methods_, &thread_);
  bool down;
  {
    MutexLock lock(&mu_);
    connections_.insert(connection);
    down = down_;
  }
  ServerConnection::Call* const call =
      connection->Begin([this, weak = std::weak_ptr(connection)] {
        MutexLock lock(&mu_);
        connections_.erase(weak.lock());
      });
  if (down) connection->Shutdown();
  return call;
}

void MultiplexerService::Shutdown() {
  std::vector<std::shared_ptr<ServerConnection>> connections;
  {
    MutexLock lock(&mu_);
    down_ = true;
    connections.assign(connections_.begin(), connections_.end());
  }
  for (const auto& connection : connections) connection->Shutdown();
}

}  // namespace sse_bridge
