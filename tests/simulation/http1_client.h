#ifndef SSE_BRIDGE_TESTS_SIMULATION_HTTP1_CLIENT_H_
#define SSE_BRIDGE_TESTS_SIMULATION_HTTP1_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/client_stream.h"
#include "tests/simulation/http1_reader.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// A request on a connection of its own.
class Http1Client final : public ClientStream {
 public:
  // Sends the request. `minor` is that of the version, 0 or 1.
  Http1Client(std::unique_ptr<SimulatedClient> client, int minor,
              const ClientRequest& request, std::string last_event_id,
              Response::OnEvent on_event);

  void Look() override;
  void SetReading(bool reads) override { client_->SetReading(reads); }
  void Reset() override { client_->Reset(); }
  void Cut() override { client_->Reset(); }
  bool ended() const override { return client_->ended() || client_->broken(); }

 private:
  const std::unique_ptr<SimulatedClient> client_;
  Http1Reader reader_{&response_};
  size_t seen_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_HTTP1_CLIENT_H_
