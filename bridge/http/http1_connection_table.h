#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_TABLE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bridge/http/http1_connection.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// The listener's connections, by handle. Owns them; their memory is used again.
//
// Used on the listener's thread only, except for size().
class Http1ConnectionTable {
 public:
  Http1ConnectionTable() = default;
  Http1ConnectionTable(const Http1ConnectionTable&) = delete;
  Http1ConnectionTable& operator=(const Http1ConnectionTable&) = delete;

  // Returns a new connection, which does not move in memory until Remove.
  Http1Connection* Add(std::unique_ptr<Socket> socket);

  // Returns null if the connection has been removed.
  Http1Connection* Find(uint64_t handle) const;

  // Frees the connection's memory, but does not close a socket that an exchange
  // shares. The connection must not be used afterwards, except that its `fd` is
  // -1 until the next Add.
  void Remove(Http1Connection* connection);

  // Returns all connections.
  std::vector<Http1Connection*> All() const;

  // May be called on any thread.
  size_t size() const { return size_; }

 private:
  std::atomic<size_t> size_{0};
  std::vector<std::unique_ptr<Http1Connection>> slots_;
  std::vector<uint32_t> free_slots_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_TABLE_H_
