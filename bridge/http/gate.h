#ifndef SSE_BRIDGE_BRIDGE_HTTP_GATE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_GATE_H_

#include <atomic>
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
#include "bridge/base/mutex.h"
#include "bridge/http/exchange.h"
#include "bridge/http/request_framing.h"

namespace sse_bridge {

struct GateConnection;

// The request gate: one thread that accepts connections and waits for each
// until its whole request is there. Only then is the request passed on, so
// connections that trickle bytes hold nothing but their buffer, and that only
// until their deadline. It also sends the answers and keeps connections alive
// between requests.
class Gate {
 public:
  struct Options {
    FramingLimits framing;

    // From accepting (or the first byte of a further request) to the end of
    // the head; from there to the end of the body; between two requests; for
    // the client to take its answer. 408 or a plain close beyond them.
    absl::Duration head_timeout = absl::Seconds(10);
    absl::Duration body_timeout = absl::Seconds(30);
    absl::Duration idle_timeout = absl::Seconds(60);
    absl::Duration write_timeout = absl::Seconds(30);
  };

  // A complete request, on its way to a worker.
  struct Request {
    Exchange::Parsed parsed;
    std::unique_ptr<ExchangeLink> link;

    // Tells the gate whom to tell when the connection breaks.
    std::function<void(std::shared_ptr<Exchange>)> watch;
  };

  // Called on the gate's thread; must not block. False: there is no room for
  // the request, which is answered 503.
  using Sink = std::function<bool(std::unique_ptr<Request>)>;

  Gate(Options options, Sink sink);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Takes over a listening socket (non-blocking) and starts the thread.
  absl::Status Start(int listen_fd);

  // No connection is accepted from now on; those that are here are served. The
  // listening socket is closed.
  void StopAccepting();

  // Closes everything and joins the thread. Exchanges may outlive it.
  void Stop();

  // Connections that the gate holds now.
  size_t connections() const { return connections_; }

 private:
  class Link;
  struct Inbox;  // shared with the links, which may outlive the gate
  struct Posted;

  // The intrusive lists of deadlines: one for each length, so that each list is
  // in the order of its deadlines.
  enum List { kHeadList, kBodyList, kIdleList, kWriteList, kLingerList, kLists };

  void Run();
  void Accept();
  void RefuseForDescriptors();
  void AddConnection(int fd, std::string peer_address);
  void OnEvent(GateConnection* connection, uint32_t events);
  void OnReadable(GateConnection* connection);
  void OnPosted(Posted posted);
  void ContinueReading(GateConnection* connection);
  void PassOn(GateConnection* connection);
  void Answer(GateConnection* connection, std::string bytes, bool keep_alive);
  void Flush(GateConnection* connection);
  void AfterAnswer(GateConnection* connection);
  void Linger(GateConnection* connection);
  void Refuse(GateConnection* connection, int status, const std::string& why);
  void Forget(GateConnection* connection, bool close_fd);
  void Watch(GateConnection* connection, uint32_t events);
  void SetDeadline(GateConnection* connection, List list);
  void ClearDeadline(GateConnection* connection);
  int ExpireDeadlines();
  GateConnection* Find(uint64_t handle);

  const Options options_;
  const Sink sink_;
  const std::shared_ptr<Inbox> inbox_;
  std::thread thread_;
  std::atomic<size_t> connections_{0};
  std::atomic<bool> stop_accepting_{false};
  std::atomic<bool> stop_{false};

  // Of the gate's thread, from Start on.
  int epoll_fd_ = -1;
  int listen_fd_ = -1;
  int reserve_fd_ = -1;  // given up to refuse a connection when out of them
  int64_t accept_again_at_ = 0;  // monotonic ns; 0: accepting
  std::vector<std::unique_ptr<GateConnection>> slots_;
  std::vector<uint32_t> free_slots_;
  struct DeadlineList {
    GateConnection* first = nullptr;
    GateConnection* last = nullptr;
    int64_t length_ns = 0;
  } deadlines_[kLists];
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_GATE_H_
