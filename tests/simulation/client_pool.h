#ifndef SSE_BRIDGE_TESTS_SIMULATION_CLIENT_POOL_H_
#define SSE_BRIDGE_TESTS_SIMULATION_CLIENT_POOL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/client_stream.h"
#include "tests/simulation/http2_client.h"
#include "tests/simulation/trace.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// The connections of all browsers. The seed chooses the version of HTTP of each
// request. Requests of one owner share connections of HTTP/2, as a browser's
// tabs do.
class ClientPool {
 public:
  // `window`: of a stream of HTTP/2. Pointers must outlive the pool.
  ClientPool(SimulatedNetwork* network, Trace* trace, uint32_t window)
      : network_(network), trace_(trace), window_(window) {}

  std::unique_ptr<ClientStream> Open(const std::string& owner,
                                     ClientRequest request,
                                     std::string last_event_id,
                                     Response::OnEvent on_event);

  // Looks at the connections that have no streams, too.
  void Look();

  // The browsers' programs end.
  void CloseAll();

 private:
  SimulatedNetwork* const network_;
  Trace* const trace_;
  const uint32_t window_;
  uint64_t requests_ = 0;
  std::map<std::string, std::vector<std::shared_ptr<Http2Client>>> http2_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_CLIENT_POOL_H_
