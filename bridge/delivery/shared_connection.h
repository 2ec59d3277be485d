#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_SHARED_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_SHARED_CONNECTION_H_

#include <cstdint>

#include "bridge/net/socket_options.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

class SharedConnection;

// What a loop does for the shared connections that it owns. Called on the
// loop's thread.
class SharedConnectionHost {
 public:
  // Of the loop; see Delivery::Call and MultiplexedSocket::loop.
  virtual int index() const = 0;

  // The time of the current round.
  virtual int64_t now() const = 0;

  // For the connection's socket.
  virtual StreamSocketOptions socket_options() const = 0;

  // Has Flush called in this round.
  virtual void FlushLater(SharedConnection* connection) = 0;

  // Has OnTimer called once, at this time.
  virtual void SetTimer(SharedConnection* connection, int64_t deadline) = 0;

  // Tells the stream that was opened with `data` (MultiplexedSocket::Open) of
  // events.
  virtual void Report(uint64_t data, uint32_t events) = 0;

  // Counts what was written to the socket.
  virtual void CountWrites(uint64_t writes) = 0;

  // Forgets the connection at the end of the round. Nothing of it is called
  // afterwards.
  virtual void Remove(SharedConnection* connection) = 0;

 protected:
  ~SharedConnectionHost() = default;
};

// A connection that carries several streams, and that a loop owns as a whole
// (Delivery::Adopt): HTTP/2. Its streams are MultiplexedSockets. Called on the
// loop's thread.
class SharedConnection {
 public:
  virtual ~SharedConnection() = default;

  // Called once, first. Returns the descriptor to watch, or -1 if the
  // connection has failed and is to be forgotten.
  virtual int Open(SharedConnectionHost* host) = 0;

  // Epoll's events of the descriptor, edge-triggered.
  virtual void OnEvent(uint32_t events) = 0;

  // Writes what its streams have accepted. The bytes are valid until it
  // returns.
  virtual void Flush() = 0;

  virtual void OnTimer() = 0;

  // The streams of the loop are being ended (Delivery::CloseAll).
  virtual void Drain() = 0;

  // The loop stops, after its streams were closed.
  virtual void Close() = 0;

 private:
  friend class SharedConnections;

  // Used by the loop.
  uint64_t number_ = 0;
  bool unflushed_ = false;
  bool removed_ = false;
  TimerNode timer_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_SHARED_CONNECTION_H_
