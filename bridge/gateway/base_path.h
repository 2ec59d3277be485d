#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_BASE_PATH_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_BASE_PATH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The path prefix that the bridge is served below (`base_path`). Immutable and
// thread-safe.
class BasePath {
 public:
  // `path` is "/realtime" or "/a/b/", or "" or "/" for no prefix. Returns
  // kInvalidArgument if it is not a path.
  static absl::StatusOr<BasePath> Create(absl::string_view path);

  // Strips the prefix from the request's path. Must be called first for each
  // request. Returns false if the path is not below the prefix; the caller must
  // then refuse the request.
  bool Enter(HttpExchange* exchange) const;

  // Answers 404 to a request that is not below the prefix.
  void Refuse(HttpExchange* exchange) const;

  // Redirects a request for the prefix without a trailing slash, which pages
  // need to resolve their relative URLs. Returns true if it has answered the
  // request.
  bool Redirect(HttpExchange* exchange) const;

 private:
  explicit BasePath(std::string path) : path_(std::move(path)) {}

  std::string path_;  // without the trailing slash
};

// The prefix that a proxy has stripped (X-Forwarded-Prefix), without its
// trailing slash. Empty if there is none, several, or one that is not a path.
std::string ForwardedPrefix(const std::vector<absl::string_view>& values);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_BASE_PATH_H_
