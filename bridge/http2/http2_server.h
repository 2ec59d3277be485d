#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SERVER_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SERVER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/http/connection_options.h"
#include "bridge/http/http2_acceptor.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/http_response.h"
#include "bridge/http2/ended_connections.h"
#include "bridge/http2/http2_session.h"

namespace sse_bridge {

class Http2Connection;

// What all HTTP/2 connections share: their limits, who serves their requests,
// and the accounts of what they hold. The connections live on the loops of
// delivery, and may outlive the listener that has accepted them.
//
// Thread-safe.
class Http2Server final : public Http2Acceptor,
                          public std::enable_shared_from_this<Http2Server> {
 public:
  struct Settings {
    Http2FloodLimits floods;
    uint32_t max_streams = 128;
    EndedConnections::Limits ends;
    // Counts connections that were ended, by cause. May be null; must outlive
    // the server and its connections.
    LabelledCounter* ended = nullptr;
  };

  // `delivery` must outlive the server. Owned by a shared_ptr.
  Http2Server(Delivery* delivery, Settings settings)
      : delivery_(delivery), settings_(settings), ended_(settings.ends) {}

  // Http2Acceptor
  void Start(const ConnectionOptions& options, Sink sink,
             ListenerDrain* drain) override;
  void Accept(std::unique_ptr<Socket> socket, std::string peer_address,
              std::string input) override;
  bool CloseLongestIdle() override;
  void StartDraining() override;
  void Stop() override;
  size_t held_bytes() const override {
    return held_.load(std::memory_order_relaxed);
  }
  size_t connections() const override {
    return count_.load(std::memory_order_relaxed);
  }

  // For Http2Connection.
  Delivery* delivery() const { return delivery_; }
  const ConnectionOptions& options() const { return options_; }
  const Http2Session::Options& session_options() const { return session_; }
  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  LabelledCounter* ended() const { return settings_.ended; }

  // Passes a request on. Returns false if there is no space for it.
  bool Pass(std::shared_ptr<HttpExchange> exchange);
  // A request that was passed on is answered, has become a stream or is gone.
  void RequestDone();
  // The answer to a refused request, with the headers that its page needs.
  HttpResponse Refusal(int status, absl::string_view why,
                       const HttpHeaders& request) const;

  // The membership of a connection among those of its address.
  struct Entry {
    std::string key;  // empty: no limits per address
    std::weak_ptr<Http2Connection> connection;
    bool idle = false;
    std::list<uint64_t>::iterator at;  // among the idle ones
    size_t held = 0;
  };
  // Whether it waits for its client. If its address has more of them than it
  // may, the longest idle one is closed.
  void SetIdle(uint64_t number, bool idle);
  // Returns false if the connection, its address or all together hold more than
  // they may.
  bool SetHeld(uint64_t number, size_t bytes);
  void Closed(uint64_t number);
  // The connection ends because its client breaks the rules.
  void RememberEnd(uint64_t number, int64_t now);
  // Whether that was so with too many connections of its address.
  bool MustWait(uint64_t number, int64_t now);

 private:
  struct Address {
    size_t connections = 0;
    size_t idle = 0;
    size_t held = 0;
  };

  // Removes the longest idle connection of an address, or of all if the key is
  // empty, from the idle ones. May return null.
  std::shared_ptr<Http2Connection> TakeLongestIdleLocked(absl::string_view key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetIdleLocked(uint64_t number, Entry* entry, bool idle)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Delivery* const delivery_;
  const Settings settings_;

  // Never change after Start.
  ConnectionOptions options_;
  Http2Session::Options session_;
  size_t max_held_ = 0;

  std::atomic<bool> draining_{false};
  std::atomic<size_t> count_{0};

  mutable Mutex requests_mu_;  // before the sink's own
  Sink sink_ ABSL_GUARDED_BY(requests_mu_);
  ListenerDrain* drain_ ABSL_GUARDED_BY(requests_mu_) = nullptr;

  Mutex mu_;
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, Entry> entries_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Address> addresses_ ABSL_GUARDED_BY(mu_);
  std::list<uint64_t> idle_ ABSL_GUARDED_BY(mu_);  // the longest idle first
  EndedConnections ended_ ABSL_GUARDED_BY(mu_);
  // Changed under mu_.
  std::atomic<size_t> held_{0};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SERVER_H_
