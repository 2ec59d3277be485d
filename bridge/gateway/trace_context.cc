#include "bridge/gateway/trace_context.h"

#include <algorithm>
#include <cstdint>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// VERSION "-" TRACE "-" PARENT "-" FLAGS
constexpr size_t kVersionSize = 2;
constexpr size_t kTraceSize = 32;
constexpr size_t kParentSize = 16;
constexpr size_t kTraceAt = kVersionSize + 1;
constexpr size_t kParentAt = kTraceAt + kTraceSize + 1;
constexpr size_t kFlagsAt = kParentAt + kParentSize + 1;
constexpr size_t kSize = kFlagsAt + 2;

constexpr size_t kMaxRequestId = 128;

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
  });
}

bool IsZero(absl::string_view text) {
  return text.find_first_not_of('0') == absl::string_view::npos;
}

bool IsTraceparent(absl::string_view text) {
  // Later versions may have more fields after the flags.
  if (text.size() < kSize || text.substr(0, kVersionSize) == "ff") return false;
  if (text.size() > kSize &&
      (text.substr(0, kVersionSize) == "00" || text[kSize] != '-')) {
    return false;
  }
  for (size_t dash : {kTraceAt - 1, kParentAt - 1, kFlagsAt - 1}) {
    if (text[dash] != '-') return false;
  }
  const absl::string_view trace = text.substr(kTraceAt, kTraceSize);
  const absl::string_view parent = text.substr(kParentAt, kParentSize);
  return IsLowerHex(text.substr(0, kVersionSize)) && IsLowerHex(trace) &&
         IsLowerHex(parent) && IsLowerHex(text.substr(kFlagsAt, 2)) &&
         !IsZero(trace) && !IsZero(parent);
}

std::string RandomHex64() {
  thread_local absl::BitGen random;
  return absl::StrCat(absl::Hex(
      absl::Uniform<uint64_t>(absl::IntervalClosed, random, 1, UINT64_MAX),
      absl::kZeroPad16));
}

}  // namespace

std::string NextTraceparent(absl::string_view received) {
  if (IsTraceparent(received)) {
    return absl::StrCat("00-", received.substr(kTraceAt, kTraceSize), "-",
                        RandomHex64(), "-", received.substr(kFlagsAt, 2));
  }
  return absl::StrCat("00-", RandomHex64(), RandomHex64(), "-", RandomHex64(),
                      "-00");
}

std::string RequestId(const HttpExchange& exchange,
                      absl::string_view traceparent) {
  const absl::string_view given =
      exchange.Header("X-Request-Id").value_or(absl::string_view());
  const bool good =
      !given.empty() && given.size() <= kMaxRequestId &&
      std::all_of(given.begin(), given.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' ||
               c == ':';
      });
  return std::string(good ? given : traceparent.substr(kTraceAt, kTraceSize));
}

}  // namespace sse_bridge
