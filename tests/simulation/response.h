#ifndef SSE_BRIDGE_TESTS_SIMULATION_RESPONSE_H_
#define SSE_BRIDGE_TESTS_SIMULATION_RESPONSE_H_

#include <zlib.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// An event as a browser dispatches it (WHATWG HTML, 9.2.6).
struct SseEvent {
  std::string name;
  std::string data;
  std::string last_event_id;
};

// A response, whichever version of HTTP brings it: decompresses the body and
// dispatches its events. Strict: what a browser would tolerate is an error
// here.
class Response {
 public:
  using OnEvent = std::function<void(const SseEvent&)>;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // `last_event_id` is that of the EventSource before. `on_event` may be null.
  Response(std::string last_event_id, OnEvent on_event)
      : on_event_(std::move(on_event)), last_id_(std::move(last_event_id)) {}
  ~Response();
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  // Names are in lower case.
  void Head(int status, const Headers& headers);
  void Body(absl::string_view bytes);
  // The whole body has arrived.
  void Complete();
  void Fail(std::string error) {
    if (error_.empty()) error_ = std::move(error);
  }

  int status() const { return status_; }  // 0: not known yet
  bool is_stream() const { return is_stream_; }
  bool complete() const { return complete_; }
  const std::string& body() const { return body_; }  // unless it is a stream
  const std::string& last_event_id() const { return last_id_; }
  // What is wrong with the bytes; empty: nothing.
  const std::string& error() const { return error_; }

 private:
  void Inflate(absl::string_view bytes);
  void Take(absl::string_view bytes);
  void TakeLine(absl::string_view line);

  const OnEvent on_event_;
  int status_ = 0;
  bool is_stream_ = false, complete_ = false;
  bool gzip_ = false, gzip_ended_ = false;
  z_stream inflate_{};
  std::string body_, line_, error_;

  // Of the event that is being read.
  std::string name_, data_;
  bool has_data_ = false;
  std::string last_id_, id_;
  bool has_id_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_RESPONSE_H_
