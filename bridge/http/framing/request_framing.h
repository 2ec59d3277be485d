#ifndef SSE_BRIDGE_BRIDGE_HTTP_FRAMING_REQUEST_FRAMING_H_
#define SSE_BRIDGE_BRIDGE_HTTP_FRAMING_REQUEST_FRAMING_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace sse_bridge {

struct FramingLimits {
  // Requests that exceed these limits are refused with 431, 431, 414 and 413.
  // Line ends count. The framing of a chunked body does not count, but has its
  // own limit.
  size_t max_head_bytes = size_t{16} << 10;
  // The first Last-Event-ID line is not counted as part of the head, up to this
  // size: a client that was accepted without an ID must be able to return with
  // the ID that it received.
  size_t max_event_id_line_bytes = size_t{8} << 10;
  size_t max_headers = 100;
  size_t max_request_line_bytes = size_t{8} << 10;
  size_t max_body_bytes = size_t{1} << 20;
};

// Finds the end of an HTTP/1.x request in a growing buffer, and decides whether
// the request may be passed on (RFC 9112). Strict where differences between
// servers could be exploited for request smuggling (section 11.2): conflicting
// or repeated lengths, folded lines, bare CR or LF, spaces around names. Each
// line is checked as soon as it is complete, so that a malformed request is
// refused at once and not at a deadline.
//
// Keeps only the headers that it needs for its decisions.
// HttplibServer::ParseHead parses accepted heads.
//
// Not thread-safe. Use a new object for each request.
class RequestFraming {
 public:
  enum class State {
    kHead,      // the head is not complete yet
    kBody,      // the head is complete, the body is not
    kComplete,  // see end()
    kRefused,   // see status() and reason()
  };

  // `limits` must outlive this object.
  explicit RequestFraming(const FramingLimits* limits) : limits_(limits) {}

  // Processes new input. `buffer` starts with the first byte of the request and
  // must only grow between calls.
  State Advance(absl::string_view buffer);

  State state() const { return state_; }

  // Valid once the head is complete:
  const std::string& verb() const { return verb_; }
  const std::string& target() const { return target_; }
  int minor_version() const { return minor_version_; }
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }

  // Returns the head in the buffer, from the request line to the empty line.
  absl::string_view head(absl::string_view buffer) const {
    return buffer.substr(begin_, head_end_ - begin_);
  }

  // The end of the processed input in the buffer: the end of the head in kBody,
  // of the request in kComplete.
  size_t end() const { return at_; }

  // In kBody: the position at which the request will end; 0 if unknown
  // (chunked).
  size_t expected_end() const { return chunked_ ? 0 : at_ + content_length_; }

  // Memory used by the part of the body received so far, without its framing.
  size_t buffered_bytes() const { return body_.capacity(); }

  // In kComplete: returns the body, without chunk framing. The body is empty
  // afterwards.
  std::string TakeBody() { return std::move(body_); }

  // In kRefused: the HTTP status and the reason.
  int status() const { return status_; }
  const std::string& reason() const { return reason_; }

 private:
  State Refuse(int status, absl::string_view reason);
  State AdvanceHead(absl::string_view buffer);
  State AdvanceBody(absl::string_view buffer);
  State AdvanceChunks(absl::string_view buffer);
  State AdvanceTrailers(absl::string_view buffer);
  bool HeadIsTooLarge(absl::string_view line_so_far) const;
  bool ReadLine(absl::string_view line);
  bool ReadRequestLine(absl::string_view line);
  bool ReadHeaderLine(absl::string_view line);
  bool JudgeHead();
  void JudgeHeader(absl::string_view name, absl::string_view value);
  void RefuseLater(int status, absl::string_view reason);
  bool JudgeAuthority();

  const FramingLimits* const limits_;  // must outlive this object
  State state_ = State::kHead;
  size_t begin_ = 0;          // of the request line; 2 after an empty line
  size_t searched_ = 0;       // no line of the head ends before this
  size_t at_ = 0;             // everything before this is processed
  size_t event_id_line_ = 0;  // its size in bytes; 0 if not seen yet
  size_t head_end_ = 0;
  // In kHead: the status for which the head will be refused, unless something
  // in it is malformed.
  int status_ = 0;
  std::string reason_;

  std::string verb_;
  std::string target_;
  int minor_version_ = 1;
  size_t header_count_ = 0;
  bool keep_alive_ = true;
  bool expects_continue_ = false;

  // Values of the headers.
  int hosts_ = 0;
  std::string host_;  // the last one
  bool has_length_ = false;
  bool closes_ = false;
  bool keeps_ = false;

  bool chunked_ = false;
  size_t content_length_ = 0;
  size_t chunk_excess_ = 0;  // framing bytes in excess of what chunks need
  size_t trailers_at_ = 0;   // 0 if not reached yet
  std::string body_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_FRAMING_REQUEST_FRAMING_H_
