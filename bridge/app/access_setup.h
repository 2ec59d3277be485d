#ifndef SSE_BRIDGE_BRIDGE_APP_ACCESS_SETUP_H_
#define SSE_BRIDGE_BRIDGE_APP_ACCESS_SETUP_H_

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/access/deny_list.h"
#include "bridge/access/jwks_fetcher.h"
#include "bridge/access/ticket_box.h"
#include "bridge/access/token_verifier.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/config/config.h"
#include "bridge/delivery/delivery.h"
#include "bridge/gateway/authenticator.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/gateway/open_streams.h"
#include "bridge/gateway/request_filter.h"
#include "bridge/net/handshakes/handshakes.h"
#include "bridge/net/tls_context.h"
#include "bridge/ops/file_watcher.h"

namespace sse_bridge {

// The components that authenticate and admit clients, created from the
// settings. Key files, certificates and the deny list are reloaded when they
// change.
class AccessSetup {
 public:
  // Errors start with the origin of the invalid setting. `watcher` and
  // `delivery` must outlive this object and need not be started yet.
  // `rejections` counts rate-limited requests by HTTP status; it may be null.
  static absl::StatusOr<std::unique_ptr<AccessSetup>> Create(
      const LoadedConfig& loaded, FileWatcher* watcher, Delivery* delivery,
      LabelledCounter* rejections);

  // Starts fetching keys, if a JWKS URL is configured.
  void Start();

  const Authenticator& authenticator() const { return *authenticator_; }
  const BrowserRules& browsers() const { return *browsers_; }
  const RequestFilter& request_filter() const { return *request_filter_; }

  // Returns true if keys to verify tokens are configured.
  bool has_keys() const { return verifier_ != nullptr; }
  bool tls() const { return tls_ != nullptr; }

  // Options for the handshakes of new connections. They contain pointers into
  // this object.
  HandshakeOptions handshake() const;
  OpenStreams* open_streams() { return &open_streams_; }

 private:
  explicit AccessSetup(Delivery* delivery)
      : open_streams_(&denied_, delivery) {}

  absl::Status MakeVerifier(const LoadedConfig& loaded, FileWatcher* watcher);
  absl::Status MakeTickets(const LoadedConfig& loaded);
  absl::Status MakeDenyList(const LoadedConfig& loaded, FileWatcher* watcher);
  absl::Status MakeRequestFilter(const LoadedConfig& loaded,
                                 LabelledCounter* rejections);
  absl::Status MakeTls(const LoadedConfig& loaded, FileWatcher* watcher);

  DenyList denied_;
  OpenStreams open_streams_;
  std::unique_ptr<TokenVerifier> verifier_;   // null if no key is configured
  std::unique_ptr<JwksFetcher> fetcher_;      // null if no URL is configured
  std::unique_ptr<TicketBox> tickets_;        // null if tickets are disabled
  std::unique_ptr<RateLimiter> ticket_rate_;  // null if unlimited
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<BrowserRules> browsers_;
  std::unique_ptr<RateLimiter> rate_;  // null if unlimited
  std::unique_ptr<RequestFilter> request_filter_;
  std::unique_ptr<TlsContext> tls_;  // null without TLS
  TrustedProxies proxies_;
  bool proxy_protocol_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_ACCESS_SETUP_H_
