#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_REQUEST_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "bridge/http/framing/request_framing.h"
#include "bridge/http/parsed_request.h"

namespace sse_bridge {

// Collects the fields and the body of a request, within the limits of HTTP/1.1
// requests (FramingLimits). nghttp2 has checked what RFC 9113, 8.2 and 8.3
// demand of them.
//
// Not thread-safe.
class Http2Request {
 public:
  // `limits` must outlive this object.
  explicit Http2Request(const FramingLimits* limits) : limits_(limits) {}

  // Adds a field of the head. Returns false if the head exceeds its limits so
  // much that the connection must end: a few bytes of a header block can stand
  // for very many fields.
  bool AddField(absl::string_view name, absl::string_view value);

  // Called at the end of the head.
  void EndHead();

  // Adds to the body, unless the request is refused.
  void AddBody(absl::string_view bytes);

  // The HTTP status for which the request is refused; 0 if it is not.
  int refused() const { return refused_; }
  const std::string& reason() const { return reason_; }
  // Whether that is because of the size of its head.
  bool head_too_large() const { return refused_ == 431 || refused_ == 414; }

  const std::string& verb() const { return request_.verb; }
  const HttpHeaders& headers() const { return request_.headers; }
  bool head_complete() const { return head_complete_; }
  bool expects_continue() const { return expects_continue_; }

  // Memory of the head and the body.
  size_t held_bytes() const { return head_bytes_ + request_.body.capacity(); }

  ParsedRequest Take() { return std::move(request_); }

 private:
  void Refuse(int status, absl::string_view reason);
  void AddHeader(absl::string_view name, absl::string_view value);

  const FramingLimits* const limits_;
  ParsedRequest request_;
  std::string authority_;
  std::string cookies_;
  size_t head_bytes_ = 0;  // as in HTTP/1.1, also of fields that are dropped
  size_t fields_ = 0;
  size_t event_id_bytes_ = 0;
  bool has_host_ = false;
  bool expects_continue_ = false;
  bool head_complete_ = false;
  int refused_ = 0;
  std::string reason_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_REQUEST_H_
