#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_STREAM_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_STREAM_SOCKET_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "bridge/http/http_response.h"
#include "bridge/net/multiplexed_socket.h"

namespace sse_bridge {

class Http2Connection;

// A stream of an Http2Connection that belongs to delivery. Ends the stream when
// it is destroyed: with RST_STREAM unless ShutdownWrite was called.
class Http2StreamSocket final : public MultiplexedSocket {
 public:
  Http2StreamSocket(std::shared_ptr<Http2Connection> connection, int32_t id)
      : connection_(std::move(connection)), id_(id) {}
  ~Http2StreamSocket() override;

  int loop() const override;
  void SetHead(int status, Headers headers) override;
  bool Open(uint64_t data) override;
  ssize_t Send(const iovec* parts, int count) override;
  void ShutdownWrite() override;
  void ResetOnClose() override { cut_ = true; }

 private:
  const std::shared_ptr<Http2Connection> connection_;
  const int32_t id_;
  std::unique_ptr<HttpResponse> head_;  // until Open
  bool open_ = false;
  bool cut_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_STREAM_SOCKET_H_
