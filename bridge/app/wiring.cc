#include "bridge/app/wiring.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/redis_limits.h"
#include "bridge/access/token_claims.h"
#include "bridge/app/upstream_setup.h"
#include "bridge/base/read_file.h"
#include "bridge/ops/descriptor_limit.h"
#include "bridge/redis/redis_address.h"
#include "bridge/schema/builtin.h"
#include "bridge/schema/schema.h"
#include "bridge/schema/schema_image.h"
#include "bridge/schema/service_config.h"
#include "bridge/upstream/grpc/connection_probe.h"
#include "bridge/upstream/limited_upstream.h"
#include "bridge/upstream/multiplexer/multiplexed_upstream.h"
#include "bridge/upstream/reflection/reflection.h"

namespace sse_bridge {
namespace {

// How long --reflect waits for a backend to become reachable.
constexpr absl::Duration kReflectionPatience = absl::Seconds(30);

// When it is first logged that this takes long, and how often then.
constexpr absl::Duration kReflectionQuiet = absl::Milliseconds(600);
constexpr absl::Duration kBetweenReports = absl::Seconds(5);

// How long to wait for the reason of a failed connection.
constexpr absl::Duration kReasonWait = absl::Milliseconds(200);

DefaultAccess DefaultAccessOf(const bridge::v1::Config& config) {
  switch (config.default_access()) {
    case bridge::v1::DEFAULT_ACCESS_PUBLIC:
      return DefaultAccess::kPublic;
    case bridge::v1::DEFAULT_ACCESS_AUTHENTICATED:
      return DefaultAccess::kAuthenticated;
    case bridge::v1::DEFAULT_ACCESS_DENIED:
      return DefaultAccess::kDenied;
    default:
      return config.auth_key().empty() && config.auth_jwks_url().empty()
                 ? DefaultAccess::kPublic
                 : DefaultAccess::kAuthenticated;
  }
}

CallTimers TimersOf(Delivery* delivery) {
  return {[delivery] { return absl::Nanoseconds(delivery->MonotonicNanos()); },
          [delivery](absl::Duration delay, std::function<void()> task) {
            return delivery->RunAfter(delay, std::move(task));
          },
          [delivery](uint64_t timer) { delivery->Cancel(timer); }};
}

absl::StatusOr<std::shared_ptr<const ServiceConfig>> ReadServiceConfig(
    const std::string& path) {
  auto text = ReadFile(path, kMaxServiceConfigBytes);
  if (!text.ok()) return text.status();
  return ServiceConfig::Parse(path, *text);
}

bool StopIsPending() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 ||
         sigismember(&pending, SIGTERM) == 1;
}

// FetchSchema, with lines in the log when it takes long. `connection` is the
// upstream's.
absl::StatusOr<ReflectedSchema> FetchReported(Upstream* upstream,
                                              GrpcUpstream& connection) {
  const std::string address(upstream->address());
  absl::Duration next_report = kReflectionQuiet;
  return FetchSchema(
      upstream, kReflectionPatience, [&](const ReflectionProgress& progress) {
        if (StopIsPending()) return false;
        if (progress.waited < next_report) return true;
        next_report = progress.waited + kBetweenReports;
        if (progress.answered) {
          spdlog::info("--reflect: reading the schema of {}: {} files so far",
                       address, progress.files);
          return true;
        }
        std::string why = "connected, but no answer";
        if (!connection.Connected()) {
          why = ConnectionProbe::Start(connection.options())
                    ->WhyNotConnected(kReasonWait);
        }
        spdlog::warn(
            "--reflect: no schema from {} (--upstream) yet: {}. "
            "The bridge tries for {:.0f} s; Ctrl-C stops it",
            address, why, absl::ToDoubleSeconds(kReflectionPatience));
        return true;
      });
}

}  // namespace

absl::StatusOr<SchemaSource> ReadDescriptorSet(const std::string& path) {
  auto bytes = ReadFile(path, kMaxSetBytes);
  if (!bytes.ok()) return bytes.status();
  auto set = ReadSchemaImage(path, *std::move(bytes));
  if (!set.ok()) return set.status();
  return SchemaSource{path, *std::move(set)};
}

absl::StatusOr<Upstreams> MakeUpstreams(const LoadedConfig& loaded,
                                        Delivery* delivery,
                                        CallCounts* counts) {
  const bridge::v1::Config& config = loaded.config;
  auto setups = ReadUpstreamSettings(loaded);
  if (!setups.ok()) return setups.status();
  Upstreams upstreams;
  upstreams.metadata_files = std::move(setups->metadata_files);
  for (size_t index = 0; index < setups->backends.size(); ++index) {
    const auto& [service, options] = setups->backends[index];
    auto created = GrpcUpstream::Create(options);
    absl::Status status = created.status();
    if (status.ok()) {
      std::shared_ptr<GrpcUpstream> connection = *std::move(created);
      upstreams.connections.push_back(connection);
      std::shared_ptr<Upstream> called = connection;
      if (auto multiplexed =
              Multiplexed(std::move(connection), options, TimersOf(delivery))) {
        upstreams.multiplexed.push_back(multiplexed);
        called = std::move(multiplexed);
      }
      if (counts != nullptr) {
        called = std::make_shared<CountedUpstream>(std::move(called), counts);
      }
      if (config.max_streams_per_upstream() > 0) {
        called = std::make_shared<LimitedUpstream>(
            std::move(called),
            static_cast<int>(config.max_streams_per_upstream()),
            [delivery](std::function<void()> task) {
              delivery->RunAfter(absl::ZeroDuration(), std::move(task));
            });
      }
      status = upstreams.router.Add(service, std::move(called));
    }
    if (!status.ok()) {
      return loaded.origins.Annotate(status, "upstream", index);
    }
  }
  return upstreams;
}

absl::StatusOr<std::unique_ptr<const MetadataRules>> MakeMetadataRules(
    const LoadedConfig& loaded) {
  const bridge::v1::Config& config = loaded.config;
  // Check each value on its own first, so that errors name its origin.
  const auto check = [&loaded](const char* key, const auto& values,
                               const auto& good) {
    for (int i = 0; i < values.size(); ++i) {
      if (absl::Status status = good(values[i]); !status.ok()) {
        return loaded.origins.Annotate(status, key, static_cast<size_t>(i));
      }
    }
    return absl::OkStatus();
  };
  ForwardedMetadata::Options options;
  for (const std::string& claim : config.forward_claims()) {
    options.claim_names.push_back(ParseForwardedClaim(claim).metadata);
  }
  for (const absl::Status& checked :
       {check("forward_claims", config.forward_claims(),
              [](const std::string& text) {
                const ForwardedClaim claim = ParseForwardedClaim(text);
                if (claim.claim.empty()) {
                  return absl::InvalidArgumentError("expected CLAIM=NAME");
                }
                return ForwardedMetadata::CheckClaimName(claim.metadata);
              }),
        check("forward_headers", config.forward_headers(),
              [&options](const std::string& name) {
                ForwardedMetadata::Options one;
                one.headers = {name};
                one.claim_names = options.claim_names;
                return ForwardedMetadata::Create(std::move(one)).status();
              }),
        check("expose_metadata", config.expose_metadata(),
              [](const std::string& name) {
                return ExposedMetadata::CheckName(name);
              })}) {
    if (!checked.ok()) return checked;
  }
  options.headers = {config.forward_headers().begin(),
                     config.forward_headers().end()};
  options.client_address = config.forward_client_address();
  auto forwarded = ForwardedMetadata::Create(std::move(options));
  if (!forwarded.ok()) return forwarded.status();
  auto exposed = ExposedMetadata::Create(
      {config.expose_metadata().begin(), config.expose_metadata().end()});
  if (!exposed.ok()) return exposed.status();
  return std::make_unique<const MetadataRules>(
      MetadataRules{*std::move(forwarded), *std::move(exposed)});
}

ConnectionLimits::Options LimitOptions(const bridge::v1::Config& config,
                                       size_t descriptors) {
  ConnectionLimits::Options options;
  options.per_subject = static_cast<int>(config.max_streams_per_subject());
  options.per_address = static_cast<int>(config.max_streams_per_address());
  options.total = static_cast<int>(config.max_streams() > 0
                                       ? config.max_streams()
                                       : StreamDescriptors(descriptors));
  return options;
}

ConnectionLimits::Options CallLimitOptions(const bridge::v1::Config& config) {
  ConnectionLimits::Options options;
  options.per_subject = static_cast<int>(config.max_calls_per_subject());
  options.per_address = static_cast<int>(config.max_calls_per_address());
  return options;
}

absl::StatusOr<std::unique_ptr<SharedLimits>> MakeSharedLimits(
    const LoadedConfig& loaded) {
  const std::string& server = loaded.config.limits_redis();
  if (server.empty()) return nullptr;
  auto address = ParseRedisAddress(server);
  if (!address.ok()) {
    return loaded.origins.Annotate(address.status(), "limits_redis");
  }
  return std::make_unique<RedisLimits>(*address);
}

absl::StatusOr<std::shared_ptr<const ServedSchema>> LoadSchema(
    const LoadedConfig& loaded, const Upstreams& upstreams) {
  const bridge::v1::Config& config = loaded.config;
  std::vector<SchemaSource> sources;
  for (const std::string& path : config.descriptor_set()) {
    auto source = ReadDescriptorSet(path);
    if (!source.ok()) {
      return loaded.origins.Annotate(source.status(), "descriptor_set",
                                     sources.size());
    }
    sources.push_back(*std::move(source));
  }
  if (config.reflect()) {
    const auto backends = upstreams.router.upstreams();
    for (size_t i = 0; i < backends.size(); ++i) {
      const auto& [service, upstream] = backends[i];
      auto fetched = FetchReported(upstream.get(), *upstreams.connections[i]);
      if (!fetched.ok()) return fetched.status();
      SchemaSource source;
      source.name = absl::StrCat("reflection of ", upstream->address());
      source.bytes = fetched->files.SerializeAsString();
      source.lenient = true;
      source.warnings = std::move(fetched->warnings);
      // Each service is described only by the backend that serves it.
      if (!service.empty()) {
        source.only.push_back(service);
      } else {
        for (const auto& [other, its_upstream] : backends) {
          if (!other.empty()) source.except.push_back(other);
        }
      }
      sources.push_back(std::move(source));
    }
  }
  if (sources.empty()) sources.push_back(BuiltinSource());
  LoadOptions options;
  options.default_routes = config.default_routes() || config.reflect();
  options.default_access = DefaultAccessOf(config);
  options.serve = {config.serve().begin(), config.serve().end()};
  options.hide = {config.hide().begin(), config.hide().end()};
  options.strict = config.strict();
  for (const std::string& path : config.service_config()) {
    auto parsed = ReadServiceConfig(path);
    if (!parsed.ok()) {
      return loaded.origins.Annotate(parsed.status(), "service_config",
                                     options.service_configs.size());
    }
    options.service_configs.push_back(*std::move(parsed));
  }
  auto schema = Schema::Load(std::move(sources), options);
  if (!schema.ok()) return schema.status();
  if (absl::Status any = (*schema)->CheckServesAnything(); !any.ok()) {
    return any;
  }
  auto ignored = NamePatterns::Create({config.ignore_query_params().begin(),
                                       config.ignore_query_params().end()});
  if (!ignored.ok()) {
    return loaded.origins.Annotate(ignored.status(), "ignore_query_params");
  }
  return ServedSchema::Create(*std::move(schema), {*std::move(ignored)});
}

}  // namespace sse_bridge
