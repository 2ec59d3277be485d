#include "bridge/upstream/metadata_name.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kReserved[] = {
    "connection", "content-length",   "content-type", "host",
    "keep-alive", "proxy-connection", "te",           "transfer-encoding",
    "trailer",    "upgrade",          "user-agent",
};

}  // namespace

bool IsMetadataName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
           absl::ascii_islower(static_cast<unsigned char>(c)) || c == '_' ||
           c == '-' || c == '.';
  });
}

bool IsReservedMetadata(absl::string_view name) {
  return absl::StartsWith(name, "grpc-") || absl::StartsWith(name, ":") ||
         std::find(std::begin(kReserved), std::end(kReserved), name) !=
             std::end(kReserved);
}

bool IsBinaryMetadata(absl::string_view name) {
  return absl::EndsWith(name, "-bin");
}

bool IsMetadataText(absl::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace sse_bridge
