#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_ACCOUNTS_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_ACCOUNTS_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/http/http1_connection.h"

namespace sse_bridge {

// What the connections of one address have of the listener.
struct AddressAccount {
  std::string key;
  size_t connections = 0;
  size_t waiting = 0;
  size_t held_bytes = 0;

  // Those that wait for the client, the longest first.
  Http1Connection* first = nullptr;
  Http1Connection* last = nullptr;
};

// Counts the bytes that the listener's connections hold, in all and by address,
// and for each address the connections that wait for the client. Says which
// must give something up so that the bounds hold: the largest holder, or the
// one that has waited longest. An address may hold half of all bytes, so that
// one client cannot have others refused.
//
// Of the listener's thread.
class ConnectionAccounts {
 public:
  struct Options {
    size_t max_bytes = 0;

    // Connections of one address that wait for the client; 0: no limit.
    size_t max_waiting_per_address = 0;
  };

  // Who holds less is not asked to give it up: all of them together are bounded
  // by the number of connections.
  static constexpr size_t kSmallBytes = size_t{4} << 10;

  explicit ConnectionAccounts(Options options) : options_(options) {}

  // `key` is what the address counts as; empty: it has no limits of its own. A
  // connection begins with nothing held, and waiting. It must stay where it is
  // in memory until Leave.
  void Enter(Http1Connection* connection, absl::string_view key);
  void Leave(Http1Connection* connection);

  // `expected_bytes` is what it is going to hold, where that is known: by it
  // the largest is found, so that of two like requests not the one is refused
  // that is there already.
  void SetHeld(Http1Connection* connection, size_t bytes,
               size_t expected_bytes = 0);
  void SetWaiting(Http1Connection* connection, bool waiting);

  // The connection that must give up what it holds (SetHeld with less), or
  // null when the bounds hold. To be called until it returns null.
  Http1Connection* MustGiveBytes();

  // The connection of this one's address that must be closed, or null.
  Http1Connection* MustLeave(const Http1Connection& connection) const;

  size_t held_bytes() const { return held_bytes_; }
  size_t addresses() const { return addresses_.size(); }

 private:
  // By size, as it is expected; of equals, the one that came to it last is the
  // last.
  struct Holder {
    size_t bytes;
    uint64_t order;
    Http1Connection* connection;
    bool operator<(const Holder& other) const {
      return std::pair(bytes, order) < std::pair(other.bytes, other.order);
    }
  };

  Http1Connection* LargestOf(const AddressAccount* address) const;
  void Unlink(Http1Connection* connection);

  const Options options_;
  size_t held_bytes_ = 0;
  uint64_t last_order_ = 0;
  std::set<Holder> large_;
  // Node-based: connections point to entries.
  absl::node_hash_map<std::string, AddressAccount> addresses_;
  absl::flat_hash_set<AddressAccount*> over_;  // hold more than their part
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_ACCOUNTS_H_
