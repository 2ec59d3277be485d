#ifndef SSE_BRIDGE_TESTS_SIMULATION_HTTP1_READER_H_
#define SSE_BRIDGE_TESTS_SIMULATION_HTTP1_READER_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "tests/simulation/response.h"

namespace sse_bridge {

// Reads one HTTP/1.1 response as it arrives. Strict, as Response.
class Http1Reader {
 public:
  // `response` must outlive the reader.
  explicit Http1Reader(Response* response) : response_(response) {}

  // `received` is everything so far, and only grows.
  void Read(absl::string_view received);
  // The connection has ended.
  void End();

 private:
  bool Failed() const { return !response_->error().empty(); }
  bool ReadHead(absl::string_view received);
  void ReadBody(absl::string_view received);

  Response* const response_;
  size_t read_ = 0;
  bool chunked_ = false, until_end_ = false;
  std::optional<size_t> length_;  // what is left of it
  size_t chunk_left_ = 0;
  bool chunk_ends_ = false;  // its CRLF follows
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_HTTP1_READER_H_
