#include "bridge/feed/end_id.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/own_ids.h"
#include "bridge/base/stable_hash.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kEnd = "end.";
constexpr size_t kTagLength = 16;
constexpr int kMaxCode = 16;

}  // namespace

bool EndsForGood(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

std::string CallTag(absl::string_view grpc_path, absl::string_view request,
                    absl::string_view subject) {
  const uint64_t hash =
      StableHash().Add(grpc_path).Add(request).Add(subject).value();
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16));
}

std::string EndId(absl::StatusCode code, absl::string_view call_tag) {
  return absl::StrCat(kOwnIdPrefix, kEnd, static_cast<int>(code), ".",
                      call_tag);
}

std::optional<ParsedEndId> ParseEndId(absl::string_view id) {
  if (!absl::ConsumePrefix(&id, kOwnIdPrefix) ||
      !absl::ConsumePrefix(&id, kEnd)) {
    return std::nullopt;
  }
  const size_t dot = id.find('.');
  int code = 0;
  if (dot == absl::string_view::npos ||
      !absl::SimpleAtoi(id.substr(0, dot), &code) || code < 0 ||
      code > kMaxCode || !EndsForGood(static_cast<absl::StatusCode>(code)) ||
      id.size() - dot - 1 != kTagLength) {
    return std::nullopt;
  }
  return ParsedEndId{static_cast<absl::StatusCode>(code),
                     std::string(id.substr(dot + 1))};
}

}  // namespace sse_bridge
