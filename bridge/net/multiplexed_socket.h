#ifndef SSE_BRIDGE_BRIDGE_NET_MULTIPLEXED_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_NET_MULTIPLEXED_SOCKET_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bridge/net/socket.h"

namespace sse_bridge {

// One of the streams that share a connection (HTTP/2), to its writer a socket
// of its own. It has no descriptor. Bytes that Send accepts must stay valid
// until the end of the round of the loop that owns the connection, which then
// writes what all of its streams have accepted.
//
// Used on that loop's thread only, except before Open.
class MultiplexedSocket : public Socket {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // The index of the delivery loop that owns the connection.
  virtual int loop() const = 0;

  // Sets the head of the response, which Open sends.
  virtual void SetHead(int status, Headers headers) = 0;

  // Called once, on the loop. From now on its owner is told with `data` when
  // there is space (EPOLLOUT) and when the client has ended the stream
  // (EPOLLHUP). Returns false if it is already gone.
  virtual bool Open(uint64_t data) = 0;

  MultiplexedSocket* multiplexed() final { return this; }
  Progress Handshake() final { return Progress::kDone; }
  ssize_t Flush() final { return 0; }
  // What a client sends after its request is not for the stream.
  ssize_t Recv(char*, size_t) final { return kWouldBlock; }
  ssize_t Peek(char*, size_t) final { return kWouldBlock; }
  void SetStreamOptions(const StreamSocketOptions&) final {}

 protected:
  MultiplexedSocket() : Socket(-1, {.unbuffered = true}) {}
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_MULTIPLEXED_SOCKET_H_
