#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_STREAM_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_STREAM_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "bridge/http/http_exchange.h"
#include "bridge/http2/http2_request.h"

namespace sse_bridge {

// A stream of a connection, from its HEADERS until it is closed.
struct Http2Stream {
  enum class State : uint8_t {
    kReading,    // the request is arriving
    kBusy,       // a worker answers it
    kAnswering,  // `body` is being sent
    kStreaming,  // belongs to delivery, which writes what it sends
  };

  int32_t id = 0;
  State state = State::kReading;
  bool whole_request = false;
  bool ended = false;    // nothing follows but the END_STREAM
  bool waiting = false;  // for space; see Http2Session::TakeWritable
  bool listed = false;   // among those that TakeWritable returns
  bool counted = false;  // as a request in flight
  bool watched = false;  // `data` is set
  int64_t since_ns = 0;  // when `state` began, or its last progress was made

  std::unique_ptr<Http2Request> request;  // while kReading
  std::weak_ptr<HttpExchange> exchange;   // while kBusy
  size_t held_bytes = 0;                  // of the request, while kBusy

  std::string body;  // while kAnswering
  size_t body_sent = 0;
  size_t discarded = 0;  // of the request, after its answer

  // During Http2Session::Write: what is left of its parts.
  const iovec* parts = nullptr;
  size_t part_offset = 0;
  size_t left = 0;

  uint64_t data = 0;  // MultiplexedSocket::Open
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_STREAM_H_
