#include "bridge/upstream/call_end.h"

#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {
namespace {

constexpr int kMaxCode = 16;
constexpr int64_t kLogAgainNs = 1'000'000'000;

// Prefixes of messages of gRPC's transports. These put them into trailers, so
// they also follow kFromPeer. The last ones are from client libraries and
// proxies that a backend may use or run behind.
constexpr absl::string_view kTransportTexts[] = {
    "Broken pipe",
    "Cancelling all calls",
    "Channel closed",
    "Connection aborted",
    "Connection refused",
    "Connection reset",
    "Connection timed out",
    "DNS resolution failed",
    "Deadline Exceeded",
    "Delayed close",
    "Endpoint read failed",
    "Error parsing",
    "Failed parsing HTTP/2",
    "Failed to connect",
    "GOAWAY received",
    "Incoming HTTP/2",
    "Last stream closed after sending GOAWAY",
    "No status received",
    "RST_STREAM",
    "Received RST_STREAM",
    "Received http2",
    "Received unexpected",
    "Secure read failed",
    "Socket closed",
    "Ssl handshake failed",
    "Stream IDs exhausted",
    "Stream removed",
    "Too many streams",
    "Transport closed",
    "Transport destroyed",
    "Trying to connect an http1.x server",
    "Unexpected error decompressing data",
    "connection attempt timed out",
    "connections to all backends failing",
    "empty address list",
    "endpoint shutdown",
    "failed to connect to all addresses",
    "goaway",
    "handshake",
    "keepalive watchdog timeout",
    "ping timeout",
    "received initial metadata size",
    "received metadata size",
    "received trailing metadata size",
    "recvmsg:",
    "sendmsg:",
    "transport closed",
    "connection error: desc = ",
    "io exception",
    "transport is closing",
    "upstream connect error or disconnect/reset",
};

// How gRPC's messages quote addresses.
constexpr absl::string_view kAddressSchemes[] = {"ipv4:", "ipv6:", "unix:"};

// Rewrites gRPC's message for a size beyond the channel's limit, "Received
// message larger than max (SIZE vs. MAX)", so that it is clear which number is
// which. Backends report the same about a request, so the text names no side.
// Returns an empty string for any other status.
std::string TooLarge(const CallEnd& end) {
  constexpr absl::string_view kTooLarge = "larger than max (";
  const absl::string_view text = end.message;
  const size_t start = text.find(kTooLarge);
  if (end.code != static_cast<int>(absl::StatusCode::kResourceExhausted) ||
      start == absl::string_view::npos) {
    return "";
  }
  const std::pair<absl::string_view, absl::string_view> sizes = absl::StrSplit(
      absl::StripSuffix(text.substr(start + kTooLarge.size()), ")"),
      absl::MaxSplits(" vs. ", 1));
  uint64_t size;
  uint64_t limit;
  if (!absl::SimpleAtoi(sizes.first, &size) ||
      !absl::SimpleAtoi(sizes.second, &limit)) {
    return "";
  }
  return absl::StrCat("a message of ", size, " bytes exceeds the limit of ",
                      limit, " bytes");
}

// Message shown to clients in place of one that gRPC made.
absl::string_view PublicText(absl::StatusCode code, bool reached) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "the call was cancelled";
    case absl::StatusCode::kDeadlineExceeded:
      return "the backend did not answer in time";
    case absl::StatusCode::kResourceExhausted:
      return "the backend refused the call, or its answer is too large";
    case absl::StatusCode::kUnavailable:
      return reached ? "the connection to the backend was lost"
                     : "the backend cannot be reached";
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return "the backend refused the connection";
    case absl::StatusCode::kUnimplemented:
      return "the backend does not know the method";
    default:
      return "the backend's answer cannot be read";
  }
}

// An unreachable backend fails every call, so log one line a second.
bool MayLog(absl::StatusCode code) {
  static std::array<std::atomic<int64_t>, kMaxCode + 1> logged_at{};
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch() /
                      std::chrono::nanoseconds(1);
  std::atomic<int64_t>& last = logged_at[static_cast<size_t>(code)];
  int64_t before = last.load(std::memory_order_relaxed);
  return (before == 0 || now - before >= kLogAgainNs) &&
         last.compare_exchange_strong(before, now);
}

}  // namespace

bool IsTransportText(absl::string_view message) {
  for (const absl::string_view text : kTransportTexts) {
    if (absl::StartsWith(message, text)) return true;
  }
  return false;
}

absl::Status StatusOfEnd(const CallEnd& end) {
  if (end.code == 0) return absl::OkStatus();
  const auto code = end.code > 0 && end.code <= kMaxCode
                        ? static_cast<absl::StatusCode>(end.code)
                        : absl::StatusCode::kUnknown;
  std::string shown = TooLarge(end);
  if (shown.empty()) {
    bool own_words = end.from_peer && !IsTransportText(end.message);
    if (code == absl::StatusCode::kUnavailable) {
      for (const absl::string_view scheme : kAddressSchemes) {
        own_words = own_words && !absl::StrContains(end.message, scheme);
      }
    }
    if (own_words) {
      shown = end.message;
    } else {
      shown = std::string(PublicText(code, end.reached));
      // Cancellation was requested by the caller.
      if (code != absl::StatusCode::kCancelled && !end.peer.empty() &&
          MayLog(code)) {
        spdlog::warn("a call to {} failed: {}: {}", end.peer,
                     absl::StatusCodeToString(code), end.message);
      }
    }
  }
  absl::Status result(code, shown);
  if (!end.details.empty()) {
    result.SetPayload(kStatusDetailsUrl, absl::Cord(end.details));
  }
  return result;
}

absl::Status MetadataTooLarge() {
  return absl::InternalError(
      "the backend's metadata or error details are larger than "
      "upstream_max_metadata allows");
}

absl::Status CompressedMessage() {
  return absl::InternalError(
      "the backend answered with a compressed message, which the bridge does "
      "not accept");
}

absl::Status NoPlaceForCall() {
  return absl::UnavailableError(
      "all connections to the backend are in use; retry later");
}

absl::Status CallNotTaken() {
  return absl::UnavailableError(
      "the backend does not accept the call; retry later");
}

}  // namespace sse_bridge
