#ifndef SSE_BRIDGE_TESTS_SIMULATION_HTTP2_CLIENT_H_
#define SSE_BRIDGE_TESTS_SIMULATION_HTTP2_CLIENT_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/client_stream.h"
#include "tests/simulation/trace.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// A browser's connection by HTTP/2 with prior knowledge, for several requests.
// A stream that is not read keeps its window closed, and no other's.
class Http2Client : public std::enable_shared_from_this<Http2Client> {
 public:
  // `window`: of each stream, in bytes. Pointers must outlive the client.
  Http2Client(Trace* trace, std::unique_ptr<SimulatedClient> client,
              uint32_t window);
  ~Http2Client();
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
  // What has arrived of a stream and was not passed on.
  struct Arrived {
    Response::Headers headers;
    bool has_head = false;
    std::string body;
    bool any = false;     // of a response
    bool closed = false;  // nothing more arrives
    bool clean = false;   // the response is complete
    bool refused = false;
  };

  void SendWhatIsDue();
  void OnStreamClose(int32_t id, uint32_t code);
  void End();

  Trace* const trace_;
  const std::unique_ptr<SimulatedClient> client_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Arrived> streams_;
  size_t seen_ = 0;
  bool going_away_ = false, cut_ = false, over_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_HTTP2_CLIENT_H_
