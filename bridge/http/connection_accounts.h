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

// The listener's resources that the connections of one address use.
struct AddressAccount {
  std::string key;
  size_t connections = 0;
  size_t waiting = 0;
  size_t held_bytes = 0;

  // Connections that wait for the client, the longest-waiting first.
  Http1Connection* first = nullptr;
  Http1Connection* last = nullptr;
};

// Counts the bytes that the listener's connections hold, in total and per
// address, and the connections of each address that wait for the client.
// Selects the connection that must give up memory or be closed to keep the
// limits: the largest holder, or the one that has waited longest. One address
// may hold at most half of all bytes, so that one client cannot cause others to
// be refused.
//
// Used on the listener's thread only.
class ConnectionAccounts {
 public:
  struct Options {
    size_t max_bytes = 0;

    // Connections per address that may wait for the client. 0 means no limit.
    size_t max_waiting_per_address = 0;
  };

  // Connections that hold less than this are never selected: their total is
  // bounded by the number of connections.
  static constexpr size_t kSmallBytes = size_t{4} << 10;

  explicit ConnectionAccounts(Options options) : options_(options) {}

  // `key` identifies the address for its limits. If it is empty, no per-address
  // limits apply. A connection starts as waiting and holding nothing. It must
  // not move in memory until Leave.
  void Enter(Http1Connection* connection, absl::string_view key);
  void Leave(Http1Connection* connection);

  // `expected_bytes` is the size that the connection will reach, if known. The
  // largest holder is determined by this size, so that of two equal requests
  // the one that arrived first is kept.
  void SetHeld(Http1Connection* connection, size_t bytes,
               size_t expected_bytes = 0);
  void SetWaiting(Http1Connection* connection, bool waiting);

  // Returns the connection that must give up what it holds (SetHeld with less),
  // or null if the limits hold. Call it until it returns null. `elsewhere` is
  // how much of max_bytes others hold.
  Http1Connection* MustGiveBytes(size_t elsewhere = 0);

  // Returns the connection from the same address that must be closed, or null.
  Http1Connection* MustLeave(const Http1Connection& connection) const;

  size_t held_bytes() const { return held_bytes_; }
  size_t addresses() const { return addresses_.size(); }

 private:
  // Ordered by expected size. Among equals, the connection that became large
  // last comes last.
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
  absl::flat_hash_set<AddressAccount*> over_;  // hold more than their share
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_ACCOUNTS_H_
