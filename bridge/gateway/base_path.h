#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_BASE_PATH_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_BASE_PATH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The path that the bridge is below, as clients and proxies write it
// (`base_path`). Immutable, then thread-safe.
class BasePath {
 public:
  // "/realtime" or "/a/b/"; "" and "/" for none. InvalidArgument: it is no
  // path.
  static absl::StatusOr<BasePath> Create(absl::string_view path);

  // First for each request: its paths are below this one from here on.
  // False: it is not below, and to be refused.
  bool Enter(HttpExchange* exchange) const;

  // 404, for a request that is not below the path.
  void Refuse(HttpExchange* exchange) const;

  // True: the request was for the path itself without the slash that pages need
  // to find what is beside them, and was sent to the one with it.
  bool Redirect(HttpExchange* exchange) const;

 private:
  explicit BasePath(std::string path) : path_(std::move(path)) {}

  std::string path_;  // without the last slash
};

// The prefix that proxies say they have taken off (X-Forwarded-Prefix), without
// its last slash; empty: they say none, several, or what is no path.
std::string ForwardedPrefix(const std::vector<absl::string_view>& values);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_BASE_PATH_H_
