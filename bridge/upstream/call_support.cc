#include "bridge/upstream/call_support.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

// What HTTP/2 and gRPC set themselves, or forbid (RFC 9113, 8.2.2; gRPC over
// HTTP/2, "Requests").
constexpr std::array<absl::string_view, 11> kReservedKeys = {
    "connection", "content-length",   "content-type", "host",
    "keep-alive", "proxy-connection", "te",           "transfer-encoding",
    "trailer",    "upgrade",          "user-agent",
};

// Keys as gRPC over HTTP/2 has them, already in lower case.
bool IsKey(absl::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isdigit(c) || absl::ascii_islower(c) || c == '_' ||
           c == '-' || c == '.';
  });
}

bool IsReserved(absl::string_view key) {
  return absl::StartsWith(key, "grpc-") ||
         std::find(kReservedKeys.begin(), kReservedKeys.end(), key) !=
             kReservedKeys.end();
}

// gRPC's words for a message beyond the channel's limit, "Received message
// larger than max (SIZE vs. MAX)", in words that tell which number is which.
// Backends answer the same about a request, so no side is named.
std::string MessageOf(const grpc::Status& status) {
  constexpr absl::string_view kTooLarge = "larger than max (";
  const std::string message = status.error_message();
  const absl::string_view text = message;
  const size_t start = text.find(kTooLarge);
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
      start != absl::string_view::npos) {
    const std::pair<absl::string_view, absl::string_view> sizes =
        absl::StrSplit(
            absl::StripSuffix(text.substr(start + kTooLarge.size()), ")"),
            absl::MaxSplits(" vs. ", 1));
    uint64_t size;
    uint64_t limit;
    if (absl::SimpleAtoi(sizes.first, &size) &&
        absl::SimpleAtoi(sizes.second, &limit)) {
      return absl::StrCat("a message of ", size, " bytes exceeds the limit of ",
                          limit, " bytes");
    }
  }
  return message;
}

bool IsPrintableAscii(absl::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const int number = status.error_code();
  const auto code = number > 0 && number <= 16
                        ? static_cast<absl::StatusCode>(number)
                        : absl::StatusCode::kUnknown;
  absl::Status result(code, MessageOf(status));
  if (!status.error_details().empty()) {
    result.SetPayload(kStatusDetailsUrl, absl::Cord(status.error_details()));
  }
  return result;
}

grpc::ByteBuffer ToByteBuffer(std::string bytes) {
  auto* owned = new std::string(std::move(bytes));
  const grpc::Slice slice(
      owned->data(), owned->size(),
      [](void* string) { delete static_cast<std::string*>(string); }, owned);
  return grpc::ByteBuffer(&slice, 1);
}

bool FlattenByteBuffer(const grpc::ByteBuffer& buffer, std::string* out) {
  out->clear();
  if (!buffer.Valid()) return false;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  out->reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    const absl::string_view view = SliceView(slice);
    out->append(view.data(), view.size());
  }
  return true;
}

absl::Status ApplyOptions(const CallOptions& options,
                          grpc::ClientContext* context) {
  if (options.deadline != absl::InfiniteFuture()) {
    // What is far in the past does not fit into gRPC's clock.
    context->set_deadline(
        absl::ToChronoTime(std::max(options.deadline, absl::UnixEpoch())));
  }
  context->set_wait_for_ready(options.wait_for_ready);
  for (const auto& [name, value] : options.metadata) {
    const std::string key = absl::AsciiStrToLower(name);
    if (!IsKey(key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata: \"", absl::CHexEscape(name),
                       "\" is not a name that can be sent"));
    }
    if (IsReserved(key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata: the name \"", key, "\" is reserved"));
    }
    // gRPC aborts the program on what it cannot send, so it is checked here.
    if (!absl::EndsWith(key, "-bin") && !IsPrintableAscii(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata: the value of \"", key,
                       "\" is not printable ASCII; names of binary values "
                       "end in -bin"));
    }
    context->AddMetadata(key, value);
  }
  return absl::OkStatus();
}

}  // namespace sse_bridge
