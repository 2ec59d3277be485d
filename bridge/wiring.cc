#include "bridge/wiring.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/redis_limits.h"
#include "bridge/ops/setting_value.h"
#include "bridge/redis/redis_address.h"
#include "bridge/schema/builtin.h"
#include "bridge/schema/schema.h"
#include "bridge/upstream/reflection.h"

namespace sse_bridge {
namespace {

// How long --reflect waits for a backend to come up.
constexpr absl::Duration kReflectionPatience = absl::Seconds(30);

}  // namespace

absl::StatusOr<SchemaSource> ReadDescriptorSet(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf())) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  return SchemaSource{path, bytes.str()};
}

absl::StatusOr<Upstreams> MakeUpstreams(const LoadedConfig& loaded,
                                        CallCounts* counts) {
  const bridge::v1::Config& config = loaded.config;
  if (config.upstream().empty()) {
    return absl::InvalidArgumentError(
        "--upstream: say where the backend is (`upstream` in a file)");
  }
  Upstreams upstreams;
  std::vector<std::string> values;
  for (const std::string& value : config.upstream()) {
    const size_t index = values.size();
    values.push_back(value);
    // All so far, so that the second of one service is the one that is named.
    auto flags = ParseUpstreamFlags(values);
    if (!flags.ok()) {
      return loaded.origins.Annotate(flags.status(), "upstream", index);
    }
    GrpcUpstreamOptions options;
    options.address = flags->back().address;
    options.max_message_bytes = static_cast<int>(config.max_message());
    options.channels = config.upstream_channels();
    auto upstream = GrpcUpstream::Create(options);
    absl::Status status = upstream.status();
    if (status.ok()) {
      std::shared_ptr<GrpcUpstream> connection = *std::move(upstream);
      upstreams.connections.push_back(connection);
      std::shared_ptr<Upstream> called = std::move(connection);
      if (counts != nullptr) {
        called = std::make_shared<CountedUpstream>(std::move(called), counts);
      }
      status = upstreams.router.Add(flags->back().service, std::move(called));
    }
    if (!status.ok()) {
      return loaded.origins.Annotate(status, "upstream", index);
    }
  }
  return upstreams;
}

absl::StatusOr<std::unique_ptr<TokenVerifier>> MakeVerifier(
    const LoadedConfig& loaded) {
  const bridge::v1::Config& config = loaded.config;
  if (config.auth_key().empty()) return nullptr;
  TokenVerifier::Options options;
  options.key_files = {config.auth_key().begin(), config.auth_key().end()};
  options.claims.issuer = config.auth_issuer();
  options.claims.audience = config.auth_audience();
  options.claims.leeway = ToDuration(config.auth_leeway());
  auto verifier = TokenVerifier::Create(std::move(options));
  if (verifier.ok()) return verifier;
  return loaded.origins.Annotate(verifier.status(), "auth_key");
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
    const LoadedConfig& loaded, const UpstreamRouter& upstreams) {
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
    for (const auto& [service, upstream] : upstreams.upstreams()) {
      auto set = FetchSchema(upstream.get(), kReflectionPatience);
      if (!set.ok()) return set.status();
      sources.push_back({absl::StrCat("reflection of ", upstream->address()),
                         set->SerializeAsString()});
    }
  }
  if (sources.empty()) sources.push_back(BuiltinSource());
  LoadOptions options;
  options.default_routes = config.default_routes() || config.reflect();
  auto schema = Schema::Load(sources, options);
  if (!schema.ok()) return schema.status();
  return ServedSchema::Create(*std::move(schema));
}

}  // namespace sse_bridge
