#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_CONNECTION_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/net/socket.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/connection_pool.h"
#include "bridge/upstream/direct/direct_loop.h"
#include "bridge/upstream/direct/direct_session.h"
#include "bridge/upstream/direct/direct_tls.h"
#include "bridge/upstream/direct/resolver.h"
#include "bridge/upstream/grpc_upstream_options.h"

namespace sse_bridge {

class DirectCall;

// What the connections of one upstream have in common. Immutable.
struct DirectSettings {
  std::string host;  // of the address
  int port = 0;
  std::string authority;
  DirectSession::Options session;
  absl::Duration min_backoff;
  absl::Duration max_backoff;
  size_t max_message_bytes = 0;
  std::unique_ptr<const DirectTls> tls;          // null: plain text
  std::shared_ptr<const CallMetadata> metadata;  // may be null
};

// Returns null if the direct client does not serve such an upstream: one whose
// address is a target of gRPC (dns:, unix:, or a list of addresses), or that
// uses a proxy. Returns kInvalidArgument if the certificates cannot be used.
absl::StatusOr<std::shared_ptr<const DirectSettings>> MakeDirectSettings(
    const GrpcUpstreamOptions& options);

// Connects to a backend, keeps one connection of HTTP/2 to it, and a new one
// when that is lost. After a failed attempt, it tries again with growing
// delays, and calls that do not wait for the backend fail until it succeeds.
// Lives on a loop.
class DirectLink final : public DirectTarget,
                         public DirectSession::Owner,
                         public std::enable_shared_from_this<DirectLink> {
 public:
  enum What { kConnect, kResolved, kBeginWaiting, kEnd };

  DirectLink(DirectLoop* loop, std::shared_ptr<const DirectSettings> settings);

  DirectLoop* loop() const { return loop_; }  // thread-safe
  const DirectSettings& settings() const { return *settings_; }
  bool ready() const {  // thread-safe
    return ready_.load(std::memory_order_relaxed);
  }

  // All others are called on the loop's thread.
  void OnCommand(DirectLoop* loop, int what) override;

  // Opens a stream for the call, keeps the call until there is a connection,
  // or ends or moves it.
  void Begin(const std::shared_ptr<DirectCall>& call);

  // As Begin, but after what is going on now.
  void BeginLater(std::shared_ptr<DirectCall> call);

  // The call does not wait any more.
  void Forget(DirectCall* call);

 private:
  void Connect();
  void TryNextAddress();
  void Failed(std::string why);
  void Retire();
  void CloseAll();
  std::unique_ptr<Socket> NewSocket(const ResolvedAddress& address,
                                    std::string* why) const;

  void OnReady(DirectSession* session) override;
  void OnGoaway(DirectSession* session) override;
  void OnQuiet(DirectSession* session) override;
  void OnLost(DirectSession* session, const std::string& why) override;

  DirectLoop* const loop_;
  const std::shared_ptr<const DirectSettings> settings_;
  std::atomic<bool> ready_{false};

  // Used on the loop's thread only.
  bool ended_ = false;    // no new calls come
  bool failing_ = false;  // the last attempt failed
  bool connecting_ = false;
  absl::Duration backoff_;
  DirectTimer retry_;
  std::shared_ptr<Resolution> resolution_;
  int64_t resolved_at_ = 0;
  std::vector<ResolvedAddress> addresses_;
  size_t next_address_ = 0;
  std::shared_ptr<DirectSession> session_;  // connecting, or in use
  // Sessions that accept no new streams, with open ones.
  std::vector<std::shared_ptr<DirectSession>> retired_;
  std::vector<std::shared_ptr<DirectCall>> waiting_;
  std::vector<std::shared_ptr<DirectCall>> later_;
  std::vector<std::shared_ptr<DirectCall>> questions_;
};

// The place of a DirectLink in a ConnectionPool. When it is destroyed, the
// connection closes after its last call.
class DirectConnection final : public PooledConnection {
 public:
  explicit DirectConnection(std::shared_ptr<const DirectSettings> settings)
      : link_(std::make_shared<DirectLink>(DirectLoop::Next(),
                                           std::move(settings))) {}
  ~DirectConnection() override { link_->loop()->Post(link_, DirectLink::kEnd); }

  bool Ready() override { return link_->ready(); }
  void Connect() { link_->loop()->Post(link_, DirectLink::kConnect); }

  const std::shared_ptr<DirectLink>& link() const { return link_; }

 private:
  const std::shared_ptr<DirectLink> link_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_CONNECTION_H_
