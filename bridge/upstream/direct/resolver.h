#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_RESOLVER_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_RESOLVER_H_

#include <sys/socket.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

struct ResolvedAddress {
  sockaddr_storage address = {};
  socklen_t size = 0;
};

// The result of one resolution. Thread-safe.
class Resolution {
 public:
  struct Result {
    std::vector<ResolvedAddress> addresses;  // in the order to try them
    std::string error;                       // if there are none
  };

  void Set(Result result) {
    MutexLock lock(&mu_);
    result_ = std::move(result);
  }
  Result Take() {
    MutexLock lock(&mu_);
    return std::move(result_);
  }

 private:
  Mutex mu_;
  Result result_ ABSL_GUARDED_BY(mu_);
};

// Returns the address if `host` is a literal one (of IPv4, or of IPv6 without
// brackets), else none.
std::vector<ResolvedAddress> LiteralAddress(const std::string& host, int port);

// Finds the addresses of a name. Calls `done` on a thread of its own.
void ResolveName(std::string host, int port,
                 std::function<void(Resolution::Result)> done);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_RESOLVER_H_
