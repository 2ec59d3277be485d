#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SESSION_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SESSION_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/http/framing/request_framing.h"
#include "bridge/http/http_response.h"
#include "bridge/http2/flood_guard.h"
#include "bridge/http2/frame_scanner.h"
#include "bridge/http2/http2_output.h"
#include "bridge/http2/http2_stream.h"

namespace sse_bridge {

// The server's side of an HTTP/2 connection (RFC 9113) over byte strings: what
// the client has sent becomes requests, and answers and the bytes of streams
// become frames in an Http2Output. Knows no sockets and no threads.
//
// nghttp2 keeps the states of streams, both flow-control windows and the header
// compression. Payloads are not copied: it is asked only for the headers of
// DATA frames.
//
// Not thread-safe.
class Http2Session {
 public:
  struct Options {
    FramingLimits framing;
    Http2FloodLimits floods;
    uint32_t max_streams = 128;
  };

  // Why the connection ends.
  enum class Failure { kNone, kProtocol, kFlood, kHead };

  class Observer {
   public:
    // The request of a stream is complete or is refused: it must be answered,
    // now or later. Its state is kBusy.
    virtual void OnRequest(Http2Stream* stream) = 0;

    // The stream is closed, by either side, and destroyed after this.
    virtual void OnClosed(Http2Stream* stream) = 0;

   protected:
    ~Observer() = default;
  };

  // `options` and `observer` must outlive the session. The first SETTINGS are
  // sent by the first Pump.
  Http2Session(const Options* options, Observer* observer, int64_t now);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Processes what the client has sent, from its preface on. Returns false if
  // the connection must end once Pump and the output have sent a GOAWAY.
  bool Receive(absl::string_view bytes, int64_t now);
  Failure failure() const { return failure_; }

  // Appends to the output what can be sent now, until it is full. Returns false
  // if the session has failed.
  bool Pump();
  Http2Output& output() { return output_; }

  // Whether the session has more to send or to receive.
  bool over() const;

  // Null if it is closed.
  Http2Stream* Find(int32_t id) const;
  size_t streams() const { return streams_.size(); }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [id, stream] : streams_) visit(stream.get());
  }
  // Closes all streams, because the connection ends.
  void DropStreams();
  // Of requests that are arriving, being served or answered.
  size_t held_bytes() const { return held_bytes_; }
  void SetHeld(Http2Stream* stream, size_t bytes);

  // Answers a request that is kBusy.
  void Respond(Http2Stream* stream, HttpResponse response, bool without_body);

  // Begins the response of a stream that is kBusy, which becomes kStreaming.
  void Begin(Http2Stream* stream, const HttpResponse& head);

  // Sends bytes of a stream that is kStreaming, as far as both windows and the
  // output allow. `parts` must stay valid until the output is flushed, which
  // may be necessary before more is accepted. Returns how many bytes were
  // accepted. If not all were, the stream waits for TakeWritable.
  size_t Write(Http2Stream* stream, const iovec* parts, int count);

  // Ends a stream that is kStreaming, or makes the client see that it is cut.
  void End(Http2Stream* stream);
  void Reset(Http2Stream* stream, uint32_t error_code);

  // Returns the streams that may have space now, each once.
  std::vector<int32_t> TakeWritable();
  // Called when the output is no longer blocked.
  void OutputHasSpace() { all_writable_ = true; }

  // Tells the client to open no more streams: first as a warning, so that those
  // on their way are still served, and then finally.
  void AnnounceGoAway();
  void GoAway();
  // As GoAway, for a client that breaks the limits.
  void EndWith(Failure failure);

 private:
  struct Callbacks;  // http2_session.cc
  struct Nghttp2;

  void HeadComplete(Http2Stream* stream);
  void RequestComplete(Http2Stream* stream);
  void CountRequest(Http2Stream* stream);
  size_t Room(const Http2Stream& stream) const;
  void Submit(Http2Stream* stream, const HttpResponse& head, bool has_body,
              const std::string* length);
  void MakeWritable(Http2Stream* stream);

  const Options& options_;
  Observer* const observer_;
  const std::unique_ptr<Nghttp2> nghttp2_;
  Http2FrameScanner scanner_;
  Http2FloodGuard guard_;
  Http2Output output_;
  absl::flat_hash_map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<int32_t> writable_;
  uint32_t rotor_ = 0;
  int64_t now_;
  int32_t connection_window_;  // the largest that the client has granted
  size_t held_bytes_ = 0;
  bool all_writable_ = false;
  bool announced_ = false;
  bool gone_away_ = false;
  Failure failure_ = Failure::kNone;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SESSION_H_
