#include "bridge/http2/http2_stream_socket.h"

#include <utility>

#include "bridge/http2/http2_connection.h"

namespace sse_bridge {

Http2StreamSocket::~Http2StreamSocket() {
  // Otherwise delivery was stopped, and the connection with it.
  if (open_) connection_->StreamReleased(id_, cut_);
}

int Http2StreamSocket::loop() const { return connection_->loop(); }

void Http2StreamSocket::SetHead(int status, Headers headers) {
  head_ = std::make_unique<HttpResponse>();
  head_->status = status;
  head_->headers = std::move(headers);
}

bool Http2StreamSocket::Open(uint64_t data) {
  open_ = true;
  const std::unique_ptr<HttpResponse> head = std::move(head_);
  return connection_->OpenStream(id_, data,
                                 head != nullptr ? *head : HttpResponse());
}

ssize_t Http2StreamSocket::Send(const iovec* parts, int count) {
  return connection_->WriteStream(id_, parts, count);
}

void Http2StreamSocket::ShutdownWrite() { connection_->EndStream(id_); }

}  // namespace sse_bridge
