#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "bridge/http/http_exchange.h"
#include "bridge/http/request_framing.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// What stands between a connection and its socket. The listener's while it
// reads and writes; while a request is answered elsewhere, of who answers it.
struct TransportSlot {
  std::unique_ptr<Transport> transport;
};

struct AddressAccount;

struct RefusedHead {
  int status = 0;
  std::string why;
};

// A connection that the listener holds. Of the listener's thread.
struct Http1Connection {
  enum class State {
    kReading,    // a request is awaited, or in the middle of arriving
    kBusy,       // one is being answered elsewhere
    kWriting,    // the answer is on its way
    kLingering,  // the last answer is sent, and the client's end awaited
  };

  uint32_t slot = 0;
  uint32_t generation = 0;  // how often the slot was used before
  int fd = -1;
  State state = State::kReading;
  bool keep_alive = true;
  bool counted = false;   // among those in flight
  bool probed = false;    // while kBusy: asked whether it is
  int minor_version = 1;  // of the request while kBusy
  uint32_t watched = 0;   // epoll events
  size_t lingered_bytes = 0;

  std::string peer_address;
  std::shared_ptr<TransportSlot> tls;  // null for a plain socket
  std::string in;  // empty, and without memory, between requests
  std::string out;
  size_t out_sent = 0;
  std::unique_ptr<RequestFraming> framing;  // while `in` is not empty
  // What was refused, whose head is still read for its Origin.
  std::unique_ptr<RefusedHead> refusal;
  std::weak_ptr<HttpExchange> exchange;  // while kBusy

  // Of ConnectionAccounts.
  AddressAccount* address = nullptr;  // null: has no limits of its own
  size_t held_bytes = 0;
  size_t expected_bytes = 0;  // no less than those
  uint64_t held_order = 0;
  bool waiting = false;  // for the client
  Http1Connection* waiting_previous = nullptr;
  Http1Connection* waiting_next = nullptr;

  // Of ConnectionDeadlines.
  int64_t deadline_ns = 0;
  int list = -1;
  Http1Connection* previous = nullptr;
  Http1Connection* next = nullptr;

  uint64_t handle() const { return uint64_t{generation} << 32 | slot; }
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP1_CONNECTION_H_
