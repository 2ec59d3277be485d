#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_LISTENER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_LISTENER_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/http/connection_accounts.h"
#include "bridge/http/connection_deadlines.h"
#include "bridge/http/connection_inbox.h"
#include "bridge/http/handshakes.h"
#include "bridge/http/http1_connection.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/httplib_server.h"
#include "bridge/http/request_framing.h"
#include "bridge/http/request_origin.h"
#include "bridge/net/acceptor.h"

namespace sse_bridge {

// The HTTP listener: one thread that accepts connections and waits for each
// until its whole request is there. Only then is the request passed on, so
// connections that trickle bytes hold nothing but their buffer, and that only
// until their deadline. It also sends the answers and keeps connections alive
// between requests. Requests of one connection are served one after the other;
// what is pipelined waits in the kernel.
//
// A client that ends its direction while it waits (half-close) gets its answer.
// One that has left altogether looks the same, until something is sent to it:
// so it is sent an interim response (100, which every HTTP/1.1 client reads
// over: RFC 9110, 15.2), and only if that is met by a reset is the exchange
// aborted. For HTTP/1.0 there is no such probe, and only a reset aborts.
class HttpListener {
 public:
  struct Options {
    FramingLimits framing;

    // What new connections pass first.
    Handshakes::Options handshakes;

    // From accepting (or the first byte of a further request) to the end of
    // the head; from there to the end of the body; between two requests; for
    // the client to take its answer. 408 or a plain close beyond them.
    absl::Duration head_timeout = absl::Seconds(10);
    absl::Duration body_timeout = absl::Seconds(30);
    absl::Duration idle_timeout = absl::Seconds(60);
    absl::Duration write_timeout = absl::Seconds(30);

    // Connections that the listener holds: streams, which have left it, are not
    // among them. Beyond it one that waits for its client gives way to a new
    // one (MakeSpace), or the new one is answered 503. 0: as many as there are
    // descriptors.
    size_t max_connections = 0;

    // Of one address, those that wait for the client: beyond it the one that
    // has waited longest is closed. Trusted proxies have no such limit, for
    // their connections carry many clients. 0: no limit.
    size_t max_connections_per_address = 0;

    // Connections have no descriptors from this on, which are left to others:
    // the admin listener, backends, files. 0: there is no such reserve.
    int max_descriptor = 0;

    // What becomes of those who connect around StopAccepting.
    enum class Stopping {
      kTakeWaiting,   // who waits is served, who comes later refused
      kRetire,        // Acceptor::Retire: another process has the port too
      kLeaveWaiting,  // another process has this very socket
    };
    Stopping stopping = Stopping::kTakeWaiting;

    // Bytes that the listener's connections hold: of requests that arrive, wait
    // or are served, and of answers that are not sent yet. Beyond it the
    // largest holders are answered 503 or cut. An address may hold half, unless
    // it is a trusted proxy's.
    size_t max_buffered_bytes = size_t{256} << 20;

    // What the answers to requests that the listener itself refuses have, so
    // that pages can read them. May be null.
    HeadersForOrigin headers_for_origin;

    // They depend on the origin, for which a refused head is then read on: for
    // a moment, and up to a bound.
    bool headers_need_origin = false;

    // Requests that the listener itself refuses, by HTTP status; null: not
    // counted. Must outlive the listener.
    LabelledCounter* rejections = nullptr;
  };

  // Gets a complete request. Called on the listener's thread; must not block.
  // False: there is no space for the request, which is answered 503.
  using Sink = std::function<bool(std::shared_ptr<HttpExchange>)>;

  // `httplib` parses the heads of complete requests, on the listener's thread.
  // It must outlive the listener.
  HttpListener(Options options, HttplibServer* httplib, Sink sink);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  // Takes over a listening socket (non-blocking) and starts the thread. Once.
  absl::Status Start(int listen_fd);

  // No connection is accepted from now on (but see Options::Stopping), and idle
  // ones are closed; the requests that are here are served. The listening
  // socket is closed.
  void StopAccepting();

  // Waits until no request is in flight and, after StopAccepting, the listening
  // socket is closed. False: the deadline came first.
  bool WaitUntilIdle(absl::Time deadline);

  // Closes everything and joins the thread. Exchanges may outlive it.
  void Stop();

  // Connections that the listener holds now, with those at the handshakes.
  size_t connections() const {
    return connections_ + handshakes_.connections();
  }

 private:
  void Run();
  void EndAccepting(int64_t now_ns);
  void CloseAll();
  bool Accepted(int fd, std::string peer_address);
  bool IsFull(int fd) const;
  static int WithLowestNumber(int fd);
  void LetIn(int fd, std::string peer_address);
  void LetInPending(int64_t now_ns);
  void AddConnection(int fd, std::string peer_address,
                     std::unique_ptr<Transport> transport);
  Http1Connection* Find(uint64_t handle);
  bool Watch(Http1Connection* connection, uint32_t events);
  void OnEvent(Http1Connection* connection, uint32_t events);
  void OnPosted(ConnectionInbox::Item item);
  void Forget(Http1Connection* connection, bool close_fd);
  void Count(Http1Connection* connection, bool in_flight);
  int ExpireDeadlines();

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
  void TurnAway(int fd) const;

  // http_listener_io.cc
  // As recv and send: the number of bytes, or -1 and errno.
  static ssize_t Receive(Http1Connection* connection, char* buffer,
                         size_t size);
  static ssize_t SendSome(Http1Connection* connection, absl::string_view bytes);
  void OnReadable(Http1Connection* connection);
  void ContinueReading(Http1Connection* connection);
  bool SendContinue(Http1Connection* connection);
  void PassOn(Http1Connection* connection);
  HttpResponse MethodRefusal(int status, absl::string_view origin) const;
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
  std::thread thread_;
  std::atomic<size_t> connections_{0};
  std::atomic<bool> stop_accepting_{false};
  std::atomic<bool> stop_{false};

  Mutex idle_mu_;
  std::condition_variable_any idle_;
  size_t in_flight_ ABSL_GUARDED_BY(idle_mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(idle_mu_) = false;  // the listening socket

  // Of the listener's thread, from Start on.
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  Acceptor acceptor_;
  Handshakes handshakes_;
  bool accepting_ = true;

  // A connection for which space is being made.
  struct {
    int fd = -1;
    std::string peer_address;
    int64_t until_ns = 0;
  } pending_;
  ConnectionAccounts accounts_;
  std::vector<std::unique_ptr<Http1Connection>> slots_;
  std::vector<uint32_t> free_slots_;
  ConnectionDeadlines deadlines_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_LISTENER_H_
