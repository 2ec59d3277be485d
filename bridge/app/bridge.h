#ifndef SSE_BRIDGE_BRIDGE_APP_BRIDGE_H_
#define SSE_BRIDGE_BRIDGE_APP_BRIDGE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/access/connection_limits.h"
#include "bridge/access/shared_limits.h"
#include "bridge/app/access_setup.h"
#include "bridge/app/operations.h"
#include "bridge/app/upstream_watch.h"
#include "bridge/app/wiring.h"
#include "bridge/config/config.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/admissions.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/gateway/admitter.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/base_path.h"
#include "bridge/gateway/stream_opener.h"
#include "bridge/gzip/gzip_budget.h"
#include "bridge/http/http_server.h"
#include "bridge/ops/file_watcher.h"
#include "bridge/schema/schema.h"
#include "bridge/web/pages.h"

namespace sse_bridge {

// The bridge: all components, created from one configuration and connected with
// each other.
//
// Create, Start, Reload and Drain must be called on one thread.
class Bridge {
 public:
  // Creates the components and loads the schema, with `reflect` from the
  // backends. Starts no thread and opens no socket, so that `sse-bridge check`
  // can use it too. Errors start with the origin of the invalid setting.
  static absl::StatusOr<std::unique_ptr<Bridge>> Create(LoadedConfig loaded);

  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // Binds the listeners and starts serving. `listen_fd` is a listening socket
  // to use instead of binding the configured address, or -1. Must be called
  // once.
  absl::Status Start(int listen_fd);

  // Applies the settings of `next` that can change at run time, logs those that
  // need a restart, and reloads the schema. If the new schema is invalid, the
  // current one stays in use.
  void Reload(const LoadedConfig& next);

  // Reloads the files that the configuration names: keys, deny list,
  // certificates, metadata.
  void ReloadFiles() { watcher_.ReadAll(); }

  // Refuses new connections, completes accepted requests, then ends every
  // stream within the configured time. Blocks until done.
  void Drain();

  const bridge::v1::Config& config() const { return loaded_.config; }

  // The current schema.
  std::shared_ptr<const ServedSchema> served() const { return api_->served(); }

  // "https://HOST:PORT" of the public listener, and "http://HOST:PORT" of the
  // admin listener or "" if it is disabled. Valid after Start.
  const std::string& address() const { return address_; }
  std::string admin_address() const;

 private:
  Bridge(LoadedConfig loaded, size_t descriptors);

  // The parts of Create, in this order.
  absl::Status CreateCalls();
  absl::Status CreateAccess();
  absl::Status CreateFeeds();
  absl::Status CreateApi();
  absl::Status CreateListeners();

  LoadedConfig loaded_;
  const size_t descriptors_;  // limit of open file descriptors

  // Members are destroyed in reverse order, so dependencies come first.
  Operations operations_;
  std::unique_ptr<SharedLimits> shared_limits_;  // null if not shared
  std::unique_ptr<ConnectionLimits> limits_;
  std::unique_ptr<ConnectionLimits> call_limits_;
  Delivery delivery_;
  Upstreams upstreams_;
  Admissions admissions_;
  FileWatcher watcher_;
  std::unique_ptr<AccessSetup> access_;
  std::unique_ptr<const MetadataRules> metadata_rules_;
  Pages pages_;
  std::unique_ptr<Api> api_;
  CircuitLog circuits_;
  std::unique_ptr<GzipBudget> gzip_;
  FeedContext feed_context_;
  std::unique_ptr<FeedRegistry> registry_;
  std::unique_ptr<StreamOpener> opener_;
  std::unique_ptr<Admitter> admitter_;
  std::unique_ptr<BasePath> base_path_;
  HttpServer::Options http_options_;
  std::unique_ptr<HttpServer> server_;
  UpstreamWatch upstream_watch_;
  std::string address_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_BRIDGE_H_
