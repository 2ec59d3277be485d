#ifndef SSE_BRIDGE_TESTS_SIMULATION_RESPONSE_READER_H_
#define SSE_BRIDGE_TESTS_SIMULATION_RESPONSE_READER_H_

#include <cstddef>
#include <functional>
#include <optional>
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

// Reads one HTTP/1.1 response as it arrives, and the events in it. Strict: what
// a browser would tolerate is an error here.
class ResponseReader {
 public:
  using OnEvent = std::function<void(const SseEvent&)>;

  // `last_event_id` is that of the EventSource before.
  ResponseReader(std::string last_event_id, OnEvent on_event)
      : on_event_(std::move(on_event)), last_id_(std::move(last_event_id)) {}

  // `received` is everything so far, and only grows.
  void Read(absl::string_view received);
  // The connection has ended.
  void End();

  int status() const { return status_; }  // 0: not known yet
  bool is_stream() const { return is_stream_; }
  // The whole response has arrived.
  bool complete() const { return complete_; }
  const std::string& body() const { return body_; }  // unless it is a stream
  const std::string& last_event_id() const { return last_id_; }
  // What is wrong with the bytes; empty: nothing.
  const std::string& error() const { return error_; }

 private:
  bool ReadHead(absl::string_view received);
  void ReadBody(absl::string_view received);
  void TakeBody(absl::string_view bytes);
  void TakeLine(absl::string_view line);

  const OnEvent on_event_;
  size_t read_ = 0;
  int status_ = 0;
  bool is_stream_ = false, chunked_ = false, until_end_ = false;
  bool complete_ = false;
  std::optional<size_t> length_;
  size_t chunk_left_ = 0;
  bool chunk_ends_ = false;  // its CRLF follows
  std::string body_, line_, error_;

  // Of the event that is being read.
  std::string name_, data_;
  bool has_data_ = false;
  std::string last_id_, id_;
  bool has_id_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_RESPONSE_READER_H_
