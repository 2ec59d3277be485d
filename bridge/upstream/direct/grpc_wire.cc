#include "bridge/upstream/direct/grpc_wire.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/metadata_name.h"

namespace sse_bridge {
namespace {

// HTTP/2 counts this for each field (RFC 9113, 6.5.2).
constexpr size_t kFieldBytes = 32;

constexpr int64_t kMaxTimeout = 99'999'999;

uint32_t LengthOf(absl::string_view prefix) {
  uint32_t length = 0;
  for (size_t i = 1; i < kGrpcPrefixBytes; ++i) {
    length = length << 8 | static_cast<unsigned char>(prefix[i]);
  }
  return length;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// As gRPC's http-grpc-status-mapping.md.
absl::StatusCode CodeOfHttpStatus(int status) {
  switch (status) {
    case 400:
      return absl::StatusCode::kInternal;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kUnknown;
  }
}

}  // namespace

std::string GrpcPrefix(size_t message_bytes) {
  std::string prefix(1, '\0');
  for (const int shift : {24, 16, 8, 0}) {
    prefix.push_back(static_cast<char>(message_bytes >> shift));
  }
  return prefix;
}

std::string GrpcTimeout(absl::Duration left) {
  for (const auto& [unit, letter] :
       {std::pair(absl::Microseconds(1), "u"),
        std::pair(absl::Milliseconds(1), "m"), std::pair(absl::Seconds(1), "S"),
        std::pair(absl::Minutes(1), "M")}) {
    absl::Duration rest;
    const int64_t count =
        absl::IDivDuration(left + unit - absl::Nanoseconds(1), unit, &rest);
    if (count <= kMaxTimeout) {
      return absl::StrCat(std::max<int64_t>(count, 1), letter);
    }
  }
  return absl::StrCat(kMaxTimeout, "M");
}

std::string DecodeGrpcMessage(absl::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded.push_back(static_cast<char>(high << 4 | low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

GrpcMessageReader::State GrpcMessageReader::Next(absl::string_view* data,
                                                 absl::string_view* message) {
  if (!refusal_.ok()) return State::kRefused;
  if (std::exchange(delivered_, false)) {
    // The memory of large messages is not kept.
    if (buffer_.capacity() > size_t{4} << 10) std::string().swap(buffer_);
    buffer_.clear();
  }
  if (buffer_.size() < kGrpcPrefixBytes && !buffer_.empty()) {
    const size_t n = std::min(kGrpcPrefixBytes - buffer_.size(), data->size());
    buffer_.append(data->data(), n);
    data->remove_prefix(n);
  }
  const absl::string_view front = buffer_.empty() ? *data : buffer_;
  if (front.size() < kGrpcPrefixBytes) {
    if (buffer_.empty()) {
      buffer_.assign(data->data(), data->size());
      data->remove_prefix(data->size());
    }
    return State::kPartial;
  }
  const size_t length = LengthOf(front);
  if (front[0] != 0) {
    refusal_ = CompressedMessage();
  } else if (length > max_message_bytes_) {
    refusal_ = absl::ResourceExhaustedError(
        absl::StrCat("a message of ", length, " bytes exceeds the limit of ",
                     max_message_bytes_, " bytes"));
  }
  if (!refusal_.ok()) return State::kRefused;
  const size_t whole = kGrpcPrefixBytes + length;
  if (buffer_.empty() && data->size() >= whole) {
    *message = data->substr(kGrpcPrefixBytes, length);
    data->remove_prefix(whole);
    return State::kMessage;
  }
  const size_t n = std::min(whole - buffer_.size(), data->size());
  buffer_.append(data->data(), n);
  data->remove_prefix(n);
  if (buffer_.size() < whole) return State::kPartial;
  delivered_ = true;
  *message = absl::string_view(buffer_).substr(kGrpcPrefixBytes);
  return State::kMessage;
}

void GrpcAnswer::BeginBlock() {
  block_bytes_ = 0;
  metadata_.clear();
}

bool GrpcAnswer::Add(absl::string_view name, absl::string_view value) {
  block_bytes_ += name.size() + value.size() + kFieldBytes;
  if (block_bytes_ > max_metadata_bytes_) return false;
  if (name == ":status") {
    if (!absl::SimpleAtoi(value, &http_status_)) http_status_ = 0;
  } else if (name == "content-type") {
    grpc_content_ = absl::StartsWith(value, "application/grpc");
  } else if (name == "grpc-status") {
    has_status_ = true;
    if (!absl::SimpleAtoi(value, &status_) || status_ < 0) {
      status_ = static_cast<int>(absl::StatusCode::kUnknown);
    }
  } else if (name == "grpc-message") {
    message_ = DecodeGrpcMessage(value);
  } else if (name == "grpc-status-details-bin") {
    bad_details_ = !absl::Base64Unescape(value, &details_);
  } else if (wanted_ != nullptr && !IsReservedMetadata(name)) {
    std::string bytes;
    if (!IsBinaryMetadata(name)) {
      bytes = std::string(value);
    } else if (!absl::Base64Unescape(value, &bytes)) {
      return true;
    }
    metadata_.emplace_back(std::string(name), std::move(bytes));
  }
  return true;
}

Metadata GrpcAnswer::TakeMetadata() {
  if (metadata_.empty()) return {};
  return SelectMetadata(std::exchange(metadata_, {}), *wanted_);
}

CallEnd GrpcAnswer::End() const {
  CallEnd end;
  end.reached = true;
  if (bad_details_) {
    end.code = static_cast<int>(absl::StatusCode::kInternal);
    end.message = "grpc-status-details-bin is not base64";
    return end;
  }
  if (has_status_) {
    end.code = status_;
    end.message = message_;
    end.details = details_;
    end.from_peer = true;
    return end;
  }
  end.code = static_cast<int>(CodeOfHttpStatus(http_status_));
  end.message = absl::StrCat(
      "no grpc-status in the answer, whose HTTP status "
      "is ",
      http_status_);
  return end;
}

}  // namespace sse_bridge
