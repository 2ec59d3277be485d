#include "bridge/http/framing/request_framing.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/http/framing/request_target.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxVerbBytes = 16;

// Maximum size of a chunk's size line, including extensions, and of all
// trailers together.
constexpr size_t kMaxChunkLineBytes = 256;
constexpr size_t kMaxTrailerBytes = 4096;

// Framing bytes allowed per chunk. The excess over all chunks is limited too,
// so that a body within its size limit cannot arrive in many times as much
// framing.
constexpr size_t kFreeChunkBytes = 12;
constexpr size_t kMaxChunkExcessBytes = size_t{16} << 10;

// RFC 9110, 5.6.2.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) !=
             absl::string_view::npos;
}

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

// RFC 9112, 3.2. A fragment is never sent.
bool IsTargetChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u > 0x20 && u < 0x7f && c != '#';
}

// RFC 9110, 5.5: visible bytes, space, tab and obs-text.
bool IsValueChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == '\t' || (u >= 0x20 && u != 0x7f);
}

// RFC 9112, 3.2: origin-form, absolute-form, and "*" for OPTIONS.
bool IsTarget(absl::string_view verb, absl::string_view target) {
  if (!std::all_of(target.begin(), target.end(), IsTargetChar)) return false;
  return absl::StartsWith(target, "/") ||
         absl::StartsWithIgnoreCase(target, "http://") ||
         absl::StartsWithIgnoreCase(target, "https://") ||
         (target == "*" && verb == "OPTIONS");
}

bool IsHttpVersion(absl::string_view version) {
  return version.size() == 8 && absl::StartsWith(version, "HTTP/") &&
         absl::ascii_isdigit(static_cast<unsigned char>(version[5])) &&
         version[6] == '.' &&
         absl::ascii_isdigit(static_cast<unsigned char>(version[7]));
}

absl::string_view TrimRight(absl::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

absl::string_view TrimBlanks(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  return TrimRight(text);
}

// A folded line begins with whitespace, which is not a token character, so it
// is malformed here.
bool SplitHeader(absl::string_view line, absl::string_view* name,
                 absl::string_view* value) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return false;
  *name = line.substr(0, colon);
  *value = TrimBlanks(line.substr(colon + 1));
  return IsToken(*name) &&
         std::all_of(value->begin(), value->end(), IsValueChar);
}

// Accepts digits only. Numbers that overflow are all treated as too large.
bool ParseLength(absl::string_view text, size_t* length) {
  constexpr size_t kTooLarge = size_t{1} << 50;
  size_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = std::min(value * 10 + static_cast<size_t>(c - '0'), kTooLarge);
  }
  *length = value;
  return !text.empty();
}

bool ParseChunkSize(absl::string_view text, size_t* size) {
  constexpr size_t kMaxDigits = 12;
  if (text.empty() || text.size() > kMaxDigits) return false;
  size_t value = 0;
  for (char c : text) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + static_cast<size_t>(digit);
  }
  *size = value;
  return true;
}

// Parses the size of a chunk from its first line: "1a" or "1a;name=value".
bool ParseChunkLine(absl::string_view line, size_t* size) {
  const size_t extension = line.find(';');
  absl::string_view digits = line.substr(0, extension);
  if (extension != absl::string_view::npos) digits = TrimRight(digits);
  return line.size() <= kMaxChunkLineBytes && ParseChunkSize(digits, size) &&
         std::all_of(line.begin(), line.end(), IsValueChar);
}

constexpr absl::string_view kEventId = "Last-Event-ID:";

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
  while (state_ == State::kHead && searched_ < buffer.size()) {
    const char c = buffer[searched_];
    const bool after_cr = searched_ > at_ && buffer[searched_ - 1] == '\r';
    if (after_cr != (c == '\n') ||
        (c != '\n' && c != '\r' && !IsValueChar(c))) {
      return Refuse(400, "forbidden character in the request head");
    }
    ++searched_;
    if (verb_.empty() && searched_ - begin_ > limits_->max_request_line_bytes) {
      return Refuse(414, "the request line is too long");
    }
    if (HeadIsTooLarge(buffer.substr(at_, searched_ - at_))) {
      return Refuse(431, "the request head is too large");
    }
    if (c == '\n') {
      const absl::string_view line = buffer.substr(at_, searched_ - 2 - at_);
      if (event_id_line_ == 0 && absl::StartsWithIgnoreCase(line, kEventId) &&
          searched_ - at_ <= limits_->max_event_id_line_bytes) {
        event_id_line_ = searched_ - at_;
      }
      at_ = searched_;
      if (!ReadLine(line)) return state_;
    }
  }
  return state_;
}

bool RequestFraming::HeadIsTooLarge(absl::string_view line_so_far) const {
  if (searched_ - begin_ - event_id_line_ <= limits_->max_head_bytes) {
    return false;
  }
  const bool may_be_event_id =
      event_id_line_ == 0 && !verb_.empty() &&
      line_so_far.size() <= limits_->max_event_id_line_bytes &&
      absl::StartsWithIgnoreCase(kEventId,
                                 line_so_far.substr(0, kEventId.size()));
  return !may_be_event_id || at_ - begin_ > limits_->max_head_bytes;
}

bool RequestFraming::ReadLine(absl::string_view line) {
  if (verb_.empty()) {
    // RFC 9112, 2.2: an empty line before the request line is ignored.
    if (line.empty() && begin_ == 0) {
      begin_ = at_;
      return true;
    }
    return ReadRequestLine(line);
  }
  if (!line.empty()) return ReadHeaderLine(line);
  head_end_ = at_;
  if (!JudgeHead()) return false;
  state_ = State::kBody;
  return true;
}

bool RequestFraming::ReadRequestLine(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, ' ');
  if (parts.size() != 3) {
    Refuse(400, "malformed request line");
    return false;
  }
  const absl::string_view verb = parts[0], target = parts[1],
                          version = parts[2];
  if (!IsToken(verb) || verb.size() > kMaxVerbBytes) {
    Refuse(400, "malformed request method");
    return false;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool http = IsHttpVersion(version);
    Refuse(http ? 505 : 400, http ? "only HTTP/1.1 and HTTP/1.0 are supported"
                                  : "malformed request line");
    return false;
  }
  if (!IsTarget(verb, target)) {
    Refuse(400, "malformed request target");
    return false;
  }
  verb_ = std::string(verb);
  target_ = std::string(target);
  minor_version_ = version.back() - '0';
  return true;
}

bool RequestFraming::ReadHeaderLine(absl::string_view line) {
  if (header_count_ == limits_->max_headers) {
    Refuse(431, "too many headers");
    return false;
  }
  absl::string_view name, value;
  if (!SplitHeader(line, &name, &value)) {
    Refuse(400, "malformed header");
    return false;
  }
  ++header_count_;
  if (status_ == 0) JudgeHeader(name, value);
  return true;
}

bool RequestFraming::JudgeHead() {
  if (status_ != 0) {
    state_ = State::kRefused;
    return false;
  }
  if (hosts_ > 1 || (hosts_ == 0 && minor_version_ >= 1)) {
    Refuse(400, "exactly one Host header is required");
    return false;
  }
  if (!JudgeAuthority()) return false;
  // RFC 9112, 6.1 and 6.3: the classic request smuggling attack.
  if (has_length_ && chunked_) {
    Refuse(400, "both Content-Length and Transfer-Encoding");
    return false;
  }
  if (content_length_ > limits_->max_body_bytes) {
    Refuse(413, absl::StrCat("the body is larger than ",
                             limits_->max_body_bytes, " bytes"));
    return false;
  }
  keep_alive_ = !closes_ && (minor_version_ >= 1 || keeps_);
  return true;
}

// A target in absolute-form contains the host (RFC 9112, 3.2.2). It must equal
// the Host header, so that all servers see the same host, whichever of the two
// they use.
bool RequestFraming::JudgeAuthority() {
  const auto target = SplitAbsoluteForm(target_);
  if (!target.has_value()) return true;
  if (target->authority.empty() || !IsHostText(target->authority)) {
    Refuse(400, "malformed host in the request target");
    return false;
  }
  if (hosts_ > 0 && !IsSameHost(target->scheme, target->authority, host_)) {
    Refuse(400, "the host of the request target differs from the Host header");
    return false;
  }
  return true;
}

void RequestFraming::JudgeHeader(absl::string_view name,
                                 absl::string_view value) {
  if (absl::EqualsIgnoreCase(name, "Host")) {
    ++hosts_;
    host_ = std::string(value);
    if (!IsHostText(value)) RefuseLater(400, "malformed Host");
  } else if (absl::EqualsIgnoreCase(name, "Content-Length")) {
    if (has_length_ || !ParseLength(value, &content_length_)) {
      RefuseLater(400, "malformed or repeated Content-Length");
    }
    has_length_ = true;
  } else if (absl::EqualsIgnoreCase(name, "Transfer-Encoding")) {
    if (chunked_ || minor_version_ == 0) {
      RefuseLater(400, "unexpected Transfer-Encoding");
    } else if (!absl::EqualsIgnoreCase(value, "chunked")) {
      RefuseLater(501,
                  "unsupported Transfer-Encoding; only chunked is supported");
    }
    chunked_ = true;
  } else if (absl::EqualsIgnoreCase(name, "Connection")) {
    for (absl::string_view option : absl::StrSplit(value, ',')) {
      option = TrimBlanks(option);
      closes_ |= absl::EqualsIgnoreCase(option, "close");
      keeps_ |= absl::EqualsIgnoreCase(option, "keep-alive");
    }
  } else if (absl::EqualsIgnoreCase(name, "Expect")) {
    // RFC 9110, 10.1.1: ignored for HTTP/1.0.
    if (minor_version_ == 0) return;
    if (!absl::EqualsIgnoreCase(value, "100-continue")) {
      RefuseLater(417, "unsupported Expect; only 100-continue is supported");
    }
    expects_continue_ = true;
  } else if (absl::EqualsIgnoreCase(name, "Content-Encoding") &&
             !absl::EqualsIgnoreCase(value, "identity")) {
    RefuseLater(415, "compressed request bodies are not supported");
  }
}

void RequestFraming::RefuseLater(int status, absl::string_view reason) {
  status_ = status;
  reason_ = std::string(reason);
}

RequestFraming::State RequestFraming::AdvanceBody(absl::string_view buffer) {
  if (chunked_) {
    return trailers_at_ == 0 ? AdvanceChunks(buffer) : AdvanceTrailers(buffer);
  }
  if (buffer.size() - at_ < content_length_) return state_;
  body_ = std::string(buffer.substr(at_, content_length_));
  at_ += content_length_;
  return state_ = State::kComplete;
}

RequestFraming::State RequestFraming::AdvanceChunks(absl::string_view buffer) {
  for (;;) {
    const size_t eol = buffer.find("\r\n", at_);
    if (eol == absl::string_view::npos) {
      // One more byte may be the CR.
      return buffer.size() - at_ > kMaxChunkLineBytes + 1
                 ? Refuse(400, "malformed chunk")
                 : state_;
    }
    size_t size = 0;
    if (!ParseChunkLine(buffer.substr(at_, eol - at_), &size)) {
      return Refuse(400, "malformed chunk");
    }
    if (size > limits_->max_body_bytes - body_.size()) {
      return Refuse(413, absl::StrCat("the body is larger than ",
                                      limits_->max_body_bytes, " bytes"));
    }
    if (size == 0) {
      at_ = trailers_at_ = eol + 2;
      return AdvanceTrailers(buffer);
    }
    const size_t data_at = eol + 2;
    if (buffer.size() - data_at < size + 2) return state_;
    if (buffer.substr(data_at + size, 2) != "\r\n") {
      return Refuse(400, "malformed chunk");
    }
    const size_t framing = data_at - at_ + 2;
    chunk_excess_ += framing - std::min(framing, kFreeChunkBytes);
    if (chunk_excess_ > kMaxChunkExcessBytes) {
      return Refuse(400, "too much chunk framing");
    }
    const absl::string_view data = buffer.substr(data_at, size);
    body_.append(data.data(), data.size());
    at_ = data_at + size + 2;
  }
}

// Trailers are checked and discarded, because they could only contradict the
// head.
RequestFraming::State RequestFraming::AdvanceTrailers(
    absl::string_view buffer) {
  for (;;) {
    const size_t eol = buffer.find("\r\n", at_);
    const bool ends = eol != absl::string_view::npos;
    // An incomplete line may end in the CR of its line end.
    const size_t seen =
        ends ? eol - trailers_at_ : buffer.size() - trailers_at_ - 1;
    if (buffer.size() > trailers_at_ && seen > kMaxTrailerBytes) {
      return Refuse(431, "the trailers are too large");
    }
    if (!ends) return state_;
    const absl::string_view line = buffer.substr(at_, eol - at_);
    at_ = eol + 2;
    if (line.empty()) return state_ = State::kComplete;
    absl::string_view name, value;
    if (!SplitHeader(line, &name, &value)) {
      return Refuse(400, "malformed trailer");
    }
  }
}

}  // namespace sse_bridge
