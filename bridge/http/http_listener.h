#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_LISTENER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_LISTENER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/http/connection_accounts.h"
#include "bridge/http/connection_deadlines.h"
#include "bridge/http/connection_inbox.h"
#include "bridge/http/connection_options.h"
#include "bridge/http/framing/request_framing.h"
#include "bridge/http/http1_connection.h"
#include "bridge/http/http1_connection_table.h"
#include "bridge/http/http2_acceptor.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/httplib_server.h"
#include "bridge/http/listener_drain.h"
#include "bridge/net/acceptor.h"
#include "bridge/net/event_loop.h"
#include "bridge/net/handshakes/handshakes.h"
#include "bridge/net/listening_socket.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// The HTTP listener: one thread that accepts connections and reads requests. A
// request is passed on only when it is complete, so a connection that sends
// slowly holds only its buffer, and only until its deadline. The listener also
// sends the answers and keeps connections alive between requests. The requests
// of one connection are served one after the other; pipelined requests wait in
// the kernel.
//
// A client that closes its sending direction while it waits (half-close) still
// gets its answer. A client that has disconnected looks the same until
// something is sent to it. The listener therefore sends an interim response
// (100, which every HTTP/1.1 client ignores: RFC 9110, 15.2) and aborts the
// exchange only if the peer responds with a reset. HTTP/1.0 has no interim
// responses, so only a reset aborts.
class HttpListener final : private EventLoop::Handler {
 public:
  using Options = ConnectionOptions;

  // Receives a complete request. Called on the listener's thread; must not
  // block. Returns false if there is no space for the request, which is then
  // answered with 503.
  using Sink = std::function<bool(std::shared_ptr<HttpExchange>)>;

  // `httplib` parses the heads of complete requests, on the listener's thread.
  // It must outlive the listener.
  HttpListener(Options options, HttplibServer* httplib, Sink sink);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  // Starts the thread. Called once.
  absl::Status Start(std::unique_ptr<ListeningSocket> socket);

  // Closes the listening socket and idle connections. Accepts no further
  // connections (but see Options::Stopping). Requests that have arrived are
  // still served.
  void StopAccepting();

  // Waits until no request is in flight and, after StopAccepting, the listening
  // socket is closed. Returns false if the deadline passes first.
  bool WaitUntilIdle(absl::Time deadline) {
    return drain_.WaitUntilIdle(deadline);
  }

  // Closes all connections and joins the thread. Exchanges may outlive the
  // listener.
  void Stop();

  // The number of connections that the listener holds, including those in a
  // handshake.
  size_t connections() const {
    return connections_.size() + handshakes_.connections() +
           (options_.http2 != nullptr ? options_.http2->connections() : 0);
  }

 private:
  void OnWake() override;
  void OnEvent(uint64_t data, uint32_t events) override;
  void OnRound() override;
  int64_t PrepareToWait() override;
  void OnStop() override;
  int64_t now() const { return loop_.now(); }  // while the loop runs
  void EndAccepting();
  bool Accepted(std::unique_ptr<Socket> socket, std::string peer_address);
  bool IsFull(const Socket& socket) const;
  void LetIn(std::unique_ptr<Socket> socket, std::string peer_address);
  void LetInPending();
  bool IsHttp2(const Http1Connection& connection) const;
  void PassToHttp2(Http1Connection* connection);
  void AddConnection(std::unique_ptr<Socket> socket, std::string peer_address);
  bool Watch(Http1Connection* connection, uint32_t events);
  void OnConnectionEvent(Http1Connection* connection, uint32_t events);
  void ExecuteCommands();
  void Execute(EnteredCommand& command);
  void Execute(HeldCommand& command);
  void Execute(AnswerCommand& command);
  void Execute(DetachedCommand& command);
  void Forget(Http1Connection* connection, bool close_fd);
  void Count(Http1Connection* connection, bool in_flight);
  void ExpireDeadlines();

  // http_listener_bounds.cc
  enum class Space { kMade, kSoon, kNone };
  Space MakeSpace();
  bool CloseLongestIdle();
  void KeepBounds();
  void GiveBytes(Http1Connection* connection);
  static size_t HeapBytes(const std::string& text);
  void CountInput(Http1Connection* connection);
  void ReserveInput(Http1Connection* connection, size_t bytes);
  void DropInput(Http1Connection* connection, size_t bytes);
  HttpResponse Refusal(int status, absl::string_view why,
                       absl::string_view origin) const;
  void TurnAway(std::unique_ptr<Socket> socket) const;
  void RefuseRate(std::unique_ptr<Socket> socket, absl::Duration wait) const;
  void AnswerAndClose(std::unique_ptr<Socket> socket,
                      HttpResponse answer) const;

  // http_listener_io.cc
  void OnReadable(Http1Connection* connection);
  void ContinueReading(Http1Connection* connection);
  static bool SendContinue(Http1Connection* connection);
  void PassOn(Http1Connection* connection);
  HttpResponse HeadRefusal(int status, absl::string_view origin) const;
  void OnWaitingClient(Http1Connection* connection, uint32_t events);
  void Answer(Http1Connection* connection, std::string bytes, bool keep_alive);
  void Flush(Http1Connection* connection);
  void AfterAnswer(Http1Connection* connection);
  void Linger(Http1Connection* connection);
  void Refuse(Http1Connection* connection, int status, absl::string_view why);
  void RefuseHead(Http1Connection* connection);
  void ReadRefusedHead(Http1Connection* connection);

  const Options options_;
  HttplibServer* const httplib_;
  const Sink sink_;
  const std::shared_ptr<ConnectionInbox> inbox_;
  EventLoop loop_;
  ListenerDrain drain_;

  // Used on the listener's thread only, from Start on, except that any thread
  // may read how many connections there are.
  Acceptor acceptor_;
  Handshakes handshakes_;
  Http1ConnectionTable connections_;
  bool accepting_ = true;
  bool accept_now_ = false;  // in this round

  // An accepted connection that waits until another one is closed.
  struct {
    std::unique_ptr<Socket> socket;  // may be null
    std::string peer_address;
    int64_t until_ns = 0;
  } pending_;
  ConnectionAccounts accounts_;
  ConnectionDeadlines deadlines_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_LISTENER_H_
