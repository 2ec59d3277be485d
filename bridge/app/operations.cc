#include "bridge/app/operations.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/app/listeners.h"
#include "bridge/base/host_port.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxAdminConnections = 16;
constexpr size_t kMaxAdminBytes = size_t{16} << 20;

JsonAccessLog::Options LifecycleOptions(const bridge::v1::Config& config) {
  JsonAccessLog::Options options;
  if (config.log_streams()) {
    // Writes plain lines to stderr, next to the log. Not registered with
    // spdlog, so that log_level does not apply to it.
    static const auto* const made = new std::shared_ptr<spdlog::logger>([] {
      auto logger = std::make_shared<spdlog::logger>(
          "streams", std::make_shared<spdlog::sinks::stderr_sink_mt>());
      logger->set_pattern("%v");
      return logger;
    }());
    const std::shared_ptr<spdlog::logger>& logger = *made;
    options.sink = [logger](const std::string& line) {
      logger->info("{}", line);
    };
  }
  options.sampling = config.log_sampling();
  switch (config.log_subjects()) {
    case bridge::v1::LOG_SUBJECTS_HASH:
      options.subjects = JsonAccessLog::Subjects::kHashed;
      break;
    case bridge::v1::LOG_SUBJECTS_OMIT:
      options.subjects = JsonAccessLog::Subjects::kOmitted;
      break;
    default:
      options.subjects = JsonAccessLog::Subjects::kPlain;
  }
  return options;
}

}  // namespace

Operations::Operations(const bridge::v1::Config& config)
    : lifecycle(LifecycleOptions(config)) {}

absl::Status Operations::Start(const LoadedConfig& loaded,
                               Components components) {
  components_ = std::move(components);
  if (loaded.config.admin().empty()) return absl::OkStatus();
  auto address = ParseHostPort(loaded.config.admin());
  if (!address.ok()) return loaded.origins.Annotate(address.status(), "admin");
  HttpServer::Options options;
  options.host = address->host;
  options.port = address->port;
  options.workers = 1;
  // Bounds what a flood of this listener can use.
  options.max_connections = kMaxAdminConnections;
  options.max_buffered_bytes = kMaxAdminBytes;
  server_ = std::make_unique<HttpServer>(options);
  if (absl::Status bound = server_->Bind(); !bound.ok()) {
    return loaded.origins.Annotate(bound, "admin");
  }
  auto names = AdminNames(loaded);
  if (!names.ok()) return names.status();
  admin_ =
      std::make_unique<Admin>(Admin::Sources{[this] { return Readiness(); },
                                             [this] { return Metrics(); }},
                              *std::move(names));
  server_->Start([this](std::shared_ptr<HttpExchange> exchange) {
    admin_->Handle(exchange);
  });
  address_ = ToString({address->host, server_->port()});
  return absl::OkStatus();
}

void Operations::Apply(const bridge::v1::Config& config) {
  lifecycle.SetOptions(LifecycleOptions(config));
}

void Operations::Stop() {
  if (server_ != nullptr) server_->Stop();
}

std::vector<Admin::Condition> Operations::Readiness() const {
  std::vector<Admin::Condition> conditions;
  // Always true: the bridge listens only after it has loaded a schema, and
  // keeps it if a new one is invalid.
  conditions.push_back({"schema", true, ""});
  std::string away;
  for (const auto& upstream : components_.upstreams) {
    if (upstream->Connected()) continue;
    absl::StrAppend(&away, away.empty() ? "no connection to " : ", ",
                    upstream->address());
  }
  conditions.push_back({"upstream", away.empty(), away});
  conditions.push_back({"draining", !draining_, "the bridge is shutting down"});
  return conditions;
}

std::string Operations::Metrics() const {
  MetricSources sources;
  sources.delivery = components_.delivery;
  sources.lifecycle = &lifecycle;
  sources.upstream_started = &calls.started;
  sources.upstream_ended = &calls.ended;
  sources.upstream_reconnects = &reconnects;
  sources.http_errors = &errors;
  sources.http_rejections = &rejections;
  sources.http2_ended = &http2_ended;
  sources.http2_connections = components_.http2_connections;
  sources.auth_failures = components_.auth_failures;
  if (const Admissions* admissions = components_.admissions) {
    sources.admissions = &admissions->stats().results;
    sources.admission_sessions = [admissions] {
      return admissions->stats().sessions.load();
    };
    sources.leaves_waiting = [admissions] {
      return static_cast<int64_t>(admissions->leaves_waiting());
    };
  }
  sources.multiplexed_streams = [this] {
    size_t streams = 0;
    for (const auto& each : components_.multiplexed) streams += each->streams();
    return static_cast<int64_t>(streams);
  };
  sources.draining = [this] { return draining_.load(); };
  sources.version = SSE_BRIDGE_VERSION;
  return MetricsText(sources);
}

}  // namespace sse_bridge
