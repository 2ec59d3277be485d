#ifndef SSE_BRIDGE_BRIDGE_HTTP2_ENDED_CONNECTIONS_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_ENDED_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sse_bridge {

// Remembers for a while from which addresses connections came that had to be
// ended because of their client. A flood ends with its connection, but the
// client that comes back at once can repeat it, so that some have to wait.
//
// Times are monotonic nanoseconds. Not thread-safe.
class EndedConnections {
 public:
  struct Limits {
    // How many an address may have within this time.
    size_t per_address = 2;
    absl::Duration window = absl::Seconds(10);
    // How many are remembered, the newest ones. Bounds the memory: attackers
    // may have any number of addresses.
    size_t remembered = 4096;
  };

  explicit EndedConnections(const Limits& limits) : limits_(limits) {}

  void Add(std::string address, int64_t now);

  // Whether the address has had more than it may.
  bool TooMany(absl::string_view address, int64_t now);

 private:
  void Forget(int64_t now);
  void ForgetOldest();

  const Limits limits_;
  std::deque<std::pair<int64_t, std::string>> ended_;  // the oldest first
  absl::flat_hash_map<std::string, size_t> count_;     // of each address
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_ENDED_CONNECTIONS_H_
