// The streams of an Http2Connection that belong to delivery.

#include <nghttp2/nghttp2.h>
#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "bridge/http2/http2_connection.h"

namespace sse_bridge {

bool Http2Connection::OpenStream(int32_t id, uint64_t data,
                                 const HttpResponse& head) {
  Http2Stream* const stream =
      session_ != nullptr ? session_->Find(id) : nullptr;
  if (stream == nullptr || stream->state != Http2Stream::State::kBusy) {
    return false;
  }
  Uncount(stream);
  stream->data = data;
  stream->watched = true;
  session_->Begin(stream, head);
  ++streaming_;
  AfterEvents();
  return true;
}

ssize_t Http2Connection::WriteStream(int32_t id, const iovec* parts,
                                     int count) {
  Http2Stream* stream = session_ != nullptr ? session_->Find(id) : nullptr;
  if (stream == nullptr || stream->ended) return Socket::kFailed;
  size_t sent = session_->Write(stream, parts, count);
  host_->FlushLater(this);
  // A batch that is full does not mean that the client is slow.
  while (stream->waiting && session_->output().full() && WriteOutput()) {
    session_->OutputHasSpace();
    std::vector<iovec> rest;
    rest.reserve(static_cast<size_t>(count));
    size_t skip = sent;
    for (int i = 0; i < count; ++i) {
      const size_t skipped = std::min(skip, parts[i].iov_len);
      skip -= skipped;
      if (skipped == parts[i].iov_len) continue;
      rest.push_back({static_cast<char*>(parts[i].iov_base) + skipped,
                      parts[i].iov_len - skipped});
    }
    const size_t more =
        session_->Write(stream, rest.data(), static_cast<int>(rest.size()));
    sent += more;
    if (more == 0) break;
  }
  if (session_ == nullptr) return Socket::kFailed;
  return sent > 0 ? static_cast<ssize_t>(sent) : Socket::kWouldBlock;
}

void Http2Connection::EndStream(int32_t id) {
  Http2Stream* const stream =
      session_ != nullptr ? session_->Find(id) : nullptr;
  if (stream == nullptr || stream->ended) return;
  session_->End(stream);
  stream->since_ns = host_->now();
  AfterEvents();
}

void Http2Connection::StreamReleased(int32_t id, bool cut) {
  Http2Stream* const stream =
      session_ != nullptr ? session_->Find(id) : nullptr;
  if (stream == nullptr) return;
  stream->watched = false;
  if (!stream->ended) {
    session_->Reset(stream, cut ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL);
  }
  AfterEvents();
}

}  // namespace sse_bridge
