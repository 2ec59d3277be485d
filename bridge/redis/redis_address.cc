#include "bridge/redis/redis_address.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/host_port.h"
#include "bridge/base/percent_decode.h"

namespace sse_bridge {
namespace {

constexpr int kMaxDatabase = 1'000'000;

absl::Status Bad(absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(
      "expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]: ", reason));
}

bool ParseDatabase(absl::string_view text, int* number) {
  for (char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return absl::SimpleAtoi(text, number) && *number <= kMaxDatabase;
}

}  // namespace

std::string RedisAddress::ToString() const {
  return absl::StrCat("redis://", sse_bridge::ToString(HostPort{host, port}),
                      "/", database);
}

absl::StatusOr<RedisAddress> ParseRedisAddress(absl::string_view text) {
  RedisAddress address;
  if (!absl::ConsumePrefix(&text, "redis://")) {
    return Bad("it does not begin with redis://");
  }
  if (const size_t at = text.rfind('@'); at != absl::string_view::npos) {
    const absl::string_view login = text.substr(0, at);
    text.remove_prefix(at + 1);
    const size_t colon = login.find(':');
    if (colon == absl::string_view::npos ||
        !PercentDecode(login.substr(0, colon), &address.user).empty() ||
        !PercentDecode(login.substr(colon + 1), &address.password).empty() ||
        address.password.empty()) {
      return Bad("the login is not [USER]:PASSWORD");
    }
  }
  if (const size_t slash = text.find('/'); slash != absl::string_view::npos) {
    const absl::string_view database = text.substr(slash + 1);
    text = text.substr(0, slash);
    if (!database.empty() && !ParseDatabase(database, &address.database)) {
      return Bad(absl::StrCat("'", database, "' is not a database number"));
    }
  }
  const auto parts = SplitHostPort(text);
  if (!parts.has_value()) return Bad("'[' without ']'");
  if (!parts->has_port && !parts->port.empty()) return Bad("no ':' after ']'");
  if (parts->host.empty()) return Bad("no host");
  if (parts->has_port) {
    address.port = ParsePort(parts->port).value_or(0);
    if (address.port == 0) {
      return Bad(absl::StrCat("'", parts->port, "' is not a port"));
    }
  }
  address.host = std::string(parts->host);
  return address;
}

}  // namespace sse_bridge
