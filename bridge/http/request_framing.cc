#include "bridge/http/request_framing.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxVerbBytes = 16;

// A chunk's size line, extensions included, and all trailers together.
constexpr size_t kMaxChunkLineBytes = 256;
constexpr size_t kMaxTrailerBytes = 4096;

// RFC 9110, 5.6.2.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) !=
             absl::string_view::npos;
}

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

bool IsTargetChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u > 0x20 && u < 0x7f;
}

// RFC 9110, 5.5: visible bytes, space, tab and obs-text.
bool IsValueChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == '\t' || (u >= 0x20 && u != 0x7f);
}

absl::string_view TrimBlanks(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Digits only, and no number that could overflow.
bool ParseLength(absl::string_view text, size_t* length) {
  constexpr size_t kMaxDigits = 15;
  if (text.empty() || text.size() > kMaxDigits) return false;
  size_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<size_t>(c - '0');
  }
  *length = value;
  return true;
}

bool ParseChunkSize(absl::string_view text, size_t* size) {
  constexpr size_t kMaxDigits = 12;
  if (text.empty() || text.size() > kMaxDigits) return false;
  size_t value = 0;
  for (char c : text) {
    int digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return false;
    }
    value = value * 16 + static_cast<size_t>(digit);
  }
  *size = value;
  return true;
}

}  // namespace

RequestFraming::State RequestFraming::Refuse(int status,
                                             absl::string_view reason) {
  status_ = status;
  reason_ = std::string(reason);
  return state_ = State::kRefused;
}

RequestFraming::State RequestFraming::Advance(absl::string_view buffer) {
  if (state_ == State::kHead) AdvanceHead(buffer);
  if (state_ == State::kBody) AdvanceBody(buffer);
  return state_;
}

RequestFraming::State RequestFraming::AdvanceHead(absl::string_view buffer) {
  // RFC 9112, 2.2: an empty line before the request line is ignored.
  if (at_ == 0 && absl::StartsWith(buffer, "\r\n")) at_ = 2;
  const size_t blank =
      buffer.find("\r\n\r\n", std::max(at_, searched_));
  if (blank == absl::string_view::npos) {
    if (buffer.size() - at_ > limits_->max_head_bytes) {
      const size_t line = buffer.find("\r\n", at_);
      return line == absl::string_view::npos
                 ? Refuse(414, "the request line is too long")
                 : Refuse(431, "the request head is too large");
    }
    searched_ = buffer.size() < 3 ? 0 : buffer.size() - 3;
    return state_;
  }
  const absl::string_view head = buffer.substr(at_, blank - at_);
  if (head.size() + 4 > limits_->max_head_bytes) {
    return Refuse(431, "the request head is too large");
  }
  bool first = true;
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    if (!(first ? ReadRequestLine(line) : ReadHeaderLine(line))) return state_;
    first = false;
  }
  at_ = blank + 4;
  if (JudgeHead()) state_ = State::kBody;
  return state_;
}

bool RequestFraming::ReadRequestLine(absl::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last) {
    Refuse(400, "malformed request line");
    return false;
  }
  const absl::string_view verb = line.substr(0, first);
  const absl::string_view target = line.substr(first + 1, last - first - 1);
  const absl::string_view version = line.substr(last + 1);
  if (!IsToken(verb) || verb.size() > kMaxVerbBytes) {
    Refuse(400, "malformed request method");
    return false;
  }
  if (target.size() > limits_->max_target_bytes) {
    Refuse(414, "the request target is too long");
    return false;
  }
  if (target.empty() ||
      !std::all_of(target.begin(), target.end(), IsTargetChar)) {
    Refuse(400, "malformed request target");
    return false;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool http = absl::StartsWith(version, "HTTP/");
    Refuse(http ? 505 : 400, http ? "only HTTP/1.1 and HTTP/1.0 are served"
                                  : "malformed request line");
    return false;
  }
  verb_ = std::string(verb);
  target_ = std::string(target);
  minor_version_ = version.back() - '0';
  return true;
}

bool RequestFraming::ReadHeaderLine(absl::string_view line) {
  if (headers_.size() == limits_->max_headers) {
    Refuse(431, "too many headers");
    return false;
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || !IsToken(line.substr(0, colon))) {
    Refuse(400, "malformed header");
    return false;
  }
  const absl::string_view value = TrimBlanks(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), IsValueChar)) {
    Refuse(400, absl::StrCat("forbidden character in header ",
                             line.substr(0, colon)));
    return false;
  }
  headers_.emplace_back(std::string(line.substr(0, colon)), std::string(value));
  return true;
}

bool RequestFraming::JudgeHead() {
  int hosts = 0;
  bool has_length = false, has_encoding = false;
  keep_alive_ = minor_version_ >= 1;
  for (const auto& [name, value] : headers_) {
    if (absl::EqualsIgnoreCase(name, "Host")) {
      ++hosts;
    } else if (absl::EqualsIgnoreCase(name, "Content-Length")) {
      size_t length = 0;
      if (!ParseLength(value, &length) ||
          (has_length && length != content_length_)) {
        Refuse(400, "malformed Content-Length");
        return false;
      }
      has_length = true;
      content_length_ = length;
    } else if (absl::EqualsIgnoreCase(name, "Transfer-Encoding")) {
      if (has_encoding || minor_version_ == 0) {
        Refuse(400, "unexpected Transfer-Encoding");
        return false;
      }
      has_encoding = true;
      if (!absl::EqualsIgnoreCase(value, "chunked")) {
        Refuse(501, "the only Transfer-Encoding served is chunked");
        return false;
      }
    } else if (absl::EqualsIgnoreCase(name, "Connection")) {
      for (absl::string_view option : absl::StrSplit(value, ',')) {
        option = TrimBlanks(option);
        if (absl::EqualsIgnoreCase(option, "close")) keep_alive_ = false;
        if (absl::EqualsIgnoreCase(option, "keep-alive") &&
            minor_version_ == 0) {
          keep_alive_ = true;
        }
      }
    } else if (absl::EqualsIgnoreCase(name, "Expect")) {
      if (!absl::EqualsIgnoreCase(value, "100-continue")) {
        Refuse(417, "the only expectation met is 100-continue");
        return false;
      }
      expects_continue_ = minor_version_ >= 1;
    } else if (absl::EqualsIgnoreCase(name, "Content-Encoding") &&
               !absl::EqualsIgnoreCase(value, "identity")) {
      Refuse(415, "compressed request bodies are not served");
      return false;
    }
  }
  if (hosts > 1 || (hosts == 0 && minor_version_ >= 1)) {
    Refuse(400, "exactly one Host header is needed");
    return false;
  }
  if (has_length && has_encoding) {
    Refuse(400, "both Content-Length and Transfer-Encoding");
    return false;
  }
  if (content_length_ > limits_->max_body_bytes) {
    Refuse(413, absl::StrCat("the body is larger than ",
                             limits_->max_body_bytes, " bytes"));
    return false;
  }
  chunked_ = has_encoding;
  return true;
}

RequestFraming::State RequestFraming::AdvanceBody(absl::string_view buffer) {
  if (chunked_) return AdvanceChunks(buffer);
  if (buffer.size() - at_ < content_length_) return state_;
  body_ = std::string(buffer.substr(at_, content_length_));
  at_ += content_length_;
  return state_ = State::kComplete;
}

RequestFraming::State RequestFraming::AdvanceChunks(absl::string_view buffer) {
  for (;;) {
    const size_t eol = buffer.find("\r\n", at_);
    if (in_trailers_) {
      // Trailers are read over; they could only contradict the head.
      if (eol == absl::string_view::npos || eol - at_ > kMaxTrailerBytes) {
        return buffer.size() - at_ > kMaxTrailerBytes
                   ? Refuse(431, "the trailers are too large")
                   : state_;
      }
      const bool last = eol == at_;
      at_ = eol + 2;
      if (last) return state_ = State::kComplete;
      continue;
    }
    if (eol == absl::string_view::npos) {
      return buffer.size() - at_ > kMaxChunkLineBytes
                 ? Refuse(400, "malformed chunk")
                 : state_;
    }
    const absl::string_view line = buffer.substr(at_, eol - at_);
    size_t size = 0;
    if (line.size() > kMaxChunkLineBytes ||
        !ParseChunkSize(TrimBlanks(line.substr(0, line.find(';'))), &size) ||
        line.find('\r') != absl::string_view::npos ||
        line.find('\n') != absl::string_view::npos) {
      return Refuse(400, "malformed chunk");
    }
    if (size > limits_->max_body_bytes - body_.size()) {
      return Refuse(413, absl::StrCat("the body is larger than ",
                                      limits_->max_body_bytes, " bytes"));
    }
    if (size == 0) {
      at_ = eol + 2;
      in_trailers_ = true;
      continue;
    }
    if (buffer.size() < eol + 2 + size + 2) return state_;
    if (buffer.substr(eol + 2 + size, 2) != "\r\n") {
      return Refuse(400, "malformed chunk");
    }
    const absl::string_view data = buffer.substr(eol + 2, size);
    body_.append(data.data(), data.size());
    at_ = eol + 2 + size + 2;
  }
}

}  // namespace sse_bridge
