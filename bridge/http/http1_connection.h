#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "bridge/http/framing/request_framing.h"
#include "bridge/http/http_exchange.h"
#include "bridge/net/deadline_lists.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// The socket of a connection. Used by the listener while it reads and writes.
// While a request is answered, the answering thread may take it: it is then
// guarded by the ConnectionInbox.
struct SharedSocket {
  std::unique_ptr<Socket> socket;
  std::string unsent;  // the rest of an interim response
};

struct AddressAccount;

struct RefusedHead {
  int status = 0;
  std::string why;
};

// A connection that the listener holds. Used on the listener's thread only.
struct Http1Connection {
  enum class State {
    kReading,    // waits for a request, or reads one
    kBusy,       // a worker answers a request
    kWriting,    // sends the answer
    kLingering,  // has sent the last answer; waits for the client to close
  };

  uint32_t slot = 0;
  uint32_t generation = 0;      // how many times the slot was used before
  int fd = -1;                  // of the socket
  bool may_half_close = false;  // see Socket
  State state = State::kReading;
  bool keep_alive = true;
  bool counted = false;   // included in the requests in flight
  bool probed = false;    // while kBusy: a 100 was sent to probe the client
  int minor_version = 1;  // of the request while kBusy
  uint32_t watched = 0;   // epoll events
  size_t lingered_bytes = 0;

  std::string peer_address;
  std::shared_ptr<SharedSocket> shared;
  std::string in;  // empty, without an allocation, between requests
  std::string out;
  size_t out_sent = 0;
  std::unique_ptr<RequestFraming> framing;  // while `in` is not empty
  // Set for a refused request whose head is still read to find its Origin.
  std::unique_ptr<RefusedHead> refusal;
  std::weak_ptr<HttpExchange> exchange;  // while kBusy

  // Used by ConnectionAccounts.
  AddressAccount* address = nullptr;  // null if no per-address limits apply
  size_t held_bytes = 0;
  size_t expected_bytes = 0;  // at least held_bytes
  uint64_t held_order = 0;
  bool waiting = false;  // for the client
  Http1Connection* waiting_previous = nullptr;
  Http1Connection* waiting_next = nullptr;

  DeadlineLink<Http1Connection> deadline;  // used by ConnectionDeadlines

  // Must not be called while kBusy.
  Socket& socket() const { return *shared->socket; }
  uint64_t handle() const { return uint64_t{generation} << 32 | slot; }
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_H_
