#ifndef SSE_BRIDGE_TESTS_SIMULATION_HTTP2_CLIENT_H_
#define SSE_BRIDGE_TESTS_SIMULATION_HTTP2_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/client_stream.h"
#include "tests/simulation/trace.h"
#include "tests/unit/http2/http2_peer.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// A browser's connection by HTTP/2 with prior knowledge, for several requests.
// A stream that is not read keeps its window closed, and no other's.
class Http2Client : public std::enable_shared_from_this<Http2Client> {
 public:
  // `window`: of each stream, in bytes. Pointers must outlive the client.
  Http2Client(Trace* trace, std::unique_ptr<SimulatedClient> client,
              uint32_t window);
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // Whether another request may be sent.
  bool usable() const;

  std::unique_ptr<ClientStream> Open(const ClientRequest& request,
                                     std::string last_event_id,
                                     Response::OnEvent on_event);

  // Takes what has arrived, and answers it.
  void Look();

  bool over() const { return over_; }
  void Close() { client_->Close(); }
  void Cut();

 private:
  class Stream;
  void SendWhatIsDue();
  void End();

  Trace* const trace_;
  const std::unique_ptr<SimulatedClient> client_;
  Http2Peer peer_;
  size_t streams_ = 0;   // in use
  size_t given_ = 0;     // of what the client has received
  size_t consumed_ = 0;  // bytes of DATA, as the connection's window knows
  bool cut_ = false, over_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_HTTP2_CLIENT_H_
