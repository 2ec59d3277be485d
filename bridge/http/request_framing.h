#ifndef SSE_BRIDGE_BRIDGE_HTTP_REQUEST_FRAMING_H_
#define SSE_BRIDGE_BRIDGE_HTTP_REQUEST_FRAMING_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace sse_bridge {

struct FramingLimits {
  // Beyond them 431, 431, 414 and 413. Line ends count; a chunked body's
  // framing does not, but has a bound of its own.
  size_t max_head_bytes = size_t{16} << 10;
  // The first line Last-Event-ID, up to here, counts beside the head: whoever
  // was let in without one may come back with the one that he was given.
  size_t max_event_id_line_bytes = size_t{8} << 10;
  size_t max_headers = 100;
  size_t max_request_line_bytes = size_t{8} << 10;
  size_t max_body_bytes = size_t{1} << 20;
};

// Finds where one HTTP/1.x request ends in a growing buffer, and whether it may
// be passed on (RFC 9112). Strict where servers that read a request
// differently could be played off against each other (section 11.2):
// conflicting or repeated lengths, folded lines, bare CR or LF, spaces around
// names. A line is judged as soon as it is there, so that what cannot become a
// request is refused at once and not at a deadline.
//
// It keeps of the headers only what it decides by. The parser of an accepted
// head is HttplibServer::ParseHead.
//
// Not thread-safe. One object a request.
class RequestFraming {
 public:
  enum class State {
    kHead,      // the head is not complete yet
    kBody,      // the head is; the body is not
    kComplete,  // see end()
    kRefused,   // see status() and reason()
  };

  // `limits` must outlive this.
  explicit RequestFraming(const FramingLimits* limits) : limits_(limits) {}

  // Looks at what is new. `buffer` begins with the request's first byte and
  // only ever grows between calls.
  State Advance(absl::string_view buffer);

  State state() const { return state_; }

  // Of a request whose head is complete:
  const std::string& verb() const { return verb_; }
  const std::string& target() const { return target_; }
  int minor_version() const { return minor_version_; }
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }

  // Its head in the buffer, from the request line to the empty line.
  absl::string_view head(absl::string_view buffer) const {
    return buffer.substr(begin_, head_end_ - begin_);
  }

  // Where what was understood so far ends in the buffer: the head in kBody, the
  // request in kComplete.
  size_t end() const { return at_; }

  // In kBody: where the request is going to end; 0: that is not known (chunks).
  size_t expected_end() const { return chunked_ ? 0 : at_ + content_length_; }

  // Memory of the body as far as it is there, without its framing.
  size_t buffered_bytes() const { return body_.capacity(); }

  // Of a complete request: its body, without chunk framing. Empty afterwards.
  std::string TakeBody() { return std::move(body_); }

  // Of a refused one: the HTTP status, and why.
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

  const FramingLimits* const limits_;  // must outlive this
  State state_ = State::kHead;
  size_t begin_ = 0;          // of the request line: 2 after an empty line
  size_t searched_ = 0;       // no line of the head ends before this
  size_t at_ = 0;             // what is before this is understood
  size_t event_id_line_ = 0;  // its bytes; 0: not there yet
  size_t head_end_ = 0;
  // In kHead: what the head will be refused for, unless something in it is
  // malformed.
  int status_ = 0;
  std::string reason_;

  std::string verb_;
  std::string target_;
  int minor_version_ = 1;
  size_t header_count_ = 0;
  bool keep_alive_ = true;
  bool expects_continue_ = false;

  // From the headers.
  int hosts_ = 0;
  std::string host_;  // the last one
  bool has_length_ = false;
  bool closes_ = false;
  bool keeps_ = false;

  bool chunked_ = false;
  size_t content_length_ = 0;
  size_t chunk_excess_ = 0;  // framing bytes beyond what chunks need
  size_t trailers_at_ = 0;   // 0: not there yet
  std::string body_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_REQUEST_FRAMING_H_
