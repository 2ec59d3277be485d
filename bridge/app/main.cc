// sse-bridge: connects the components. What each does is in its own folder.

#include <malloc.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "bridge/access/connection_limits.h"
#include "bridge/access/shared_limits.h"
#include "bridge/app/access_setup.h"
#include "bridge/app/commands.h"
#include "bridge/app/listeners.h"
#include "bridge/app/operations.h"
#include "bridge/app/upstream_setup.h"
#include "bridge/app/wiring.h"
#include "bridge/config/command_line.h"
#include "bridge/config/config.h"
#include "bridge/config/setting_list.h"
#include "bridge/config/setting_value.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/base_path.h"
#include "bridge/http/http_server.h"
#include "bridge/ops/descriptor_limit.h"
#include "bridge/ops/file_watcher.h"
#include "bridge/ops/inherited_socket.h"
#include "bridge/ops/log_format.h"
#include "bridge/ops/service_manager.h"
#include "bridge/web/web_files.h"

namespace sse_bridge {
namespace {

// What SIGHUP needs to read the configuration again.
struct ConfigSources {
  CommandLine line;
  Environment environment;
};

// After SIGTERM, requests that are under way may take so long.
constexpr absl::Duration kLastRequests = absl::Seconds(2);

void ApplyLogLevel(const bridge::v1::Config& config) {
  const google::protobuf::EnumDescriptor* levels =
      bridge::v1::LogLevel_descriptor();
  // The names are spdlog's own.
  spdlog::set_level(
      spdlog::level::from_str(EnumNames(levels)[config.log_level()]));
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

void LogWarnings(const ServedSchema& served) {
  for (const std::string& warning : served.schema().warnings()) {
    spdlog::warn("{}", warning);
  }
}

// What SIGHUP changes in a running bridge.
struct Running {
  const UpstreamRouter* upstreams = nullptr;
  Operations* operations = nullptr;
  ConnectionLimits* limits = nullptr;
  ConnectionLimits* call_limits = nullptr;
  FileWatcher* watcher = nullptr;
  Api* api = nullptr;
  size_t descriptors = 0;
};

// Puts into force what may change while the bridge runs, and tells what may
// not. The old configuration stays when the new one is wrong.
void Reload(const ConfigSources& sources, const Running& running,
            LoadedConfig* loaded) {
  auto next = LoadConfig(sources.line, sources.environment);
  if (!next.ok()) {
    spdlog::error("SIGHUP: the configuration stays as it is: {}",
                  std::string(next.status().message()));
    return;
  }
  const ConfigChange change = Compare(loaded->config, next->config);
  for (const std::string& key : change.need_restart) {
    spdlog::warn("SIGHUP: {} changed, and needs a restart", key);
  }
  for (const std::string& key : change.reloadable) {
    const google::protobuf::FieldDescriptor* field =
        BridgeSettings().FindKey(key)->field;
    CopyField(field, next->config, &loaded->config);
    spdlog::info(
        "SIGHUP: {} is now {}", key,
        absl::StrJoin(ValuesOf(*BridgeSettings().FindKey(key), loaded->config),
                      ", "));
  }
  ApplyLogLevel(loaded->config);
  running.operations->Apply(loaded->config);
  running.limits->SetOptions(LimitOptions(loaded->config, running.descriptors));
  running.call_limits->SetOptions(CallLimitOptions(loaded->config));

  auto served = LoadSchema(*loaded, *running.upstreams);
  if (!served.ok()) {
    spdlog::error("SIGHUP: the schema stays as it is: {}",
                  std::string(served.status().message()));
    return;
  }
  LogWarnings(**served);
  running.api->Replace(*std::move(served));
  spdlog::info("SIGHUP: the schema was read again");
}

// Waits for SIGTERM or SIGINT; SIGHUP reloads.
void ServeUntilSignal(const sigset_t& signals, const ConfigSources& sources,
                      const Running& running, LoadedConfig* loaded) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return;
    NotifyReloading();
    running.watcher->ReadAll();
    Reload(sources, running, loaded);
    NotifyReady();
  }
}

absl::Status Run(const ConfigSources& sources, LoadedConfig loaded,
                 const sigset_t& signals) {
  const auto inherited = TakeInheritedSocket();
  if (!inherited.ok()) return inherited.status();
  const size_t descriptors = RaiseDescriptorLimit();
  const bridge::v1::Config& config = loaded.config;

  // Outlives the components, which count into it.
  Operations operations(config);

  Delivery::Options delivery_options;
  delivery_options.threads = config.delivery_threads();
  delivery_options.flush_window = ToDuration(config.flush_window());
  delivery_options.queue_limit_bytes =
      static_cast<size_t>(config.queue_bytes());
  // Destroyed in the reverse order: feeds publish to delivery, the API uses
  // all.
  auto shared_limits = MakeSharedLimits(loaded);
  if (!shared_limits.ok()) return shared_limits.status();
  ConnectionLimits limits(LimitOptions(config, descriptors),
                          shared_limits->get());
  ConnectionLimits call_limits(CallLimitOptions(config), nullptr,
                               ConnectionLimits::Kind::kCalls);
  Delivery delivery(delivery_options);
  auto upstreams = MakeUpstreams(loaded, &delivery, &operations.calls);
  if (!upstreams.ok()) return upstreams.status();
  FileWatcher watcher;
  WatchMetadataFiles(upstreams->metadata_files, &watcher);
  auto access =
      AccessSetup::Create(loaded, &watcher, &delivery, &operations.rejections);
  if (!access.ok()) return access.status();
  if (!(*access)->has_keys()) {
    spdlog::warn(
        "neither --auth-key nor --auth-jwks-url: protected routes answer 401");
  }
  auto metadata_rules = MakeMetadataRules(loaded);
  if (!metadata_rules.ok()) return metadata_rules.status();
  auto served = LoadSchema(loaded, upstreams->router);
  if (!served.ok()) return served.status();
  LogWarnings(**served);
  if (absl::Status started = delivery.Start(); !started.ok()) return started;

  std::unique_ptr<Api> api;
  CircuitLog circuits;
  FeedContext context;
  context.delivery = &delivery;
  context.circuits = &circuits;
  context.reconnects = &operations.reconnects;
  context.status_json = [&api](const absl::Status& status) {
    return api->served()->StatusJson(status);
  };
  FeedRegistry registry(&context,
                        static_cast<size_t>(config.max_feeds_per_address()));
  StreamOpener::Options opener_options;
  opener_options.replay = {static_cast<size_t>(config.replay_events()),
                           static_cast<size_t>(config.replay_bytes()),
                           ToDuration(config.replay_age())};
  opener_options.linger = ToDuration(config.linger());
  opener_options.give_up_after = ToDuration(config.upstream_give_up());
  opener_options.exposed = &(*metadata_rules)->exposed;
  StreamOpener opener(&context, &upstreams->router, &registry, opener_options);
  Api::Options api_options;
  api_options.request_timeout = ToDuration(config.request_timeout());
  if (const absl::Duration given = ToDuration(config.keep_alive());
      given != absl::ZeroDuration()) {
    api_options.keep_alive = given;
    api_options.keep_alive_overrides = true;
  }
  api_options.retry = ToDuration(config.retry());
  api_options.documents = DocumentsOf(config);
  api_options.open_grace = ToDuration(config.open_grace());
  const Pages pages(WebFiles());
  Api::Parts parts;
  parts.delivery = &delivery;
  parts.upstreams = &upstreams->router;
  parts.limits = &limits;
  parts.call_limits = &call_limits;
  parts.authenticator = &(*access)->authenticator();
  parts.opener = &opener;
  parts.journal = &operations.lifecycle;
  parts.errors = &operations.errors;
  parts.pages = config.pages() ? &pages : nullptr;
  parts.open_streams = (*access)->open_streams();
  parts.forwarded = &(*metadata_rules)->forwarded;
  parts.exposed = &(*metadata_rules)->exposed;
  parts.browsers = &(*access)->browsers();
  api = std::make_unique<Api>(parts, api_options, *std::move(served));

  const auto base_path = BasePath::Create(config.base_path());
  if (!base_path.ok()) {
    return loaded.origins.Annotate(base_path.status(), "base_path");
  }
  auto http_options = PublicServer(loaded, **access, descriptors);
  if (!http_options.ok()) return http_options.status();
  http_options->listen_fd = *inherited;
  http_options->rejections = &operations.rejections;
  HttpServer server(*http_options);
  if (absl::Status bound = server.Bind(); !bound.ok()) return bound;
  if (absl::Status started =
          operations.Start(loaded, {[&delivery] { return delivery.Stats(); },
                                    &(*access)->authenticator().failures(),
                                    upstreams->connections});
      !started.ok()) {
    return started;
  }
  (*access)->Start();
  watcher.Start();
  server.Start([&api, request_filter = &(*access)->request_filter(),
                base = &*base_path](std::shared_ptr<HttpExchange> exchange) {
    const bool below = base->Enter(exchange.get());
    if (request_filter->Handle(exchange.get())) return;
    if (!below) return base->Refuse(exchange.get());
    if (base->Redirect(exchange.get())) return;
    api->Handle(std::move(exchange));
  });
  spdlog::info("{} descriptors, {} delivery threads", descriptors,
               delivery.threads());
  std::printf("listening on %s://%s\n", (*access)->tls() ? "https" : "http",
              ToString({http_options->host, server.port()}).c_str());
  if (!operations.address().empty()) {
    std::printf("admin on http://%s\n", operations.address().c_str());
  }
  std::fflush(stdout);
  NotifyReady();

  ServeUntilSignal(signals, sources,
                   {&upstreams->router, &operations, &limits, &call_limits,
                    &watcher, api.get(), descriptors},
                   &loaded);

  const absl::Duration drain_timeout = ToDuration(config.drain_timeout());
  spdlog::info("draining for up to {}", absl::FormatDuration(drain_timeout));
  NotifyStopping();
  operations.SetDraining();
  // A second signal ends at once.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  // Who connects from now on is refused by the kernel, or gets to another
  // bridge that has the port too; who is here already is served before streams
  // are refused. For EventSource takes no 503 twice, but a refused connection.
  server.StopAccepting();
  server.WaitUntilIdle(absl::Now() + kLastRequests);
  api->StartDraining();
  delivery.CloseAll(drain_timeout, nullptr);
  delivery.WaitUntilEmpty(absl::Now() + drain_timeout + absl::Seconds(3));
  server.WaitUntilIdle(absl::Now() + kLastRequests);
  registry.StopAll(absl::UnavailableError("the bridge is shutting down"));
  operations.Stop();
  server.Stop();
  delivery.Stop();
  spdlog::info("drained");
  // gRPC's threads may still be on their way through callbacks that use all of
  // this, and nothing is left that an orderly destruction would save.
  spdlog::shutdown();
  std::fflush(nullptr);
  _exit(0);
}

// Large blocks (bodies, answers) go back to the system when they are freed:
// else the C library, having seen one, would keep the next ones in its arenas,
// where they fragment, and a flood that is over would cost its memory for ever.
void ReturnLargeBlocks() {
  constexpr int kLargeBytes = 512 << 10;
  constexpr int kSpareBytes = 8 << 20;  // at the end of an arena
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, kSpareBytes);
}

int Main(int argc, char** argv) {
  // Logs go to stderr: stdout says where the bridge listens, and no more.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("sse-bridge"));
  UseOneLineLogFormat();
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && !arguments[0].empty() && arguments[0][0] != '-') {
    return RunCommand(arguments[0], {arguments.begin() + 1, arguments.end()});
  }
  const auto fail = [](const absl::Status& status) {
    std::cerr << "sse-bridge: " << status.message() << "\n";
    return status.code() == absl::StatusCode::kInvalidArgument ||
                   status.code() == absl::StatusCode::kNotFound
               ? kExitBadUsage
               : kExitFailure;
  };
  auto line = ParseCommandLine(arguments, {&BridgeSettings()});
  if (!line.ok()) return fail(line.status());
  if (line->help || line->version) {
    std::cout << (line->help ? Help() : "sse-bridge " SSE_BRIDGE_VERSION "\n");
    return 0;
  }
  const ConfigSources sources{*std::move(line), ProcessEnvironment()};
  auto loaded = LoadConfig(sources.line, sources.environment);
  if (!loaded.ok()) return fail(loaded.status());
  ApplyLogLevel(loaded->config);
  for (const std::string& warning : loaded->warnings) {
    spdlog::warn("{}", warning);
  }

  ReturnLargeBlocks();
  // Before any thread starts, so that all of them leave the signals to us.
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const absl::Status status = Run(sources, *std::move(loaded), signals);
  return status.ok() ? 0 : fail(status);
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) { return sse_bridge::Main(argc, argv); }
