#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_SESSION_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_SESSION_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/net/socket.h"
#include "bridge/upstream/direct/direct_loop.h"

namespace sse_bridge {

class DirectSession;

// A stream of HTTP/2, as its session sees it. All methods are called on the
// loop's thread; those of a session may be called in them.
class DirectStream {
 public:
  // A block of header fields begins, has a field, and is complete. After
  // `last`, nothing follows: the stream must be released. A body may also end
  // without a block.
  virtual void OnBlock() = 0;
  virtual void OnField(absl::string_view name, absl::string_view value) = 0;
  virtual void OnBlockEnd(bool last) = 0;

  // Bytes of the body. They occupy the stream's window until
  // DirectSession::Consume.
  virtual void OnData(absl::string_view bytes) = 0;

  // The last call, unless the stream was released before: the server has reset
  // it (`error` is a code of RFC 9113, 7), or the connection is `lost`.
  // `unprocessed`: the server has done nothing for the stream.
  virtual void OnClosed(uint32_t error, bool lost, bool unprocessed) = 0;

  // The session's.
  int32_t id = 0;
  DirectStream* previous = nullptr;
  DirectStream* next = nullptr;
  std::string body;  // what is sent
  size_t body_sent = 0;

 protected:
  ~DirectStream() = default;
};

// A connection of HTTP/2 to one server: a socket that may still have to
// connect, TLS, and the protocol by nghttp2. Lives on a loop.
class DirectSession final : public DirectLoop::Watcher {
 public:
  struct Options {
    std::string peer;  // for the log
    int stream_window_bytes = 256 * 1024;
    int max_metadata_bytes = 128 * 1024;
    absl::Duration connect_timeout = absl::Seconds(5);
    absl::Duration keepalive_time = absl::Seconds(20);  // zero: none
    absl::Duration keepalive_timeout = absl::Seconds(10);
  };

  class Owner {
   public:
    // The server's first SETTINGS have arrived: streams may be opened.
    virtual void OnReady(DirectSession* session) = 0;
    // The server will accept no further streams (GOAWAY).
    virtual void OnGoaway(DirectSession* session) = 0;
    // The connection has been silent for a third of keepalive_time. The owner
    // asks something that the server answers.
    virtual void OnQuiet(DirectSession* session) = 0;
    // The connection has ended; its streams have been told. `why` is for the
    // log. The owner must Bury the session.
    virtual void OnLost(DirectSession* session, const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  // `owner` and `loop` must outlive the session, and `options` too.
  DirectSession(DirectLoop* loop, Owner* owner, const Options* options,
                std::unique_ptr<Socket> socket);
  ~DirectSession();
  DirectSession(const DirectSession&) = delete;
  DirectSession& operator=(const DirectSession&) = delete;

  // Called once, before any other method. Returns false if the socket cannot
  // be watched.
  bool Start();

  bool ready() const { return state_ == State::kOpen; }
  const std::string& peer() const { return options_->peer; }
  int streams() const { return streams_; }

  // Whether the server accepts another stream now.
  bool HasSpace() const;
  // Whether it ever will.
  bool MayOpen() const;
  // The server's limit of concurrent streams.
  uint32_t max_streams() const;

  // A header field, in lower case. Those of one call (`indexed` is false) are
  // not put into the table of the compression.
  struct Field {
    absl::string_view name;
    absl::string_view value;
    bool indexed = false;
  };

  // Opens a stream with `stream->body`, which ends it. It must exist until
  // OnClosed. Returns false if the fields are too large to be sent.
  bool Open(DirectStream* stream, const std::vector<Field>& fields);

  // The stream is not used any more, and nothing of it is called. Resets it
  // unless both sides have ended: `ended` tells whether the server has.
  void Release(DirectStream* stream, bool ended);

  // Bytes that OnData has passed do not occupy the stream's window any more.
  void Consume(DirectStream* stream, size_t bytes);

  // Ends the connection. Streams are told; OnLost is not called.
  void Close();

 private:
  enum class State { kConnecting, kHandshake, kSettings, kOpen, kClosed };

  struct Callbacks;

  void OnEvent(uint32_t events) override;
  void Flush() override;
  void ReadOn() override { Read(/*to_end=*/true); }

  void Connect();
  void Handshake();
  void BeginHttp();
  // `to_end`: the poller has reported an end, which it reports once.
  void Read(bool to_end);
  void Lose(std::string why);
  void Teardown(bool told_owner);
  void WantFlush();
  void Link(DirectStream* stream);
  void Unlink(DirectStream* stream);
  void OnTimer();
  void ArmTimer();
  DirectStream* StreamOf(int32_t id) const;

  DirectLoop* const loop_;
  Owner* const owner_;
  const Options* const options_;
  const std::unique_ptr<Socket> socket_;
  uint64_t watch_ = 0;
  State state_ = State::kConnecting;
  nghttp2_session* http_ = nullptr;
  bool in_http_ = false;  // within a call of nghttp2 that may call back
  std::string lost_in_http_;
  bool goaway_ = false;
  bool goaway_told_ = false;
  bool flushing_ = false;
  std::string out_;  // not accepted by the socket yet
  size_t out_sent_ = 0;
  DirectStream* first_ = nullptr;
  int streams_ = 0;

  DirectTimer timer_;
  int64_t heard_at_ = 0;
  int64_t connect_until_ = 0;
  bool asked_ = false;     // OnQuiet was called
  int64_t pinged_at_ = 0;  // 0: no PING without an answer
  absl::Duration keepalive_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_SESSION_H_
