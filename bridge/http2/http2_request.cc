#include "bridge/http2/http2_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/framing/request_target.h"

namespace sse_bridge {
namespace {

// ": " and CRLF in HTTP/1.1.
constexpr size_t kFieldOverhead = 4;

// A head may exceed its limits this many times before its connection ends.
// Until then the client gets an answer.
constexpr size_t kMaxExcess = 4;

// As RequestFraming.
constexpr size_t kMaxMethodBytes = 16;

bool IsTargetText(absl::string_view target) {
  return (target == "*" || absl::StartsWith(target, "/")) &&
         std::all_of(target.begin(), target.end(),
                     [](char c) { return c > ' ' && c < 127 && c != '#'; });
}

}  // namespace

void Http2Request::Refuse(int status, absl::string_view reason) {
  if (refused_ != 0) return;
  refused_ = status;
  reason_ = std::string(reason);
  std::string().swap(request_.body);
}

bool Http2Request::AddField(absl::string_view name, absl::string_view value) {
  const size_t bytes = name.size() + value.size() + kFieldOverhead;
  head_bytes_ += bytes;
  ++fields_;
  if (event_id_bytes_ == 0 && name == "last-event-id" &&
      bytes <= limits_->max_event_id_line_bytes) {
    event_id_bytes_ = bytes;
  }
  if (name == ":path" && bytes > limits_->max_request_line_bytes) {
    Refuse(414, "the request line is too long");
  }
  if (head_bytes_ - event_id_bytes_ > limits_->max_head_bytes) {
    Refuse(431, "the request head is too large");
  }
  // The four fields of the request line are no headers.
  if (fields_ > limits_->max_headers + 4) Refuse(431, "too many headers");
  if (head_too_large()) {
    // Nothing is kept but what the answer needs.
    if (name == "origin" && bytes <= limits_->max_head_bytes) {
      AddHeader(name, value);
    }
    if (name == ":method" && bytes <= kMaxMethodBytes) {
      request_.verb = std::string(value);
    }
    return head_bytes_ <= kMaxExcess * limits_->max_head_bytes +
                              limits_->max_event_id_line_bytes &&
           fields_ <= kMaxExcess * (limits_->max_headers + 4);
  }
  if (name == ":method") {
    if (value.size() > kMaxMethodBytes) Refuse(400, "malformed request method");
    request_.verb = std::string(value);
  } else if (name == ":path") {
    if (!IsTargetText(value)) Refuse(400, "malformed request target");
    request_.target = std::string(value);
  } else if (name == ":authority") {
    authority_ = std::string(value);
  } else if (absl::StartsWith(name, ":")) {
    // The scheme is what the listener knows it to be.
  } else if (name == "cookie") {
    // RFC 9113, 8.2.3: split so that it is compressed better.
    absl::StrAppend(&cookies_, cookies_.empty() ? "" : "; ", value);
  } else {
    AddHeader(name, value);
  }
  return true;
}

void Http2Request::AddHeader(absl::string_view name, absl::string_view value) {
  if (name == "host") {
    if (has_host_) Refuse(400, "exactly one Host header is required");
    has_host_ = true;
    // As in HTTP/1.1, all who read the request must see the same host.
    if (!authority_.empty() && !IsSameHost("https", authority_, value) &&
        !IsSameHost("http", authority_, value)) {
      Refuse(400, "the :authority differs from the Host header");
    }
    if (!IsHostText(value)) Refuse(400, "malformed Host");
  } else if (name == "expect") {
    if (!absl::EqualsIgnoreCase(value, "100-continue")) {
      Refuse(417, "unsupported Expect; only 100-continue is supported");
    }
    expects_continue_ = true;
  } else if (name == "content-encoding" &&
             !absl::EqualsIgnoreCase(value, "identity")) {
    Refuse(415, "compressed request bodies are not supported");
  } else if (name == "content-length") {
    uint64_t length = 0;
    if (absl::SimpleAtoi(value, &length) && length > limits_->max_body_bytes) {
      Refuse(413, absl::StrCat("the body is larger than ",
                               limits_->max_body_bytes, " bytes"));
    }
  }
  request_.headers.emplace_back(std::string(name), std::string(value));
}

void Http2Request::EndHead() {
  head_complete_ = true;
  if (refused_ != 0) return;
  if (request_.verb == "CONNECT") {
    Refuse(501, "CONNECT is not supported");
    return;
  }
  if (request_.target == "*" && request_.verb != "OPTIONS") {
    Refuse(400, "malformed request target");
    return;
  }
  if (!has_host_) {
    if (authority_.empty() || !IsHostText(authority_)) {
      Refuse(400, "malformed or missing :authority");
      return;
    }
    request_.headers.emplace_back("host", std::exchange(authority_, {}));
  }
  if (!cookies_.empty()) {
    request_.headers.emplace_back("cookie", std::exchange(cookies_, {}));
  }
}

void Http2Request::AddBody(absl::string_view bytes) {
  if (refused_ != 0) return;
  std::string& body = request_.body;
  if (bytes.size() > limits_->max_body_bytes - body.size()) {
    Refuse(413, absl::StrCat("the body is larger than ",
                             limits_->max_body_bytes, " bytes"));
    return;
  }
  body.append(bytes.data(), bytes.size());
}

}  // namespace sse_bridge
