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
#include "bridge/http/handshakes.h"
#include "bridge/net/tls_context.h"
#include "bridge/ops/file_watcher.h"

namespace sse_bridge {

// All that decides who gets in, made from the settings and kept up to date:
// key files and the deny list are read again when they change.
class AccessSetup {
 public:
  // Errors begin with where the configuration was wrong. `watcher` and
  // `delivery` must outlive this, and need not be started. `rejections`, of
  // those who come too often (by HTTP status), may be null.
  static absl::StatusOr<std::unique_ptr<AccessSetup>> Create(
      const LoadedConfig& loaded, FileWatcher* watcher, Delivery* delivery,
      LabelledCounter* rejections);

  // Starts to fetch keys, if there are any to fetch.
  void Start();

  const Authenticator& authenticator() const { return *authenticator_; }
  const BrowserRules& browsers() const { return *browsers_; }
  const RequestFilter& request_filter() const { return *request_filter_; }

  // Whether any token could be verified.
  bool has_keys() const { return verifier_ != nullptr; }
  bool tls() const { return tls_ != nullptr; }

  // What new connections pass; holds pointers into this.
  Handshakes::Options handshakes() const;
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
  std::unique_ptr<TokenVerifier> verifier_;   // null: no keys
  std::unique_ptr<JwksFetcher> fetcher_;      // null: no URL
  std::unique_ptr<TicketBox> tickets_;        // null: no tickets
  std::unique_ptr<RateLimiter> ticket_rate_;  // null: no limit
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<BrowserRules> browsers_;
  std::unique_ptr<RateLimiter> rate_;  // null: no limit
  std::unique_ptr<RequestFilter> request_filter_;
  std::unique_ptr<TlsContext> tls_;  // null: plain
  TrustedProxies proxies_;
  bool proxy_protocol_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_ACCESS_SETUP_H_
