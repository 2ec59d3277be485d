#ifndef SSE_BRIDGE_BRIDGE_REDIS_REDIS_ADDRESS_H_
#define SSE_BRIDGE_BRIDGE_REDIS_REDIS_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Where a Redis server is and how to log in there.
struct RedisAddress {
  std::string host;
  int port = 6379;
  int database = 0;
  std::string user;      // empty: the default user
  std::string password;  // empty: no login

  // For messages: without the password.
  std::string ToString() const;
};

// "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]", as Redis' own tools have it;
// HOST may be an IPv6 address in brackets. USER and PASSWORD are
// percent-encoded. InvalidArgument says what is wrong, without the password.
absl::StatusOr<RedisAddress> ParseRedisAddress(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_REDIS_REDIS_ADDRESS_H_
