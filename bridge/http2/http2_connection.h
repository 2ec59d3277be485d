#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_CONNECTION_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/shared_connection.h"
#include "bridge/http/http_response.h"
#include "bridge/http2/http2_server.h"
#include "bridge/http2/http2_session.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// An HTTP/2 connection on a loop of delivery: reads, has requests served as
// HttpExchanges, and writes answers and what its streams send.
//
// Used on the loop's thread, except where noted. Exchanges reach it by Post. It
// lives as long as a stream or an exchange refers to it; after Close it holds
// nothing.
class Http2Connection final
    : public SharedConnection,
      public std::enable_shared_from_this<Http2Connection>,
      private Http2Session::Observer {
 public:
  Http2Connection(std::shared_ptr<Http2Server> server, uint64_t number,
                  std::unique_ptr<Socket> socket, std::string peer_address,
                  std::string input);
  ~Http2Connection() override;

  // SharedConnection
  int Open(SharedConnectionHost* host) override;
  void OnEvent(uint32_t events) override;
  void Flush() override;
  void OnTimer() override;
  void Drain() override;
  void Close() override;

  // May be called on any thread. They take effect on the loop; nothing happens
  // once the connection is closed.
  void Respond(int32_t id, HttpResponse response, bool without_body);
  void Hold(int32_t id, size_t bytes);
  void CloseIfIdle();
  void DrainLater();
  int loop() const { return loop_.load(std::memory_order_relaxed); }

  // For Http2StreamSocket.
  bool OpenStream(int32_t id, uint64_t data, const HttpResponse& head);
  ssize_t WriteStream(int32_t id, const iovec* parts, int count);
  void EndStream(int32_t id);
  void StreamReleased(int32_t id, bool cut);

 private:
  void OnRequest(Http2Stream* stream) override;
  void OnClosed(Http2Stream* stream) override;

  // May be called on any thread.
  void Post(std::function<void()> call);
  // `to_end`: the poller has reported an end, which it reports once.
  void Read(bool to_end);
  // Writes the output. Returns false if the connection has failed or its socket
  // is full.
  bool WriteOutput();
  void AfterEvents();
  void Respond(Http2Stream* stream, HttpResponse response, bool without_body);
  void Uncount(Http2Stream* stream);
  // Whether it has no request but those that are still arriving.
  bool WaitsForClient() const;
  void KeepHeld();
  void RefuseLargest();
  void CheckTimeouts();
  void ArmTimer();
  // Begins to read, once it need not wait.
  void Begin();
  // Counts why the client has made the connection end, once; "": it has not.
  void CountEnd(absl::string_view why);
  void Die(absl::string_view why);

  const std::shared_ptr<Http2Server> server_;
  const uint64_t number_;  // at the server
  const std::string peer_address_;
  std::string input_;  // read before Open
  std::unique_ptr<Socket> socket_;
  SharedConnectionHost* host_ = nullptr;
  std::unique_ptr<Http2Session> session_;  // null once closed
  bool delayed_ = false;                   // reads nothing until the timer
  bool more_input_ = false;
  bool ending_ = false;  // closes when the output is written
  bool draining_ = false;
  bool lingering_ = false;  // waits for the client to close
  bool idle_ = false;       // has no streams
  bool waits_ = false;      // WaitsForClient, as the server knows it
  bool timer_armed_ = false;
  bool served_any_ = false;
  bool end_counted_ = false;
  size_t lingered_bytes_ = 0;
  size_t reported_held_ = 0;
  int64_t idle_since_ = 0;
  int64_t blocked_since_ = 0;  // 0 unless the output is blocked
  int64_t linger_until_ = 0;
  uint64_t bytes_ = 0;
  size_t streaming_ = 0;  // streams that delivery writes

  std::atomic<int> loop_{0};
  Mutex mu_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_CONNECTION_H_
