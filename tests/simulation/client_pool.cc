#include "tests/simulation/client_pool.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/http1_client.h"

namespace sse_bridge {

std::unique_ptr<ClientStream> ClientPool::Open(const std::string& owner,
                                               ClientRequest request,
                                               std::string last_event_id,
                                               Response::OnEvent on_event) {
  const std::string address = absl::StrCat("192.0.2.", ++requests_ % 3);
  // The bridge would choose one that does not depend on the seed.
  request.headers.emplace_back("x-request-id", absl::StrCat("r", requests_));
  if (network_->OneIn(2)) {
    return std::make_unique<Http1Client>(
        network_->Connect(address), network_->OneIn(8) ? 0 : 1, request,
        std::move(last_event_id), std::move(on_event));
  }
  auto& connections = http2_[owner];
  for (const auto& connection : connections) {
    if (!connection->usable()) continue;
    trace_->Add("a request on a connection of ", owner);
    return connection->Open(request, std::move(last_event_id),
                            std::move(on_event));
  }
  trace_->Add("a new connection of ", owner);
  connections.push_back(std::make_shared<Http2Client>(
      trace_, network_->Connect(address), window_));
  return connections.back()->Open(request, std::move(last_event_id),
                                  std::move(on_event));
}

void ClientPool::Look() {
  for (auto& [owner, connections] : http2_) {
    for (const auto& connection : connections) connection->Look();
    std::erase_if(connections,
                  [](const auto& connection) { return connection->over(); });
  }
}

void ClientPool::CloseAll() {
  for (auto& [owner, connections] : http2_) {
    for (const auto& connection : connections) {
      if (network_->OneIn(2)) {
        connection->Cut();
      } else {
        connection->Close();
      }
    }
  }
  http2_.clear();
}

}  // namespace sse_bridge
