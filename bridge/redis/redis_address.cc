#include "bridge/redis/redis_address.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/percent_decode.h"

namespace sse_bridge {
namespace {

constexpr int kMaxPort = 65535;
constexpr int kMaxDatabase = 1'000'000;

absl::Status Bad(absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(
      "expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]: ", reason));
}

bool ParseNumber(absl::string_view text, int least, int most, int* number) {
  for (char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return absl::SimpleAtoi(text, number) && *number >= least && *number <= most;
}

}  // namespace

std::string RedisAddress::ToString() const {
  const bool v6 = absl::StrContains(host, ":");
  return absl::StrCat("redis://", v6 ? "[" : "", host, v6 ? "]" : "", ":", port,
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
    if (!database.empty() &&
        !ParseNumber(database, 0, kMaxDatabase, &address.database)) {
      return Bad(absl::StrCat("'", database, "' is not a database number"));
    }
  }
  absl::string_view host = text;
  absl::string_view port;
  bool has_port = false;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return Bad("'[' without ']'");
    host = text.substr(0, end);
    text.remove_prefix(end + 1);
    has_port = absl::ConsumePrefix(&text, ":");
    if (!has_port && !text.empty()) return Bad("no ':' after ']'");
    port = text;
  } else if (const size_t colon = text.find(':');
             colon != absl::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (host.empty()) return Bad("no host");
  if (has_port && !ParseNumber(port, 1, kMaxPort, &address.port)) {
    return Bad(absl::StrCat("'", port, "' is not a port"));
  }
  address.host = std::string(host);
  return address;
}

}  // namespace sse_bridge
