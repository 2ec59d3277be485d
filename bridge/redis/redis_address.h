#ifndef SSE_BRIDGE_BRIDGE_REDIS_REDIS_ADDRESS_H_
#define SSE_BRIDGE_BRIDGE_REDIS_REDIS_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Address and login of a Redis server.
struct RedisAddress {
  std::string host;
  int port = 6379;
  int database = 0;
  std::string user;      // empty for the default user
  std::string password;  // empty for no login

  // For messages; omits the password.
  std::string ToString() const;
};

// Parses "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]", the form of Redis' own
// tools. HOST may be an IPv6 address in brackets. USER and PASSWORD are
// percent-encoded. Errors (kInvalidArgument) never contain the password.
absl::StatusOr<RedisAddress> ParseRedisAddress(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_REDIS_REDIS_ADDRESS_H_
