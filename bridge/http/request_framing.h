#ifndef SSE_BRIDGE_BRIDGE_HTTP_REQUEST_FRAMING_H_
#define SSE_BRIDGE_BRIDGE_HTTP_REQUEST_FRAMING_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

struct FramingLimits {
  size_t max_head_bytes = size_t{16} << 10;  // 431 beyond it
  size_t max_headers = 100;                  // 431
  size_t max_target_bytes = size_t{8} << 10;  // 414
  size_t max_body_bytes = size_t{1} << 20;    // 413, after de-chunking
};

// Finds where one HTTP/1.x request ends in a growing buffer, and whether it may
// be passed on (RFC 9112). Strict where servers that read a request
// differently could be played off against each other: conflicting lengths,
// folded lines, bare CR, spaces around names.
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
  // In their order; names as they came, values without outer white space.
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const Headers& headers() const { return headers_; }

  // Of a complete request: where it ends in the buffer, and its body without
  // chunk framing. TakeHeaders and TakeBody leave them empty.
  size_t end() const { return at_; }
  Headers TakeHeaders() { return std::move(headers_); }
  std::string TakeBody() { return std::move(body_); }

  // Of a refused one: the HTTP status, and why.
  int status() const { return status_; }
  const std::string& reason() const { return reason_; }

 private:
  State Refuse(int status, absl::string_view reason);
  State AdvanceHead(absl::string_view buffer);
  State AdvanceBody(absl::string_view buffer);
  State AdvanceChunks(absl::string_view buffer);
  bool ReadRequestLine(absl::string_view line);
  bool ReadHeaderLine(absl::string_view line);
  bool JudgeHead();

  const FramingLimits* const limits_;  // must outlive this
  State state_ = State::kHead;
  size_t searched_ = 0;  // the head's end is not before this
  size_t at_ = 0;        // what is before this is understood
  int status_ = 0;
  std::string reason_;

  std::string verb_;
  std::string target_;
  int minor_version_ = 1;
  Headers headers_;
  bool keep_alive_ = true;
  bool expects_continue_ = false;

  bool chunked_ = false;
  bool in_trailers_ = false;
  size_t content_length_ = 0;
  std::string body_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_REQUEST_FRAMING_H_
