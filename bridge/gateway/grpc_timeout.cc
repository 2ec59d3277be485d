#include "bridge/gateway/grpc_timeout.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxDigits = 8;

}  // namespace

absl::StatusOr<absl::Duration> ParseGrpcTimeout(absl::string_view text) {
  const absl::Status bad = absl::InvalidArgumentError(
      "Grpc-Timeout: expected at most eight digits and one of H, M, S, m, u, "
      "n");
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return bad;
  const absl::string_view digits = text.substr(0, text.size() - 1);
  int64_t count = 0;
  if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(digits, &count)) {
    return bad;
  }
  switch (text.back()) {
    case 'H':
      return absl::Hours(count);
    case 'M':
      return absl::Minutes(count);
    case 'S':
      return absl::Seconds(count);
    case 'm':
      return absl::Milliseconds(count);
    case 'u':
      return absl::Microseconds(count);
    case 'n':
      return absl::Nanoseconds(count);
    default:
      return bad;
  }
}

}  // namespace sse_bridge
