#ifndef SSE_BRIDGE_TESTS_SIMULATION_CLIENT_STREAM_H_
#define SSE_BRIDGE_TESTS_SIMULATION_CLIENT_STREAM_H_

#include <string>
#include <utility>

#include "tests/simulation/response.h"

namespace sse_bridge {

// A GET request. Names of headers are in lower case.
struct ClientRequest {
  std::string target;
  Response::Headers headers;
};

// A request and its response, over HTTP/1 or HTTP/2. Destroying it is what a
// browser does whose page has left.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  // Passes what has arrived to the response. Called after each step.
  virtual void Look() = 0;

  // A client that does not read makes its sender stop.
  virtual void SetReading(bool reads) = 0;

  // Cancels the request abruptly.
  virtual void Reset() = 0;

  // The network fails.
  virtual void Cut() = 0;

  // Nothing more arrives.
  virtual bool ended() const = 0;

  // It has ended and may be repeated, without anything being wrong: the failure
  // of a connection that others use too, or a refusal (RFC 9113, 8.7).
  virtual bool may_be_repeated() const { return false; }

  const Response& response() const { return response_; }

 protected:
  ClientStream(std::string last_event_id, Response::OnEvent on_event)
      : response_(std::move(last_event_id), std::move(on_event)) {}

  Response response_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_CLIENT_STREAM_H_
