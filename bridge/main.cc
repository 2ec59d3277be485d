// sse-bridge: wires the rooms together. What each does is in its own folder.

#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/connection_limits.h"
#include "bridge/access/token_verifier.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/http/api.h"
#include "bridge/http/authenticator.h"
#include "bridge/http/server.h"
#include "bridge/ops/descriptor_limit.h"
#include "bridge/ops/settings.h"
#include "bridge/schema/builtin.h"
#include "bridge/schema/schema.h"
#include "bridge/transcode/transcode_tool.h"
#include "bridge/upstream/grpc_upstream.h"
#include "bridge/upstream/reflection.h"
#include "bridge/upstream/router.h"
#include "bridge/web/web_files.h"

namespace sse_bridge {
namespace {

// How long --reflect waits for a backend to come up.
constexpr absl::Duration kReflectionPatience = absl::Seconds(30);

constexpr int kExitBadUsage = 2;

absl::StatusOr<SchemaSource> ReadSource(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf())) {
    return absl::NotFoundError(
        absl::StrCat("--descriptor-set: cannot read ", path));
  }
  return SchemaSource{path, bytes.str()};
}

absl::StatusOr<std::vector<SchemaSource>> ReadSources(
    const Settings& settings, const UpstreamRouter& upstreams) {
  std::vector<SchemaSource> sources;
  for (const std::string& path : settings.descriptor_sets) {
    auto source = ReadSource(path);
    if (!source.ok()) return source.status();
    sources.push_back(*std::move(source));
  }
  if (settings.reflect) {
    for (const auto& [service, upstream] : upstreams.upstreams()) {
      auto set = FetchSchema(upstream.get(), kReflectionPatience);
      if (!set.ok()) return set.status();
      sources.push_back({absl::StrCat("reflection of ", upstream->address()),
                         set->SerializeAsString()});
    }
  }
  if (sources.empty()) sources.push_back(BuiltinSource());
  return sources;
}

absl::StatusOr<std::shared_ptr<const ServedSchema>> LoadSchema(
    const Settings& settings, const UpstreamRouter& upstreams) {
  auto sources = ReadSources(settings, upstreams);
  if (!sources.ok()) return sources.status();
  LoadOptions options;
  options.default_routes = settings.default_routes;
  auto schema = Schema::Load(*sources, options);
  if (!schema.ok()) return schema.status();
  return ServedSchema::Create(*std::move(schema));
}

absl::StatusOr<UpstreamRouter> MakeUpstreams(const Settings& settings) {
  if (settings.upstreams.empty()) {
    return absl::InvalidArgumentError("--upstream: say where the backend is");
  }
  auto flags = ParseUpstreamFlags(settings.upstreams);
  if (!flags.ok()) return flags.status();
  UpstreamRouter router;
  for (const UpstreamFlag& flag : *flags) {
    GrpcUpstreamOptions options;
    options.address = flag.address;
    options.max_message_bytes = static_cast<int>(settings.max_message_bytes);
    options.channels = settings.upstream_channels;
    auto upstream = GrpcUpstream::Create(options);
    if (!upstream.ok()) return upstream.status();
    absl::Status added = router.Add(flag.service, *std::move(upstream));
    if (!added.ok()) return added;
  }
  return router;
}

absl::StatusOr<std::unique_ptr<TokenVerifier>> MakeVerifier(
    const Settings& settings) {
  if (settings.auth_keys.empty()) {
    spdlog::warn("no --auth-key: protected routes answer 401");
    return nullptr;
  }
  TokenVerifier::Options options;
  options.key_files = settings.auth_keys;
  options.claims.issuer = settings.auth_issuer;
  options.claims.audience = settings.auth_audience;
  options.claims.leeway = settings.auth_leeway;
  return TokenVerifier::Create(std::move(options));
}

// Waits for SIGTERM or SIGINT, and lets SIGHUP read the schema again.
void ServeUntilSignal(const sigset_t& signals, const Settings& settings,
                      const UpstreamRouter& upstreams, Api* api) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return;
    auto served = LoadSchema(settings, upstreams);
    if (!served.ok()) {
      spdlog::error("SIGHUP: the schema stays as it is: {}",
                    std::string(served.status().message()));
      continue;
    }
    api->Replace(*std::move(served));
    spdlog::info("SIGHUP: the schema was read again");
  }
}

absl::Status Run(const Settings& settings, const sigset_t& signals) {
  const size_t descriptors = RaiseDescriptorLimit();

  auto upstreams = MakeUpstreams(settings);
  if (!upstreams.ok()) return upstreams.status();
  auto verifier = MakeVerifier(settings);
  if (!verifier.ok()) return verifier.status();
  auto served = LoadSchema(settings, *upstreams);
  if (!served.ok()) return served.status();

  Delivery::Options delivery_options;
  delivery_options.threads = settings.delivery_threads;
  delivery_options.flush_window = settings.flush_window;
  delivery_options.queue_limit_bytes = settings.queue_bytes;
  // Destroyed in the reverse order: feeds publish to delivery, the API uses
  // all.
  ConnectionLimits::Options limit_options;
  limit_options.per_subject =
      static_cast<int>(settings.max_streams_per_subject);
  limit_options.per_address =
      static_cast<int>(settings.max_streams_per_address);
  limit_options.total = static_cast<int>(
      settings.max_streams > 0 ? settings.max_streams
                               : descriptors - kReservedDescriptors);
  ConnectionLimits limits(limit_options);
  Delivery delivery(delivery_options);
  if (absl::Status started = delivery.Start(); !started.ok()) return started;

  std::unique_ptr<Api> api;
  FeedContext context;
  context.delivery = &delivery;
  context.status_json = [&api](const absl::Status& status) {
    return api->served()->StatusJson(status);
  };
  FeedRegistry registry(&context);
  StreamOpener::Options opener_options;
  opener_options.replay = {settings.replay_events, settings.replay_bytes,
                           settings.replay_age};
  opener_options.linger = settings.linger;
  opener_options.give_up_after = settings.upstream_give_up;
  StreamOpener opener(&context, &*upstreams, &registry, opener_options);
  TokenSourceOptions token_source;
  token_source.cookie_name = settings.auth_cookie;
  Authenticator authenticator(verifier->get(), settings.auth_leeway,
                              token_source);
  Api::Options api_options;
  api_options.request_timeout = settings.request_timeout;
  api_options.keep_alive = settings.keep_alive;
  api_options.keep_alive_overrides = settings.keep_alive_overrides;
  api_options.retry = settings.retry;
  api_options.open_grace = settings.open_grace;
  const Pages pages(WebFiles());
  api = std::make_unique<Api>(
      Api::Parts{&delivery, &*upstreams, &limits, &authenticator, &opener,
                 settings.pages ? &pages : nullptr},
      api_options, *std::move(served));

  HttpServer::Options http_options;
  http_options.host = settings.host;
  http_options.port = settings.port;
  http_options.reuse_port = settings.reuse_port;
  http_options.workers = settings.workers;
  http_options.framing.max_head_bytes = settings.max_head_bytes;
  http_options.framing.max_body_bytes = settings.max_body_bytes;
  http_options.head_timeout = settings.head_timeout;
  http_options.body_timeout = settings.body_timeout;
  HttpServer server(http_options);
  if (absl::Status bound = server.Bind(); !bound.ok()) return bound;
  server.Start([&api](std::shared_ptr<Exchange> exchange) {
    api->Handle(std::move(exchange));
  });
  spdlog::info("{} descriptors, {} delivery threads", descriptors,
               delivery.threads());
  const bool v6 = settings.host.find(':') != std::string::npos;
  std::printf("listening on http://%s%s%s:%d\n", v6 ? "[" : "",
              settings.host.c_str(), v6 ? "]" : "", server.port());
  std::fflush(stdout);

  ServeUntilSignal(signals, settings, *upstreams, api.get());

  spdlog::info("draining for up to {}",
               absl::FormatDuration(settings.drain_timeout));
  api->StartDraining();
  server.StopAccepting();
  // A second signal ends at once.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  delivery.CloseAll(settings.drain_timeout, nullptr);
  delivery.WaitUntilEmpty(absl::Now() + settings.drain_timeout +
                          absl::Seconds(3));
  registry.StopAll(absl::UnavailableError("the bridge is shutting down"));
  server.Stop();
  delivery.Stop();
  spdlog::info("drained");
  // gRPC's threads may still be on their way through callbacks that use all of
  // this, and nothing is left that an orderly destruction would save.
  spdlog::shutdown();
  std::fflush(nullptr);
  _exit(0);
}

// The command `transcode`: shows what the streams would make of messages.
int Transcode(const Settings& settings) {
  std::vector<SchemaSource> sources;
  for (const std::string& path : settings.descriptor_sets) {
    auto source = ReadSource(path);
    if (!source.ok()) {
      std::cerr << "sse-bridge: " << source.status().message() << "\n";
      return kExitBadUsage;
    }
    sources.push_back(*std::move(source));
  }
  if (sources.empty()) sources.push_back(BuiltinSource());
  auto merged = MergeDescriptors(sources);
  if (!merged.ok()) {
    std::cerr << "sse-bridge: " << merged.status().message() << "\n";
    return kExitBadUsage;
  }
  JsonOptions options;
  options.preserve_proto_field_names = settings.preserve_names;
  options.always_print_fields_with_no_presence = settings.always_print;
  std::ios::sync_with_stdio(false);
  return RunTranscodeTool(merged->pool.get(), options, settings.fast_only,
                          std::cin, std::cout);
}

int Main(int argc, char** argv) {
  // Logs go to stderr: stdout says where the bridge listens, and no more.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("sse-bridge"));
  std::vector<std::string> positional;
  auto settings = SettingsFromCommandLine(argc, argv, &positional);
  if (!settings.ok()) {
    std::cerr << "sse-bridge: " << settings.status().message() << "\n";
    return kExitBadUsage;
  }
  spdlog::set_level(spdlog::level::from_str(settings->log_level));
  if (!positional.empty()) {
    if (positional[0] == "transcode" && positional.size() == 1) {
      return Transcode(*settings);
    }
    std::cerr << "sse-bridge: unknown command '" << positional[0] << "'\n";
    return kExitBadUsage;
  }

  // Before any thread starts, so that all of them leave the signals to us.
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const absl::Status status = Run(*settings, signals);
  if (status.ok()) return 0;
  std::cerr << "sse-bridge: " << status.message() << "\n";
  return status.code() == absl::StatusCode::kInvalidArgument ||
                 status.code() == absl::StatusCode::kNotFound
             ? kExitBadUsage
             : 1;
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) { return sse_bridge::Main(argc, argv); }
