#ifndef SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_PENDING_HANDSHAKES_H_
#define SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_PENDING_HANDSHAKES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The connections whose PROXY header or TLS handshake is in progress, in the
// order of arrival, so that the oldest can be closed for a new one. Times are
// monotonic nanoseconds.
//
// Thread-safe.
class PendingHandshakes {
 public:
  struct PendingConnection {
    uint64_t number = 0;
    size_t thread = 0;  // the thread that handles it
  };

  // Returns the connection's number. `key` identifies the address for its
  // limit; if it is empty, the connection counts for no address.
  uint64_t Add(size_t thread, absl::string_view key, int64_t now_ns);

  // Sets the key of a connection that was added without one.
  void Identify(uint64_t number, absl::string_view key);

  void Remove(uint64_t number);

  // Removes and returns the oldest connection if it arrived no later than
  // `latest_ns`. The caller closes it.
  std::optional<PendingConnection> TakeOldest(int64_t latest_ns);

  // Removes and returns the oldest connection of the address if the address has
  // more than `limit`.
  std::optional<PendingConnection> TakeExcess(absl::string_view key,
                                              size_t limit);

 private:
  struct Entry {
    size_t thread;
    std::string key;
    int64_t came_ns;
  };

  void RemoveLocked(std::map<uint64_t, Entry>::iterator at)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, Entry> pending_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, std::set<uint64_t>> by_key_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_PENDING_HANDSHAKES_H_
