#include "bridge/app/bridge.h"

#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/app/listeners.h"
#include "bridge/app/upstream_setup.h"
#include "bridge/base/host_port.h"
#include "bridge/config/setting_list.h"
#include "bridge/config/setting_value.h"
#include "bridge/http2/http2_server.h"
#include "bridge/ops/descriptor_limit.h"
#include "bridge/web/web_files.h"

namespace sse_bridge {
namespace {

// How long requests in progress may take after draining has started.
constexpr absl::Duration kLastRequests = absl::Seconds(2);

// How long the backends may take to be told which sessions have ended.
constexpr absl::Duration kLastLeaves = absl::Seconds(2);

// Extra time, after drain_timeout, to write the last bytes of closed streams.
constexpr absl::Duration kLastBytes = absl::Seconds(3);

Delivery::Options DeliveryOptions(const bridge::v1::Config& config) {
  Delivery::Options options;
  options.threads = config.delivery_threads();
  options.flush_window = ToDuration(config.flush_window());
  options.queue_limit_bytes = static_cast<size_t>(config.queue_bytes());
  return options;
}

Api::Documents DocumentsOf(const bridge::v1::Config& config) {
  switch (config.documents()) {
    case bridge::v1::DOCUMENTS_PUBLIC:
      return Api::Documents::kPublic;
    case bridge::v1::DOCUMENTS_AUTHENTICATED:
      return Api::Documents::kAuthenticated;
    case bridge::v1::DOCUMENTS_OFF:
      return Api::Documents::kOff;
    default:
      return config.pages() ? Api::Documents::kPublic : Api::Documents::kOff;
  }
}

Api::Options ApiOptions(const bridge::v1::Config& config) {
  Api::Options options;
  options.request_timeout = ToDuration(config.request_timeout());
  if (const absl::Duration given = ToDuration(config.keep_alive());
      given != absl::ZeroDuration()) {
    options.keep_alive = given;
    options.keep_alive_overrides = true;
  }
  options.retry = ToDuration(config.retry());
  options.documents = DocumentsOf(config);
  options.open_grace = ToDuration(config.open_grace());
  options.compress = config.compress();
  options.compress_exclusive = config.compress_exclusive();
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bridge>> Bridge::Create(LoadedConfig loaded) {
  std::unique_ptr<Bridge> bridge(
      new Bridge(std::move(loaded), RaiseDescriptorLimit()));
  using Part = absl::Status (Bridge::*)();
  for (const Part part :
       {&Bridge::CreateCalls, &Bridge::CreateAccess, &Bridge::CreateFeeds,
        &Bridge::CreateApi, &Bridge::CreateListeners}) {
    if (absl::Status status = (bridge.get()->*part)(); !status.ok()) {
      return status;
    }
  }
  return bridge;
}

Bridge::Bridge(LoadedConfig loaded, size_t descriptors)
    : loaded_(std::move(loaded)),
      descriptors_(descriptors),
      operations_(loaded_.config),
      delivery_(DeliveryOptions(loaded_.config)),
      admissions_(&delivery_, LeaveQueue::Limits()),
      pages_(WebFiles()) {}

Bridge::~Bridge() = default;

absl::Status Bridge::CreateCalls() {
  auto shared_limits = MakeSharedLimits(loaded_);
  if (!shared_limits.ok()) return shared_limits.status();
  shared_limits_ = *std::move(shared_limits);
  limits_ = std::make_unique<ConnectionLimits>(
      LimitOptions(config(), descriptors_), shared_limits_.get());
  call_limits_ = std::make_unique<ConnectionLimits>(
      CallLimitOptions(config()), nullptr, ConnectionLimits::Kind::kCalls);
  auto upstreams = MakeUpstreams(loaded_, &delivery_, &operations_.calls);
  if (!upstreams.ok()) return upstreams.status();
  upstreams_ = *std::move(upstreams);
  WatchMetadataFiles(upstreams_.metadata_files, &watcher_);
  return absl::OkStatus();
}

absl::Status Bridge::CreateAccess() {
  auto access = AccessSetup::Create(loaded_, &watcher_, &delivery_,
                                    &operations_.rejections);
  if (!access.ok()) return access.status();
  access_ = *std::move(access);
  auto rules = MakeMetadataRules(loaded_);
  if (!rules.ok()) return rules.status();
  metadata_rules_ = *std::move(rules);
  return absl::OkStatus();
}

absl::Status Bridge::CreateFeeds() {
  feed_context_.delivery = &delivery_;
  feed_context_.circuits = &circuits_;
  feed_context_.reconnects = &operations_.reconnects;
  gzip_ = std::make_unique<GzipBudget>(
      static_cast<size_t>(config().compress_memory()));
  feed_context_.gzip = gzip_.get();
  feed_context_.status_json = [this](const absl::Status& status) {
    return api_->served()->StatusJson(status);
  };
  registry_ = std::make_unique<FeedRegistry>(
      &feed_context_, static_cast<size_t>(config().max_feeds_per_address()));
  StreamOpener::Options options;
  options.replay = {static_cast<size_t>(config().replay_events()),
                    static_cast<size_t>(config().replay_bytes()),
                    ToDuration(config().replay_age()),
                    static_cast<size_t>(config().queue_bytes())};
  options.linger = ToDuration(config().linger());
  options.give_up_after = ToDuration(config().upstream_give_up());
  options.exposed = &metadata_rules_->exposed;
  opener_ = std::make_unique<StreamOpener>(&feed_context_, &upstreams_.router,
                                           registry_.get(), options);
  Admitter::Options admitter_options;
  admitter_options.request_timeout = ToDuration(config().request_timeout());
  admitter_options.give_up_after = options.give_up_after;
  admitter_ = std::make_unique<Admitter>(&upstreams_.router, &admissions_,
                                         admitter_options);
  return absl::OkStatus();
}

absl::Status Bridge::CreateApi() {
  auto served = LoadSchema(loaded_, upstreams_);
  if (!served.ok()) return served.status();
  Api::Parts parts;
  parts.delivery = &delivery_;
  parts.upstreams = &upstreams_.router;
  parts.limits = limits_.get();
  parts.call_limits = call_limits_.get();
  parts.authenticator = &access_->authenticator();
  parts.opener = opener_.get();
  parts.admitter = admitter_.get();
  parts.journal = &operations_.lifecycle;
  parts.errors = &operations_.errors;
  parts.pages = config().pages() ? &pages_ : nullptr;
  parts.open_streams = access_->open_streams();
  parts.forwarded = &metadata_rules_->forwarded;
  parts.exposed = &metadata_rules_->exposed;
  parts.browsers = &access_->browsers();
  api_ = std::make_unique<Api>(parts, ApiOptions(config()), *std::move(served));
  return absl::OkStatus();
}

absl::Status Bridge::CreateListeners() {
  auto base_path = BasePath::Create(config().base_path());
  if (!base_path.ok()) {
    return loaded_.origins.Annotate(base_path.status(), "base_path");
  }
  base_path_ = std::make_unique<BasePath>(*std::move(base_path));
  auto options = PublicServer(loaded_, *access_, descriptors_);
  if (!options.ok()) return options.status();
  http_options_ = *std::move(options);
  http_options_.rejections = &operations_.rejections;
  if (config().http2()) {
    Http2Server::Settings settings;
    settings.ended = &operations_.http2_ended;
    http_options_.http2 = std::make_shared<Http2Server>(&delivery_, settings);
  }
  return AdminNames(loaded_).status();
}

absl::Status Bridge::Start(int listen_fd) {
  if (absl::Status status = delivery_.Start(); !status.ok()) return status;
  http_options_.listen_fd = listen_fd;
  server_ = std::make_unique<HttpServer>(http_options_);
  if (absl::Status status = server_->Bind(); !status.ok()) return status;
  std::function<int64_t()> http2_connections;
  if (http_options_.http2 != nullptr) {
    http2_connections = [http2 = http_options_.http2] {
      return static_cast<int64_t>(http2->connections());
    };
  }
  const absl::Status operations = operations_.Start(
      loaded_, {[this] { return delivery_.Stats(); },
                &access_->authenticator().failures(), &admissions_,
                upstreams_.connections, upstreams_.multiplexed,
                std::move(http2_connections)});
  if (!operations.ok()) return operations;
  access_->Start();
  watcher_.Start();
  server_->Start([this](std::shared_ptr<HttpExchange> exchange) {
    const bool below = base_path_->Enter(exchange.get());
    if (access_->request_filter().Handle(exchange.get())) return;
    if (!below) return base_path_->Refuse(exchange.get());
    if (base_path_->Redirect(exchange.get())) return;
    api_->Handle(std::move(exchange));
  });
  address_ = absl::StrCat(access_->tls() ? "https://" : "http://",
                          ToString({http_options_.host, server_->port()}));
  spdlog::info("{} descriptors, {} delivery threads", descriptors_,
               delivery_.threads());
  if (!access_->has_keys()) {
    spdlog::warn(
        "neither --auth-key nor --auth-jwks-url is set: protected routes "
        "answer 401");
  }
  upstream_watch_.Start(upstreams_.connections);
  return absl::OkStatus();
}

std::string Bridge::admin_address() const {
  return operations_.address().empty()
             ? ""
             : absl::StrCat("http://", operations_.address());
}

void Bridge::Reload(const LoadedConfig& next) {
  const ConfigChange change = Compare(loaded_.config, next.config);
  for (const std::string& key : change.need_restart) {
    spdlog::warn("reload: {} changed and needs a restart", key);
  }
  for (const std::string& key : change.reloadable) {
    const SettingInfo& setting = *BridgeSettings().FindKey(key);
    CopyField(setting.field, next.config, &loaded_.config);
    spdlog::info("reload: {} is now {}", key,
                 absl::StrJoin(ValuesOf(setting, loaded_.config), ", "));
  }
  operations_.Apply(config());
  limits_->SetOptions(LimitOptions(config(), descriptors_));
  call_limits_->SetOptions(CallLimitOptions(config()));

  auto served = LoadSchema(loaded_, upstreams_);
  if (!served.ok()) {
    spdlog::error("reload: the current schema stays in use: {}",
                  std::string(served.status().message()));
    return;
  }
  const std::shared_ptr<const ServedSchema> current = api_->served();
  const auto lost = NoLongerServed(current->schema(), (*served)->schema());
  for (const UnservedMethod* method : lost) {
    spdlog::error("reload: {}", std::string(method->why.message()));
  }
  if (!lost.empty()) {
    spdlog::error(
        "reload: the current schema stays in use, because the new one cannot "
        "serve methods that are served now");
    return;
  }
  for (const std::string& warning : (*served)->schema().warnings()) {
    spdlog::warn("{}", warning);
  }
  api_->Replace(*std::move(served));
  spdlog::info("reload: schema loaded");
}

void Bridge::Drain() {
  const absl::Duration timeout = ToDuration(config().drain_timeout());
  spdlog::info("draining for up to {}", absl::FormatDuration(timeout));
  operations_.SetDraining();
  // The kernel refuses new connections, or another bridge on the same port
  // takes them. Accepted connections are served before streams are refused:
  // EventSource gives up after a 503 but retries a refused connection.
  server_->StopAccepting();
  server_->WaitUntilIdle(absl::Now() + kLastRequests);
  api_->StartDraining();
  delivery_.CloseAll(timeout, nullptr);
  delivery_.WaitUntilEmpty(absl::Now() + timeout + kLastBytes);
  server_->WaitUntilIdle(absl::Now() + kLastRequests);
  registry_->StopAll(absl::UnavailableError("the bridge is shutting down"));
  // Otherwise the sessions end only when their leases expire.
  admissions_.WaitUntilLeft(absl::Now() + kLastLeaves);
  upstream_watch_.Stop();
  operations_.Stop();
  server_->Stop();
  delivery_.Stop();
  spdlog::info("drained");
}

}  // namespace sse_bridge
