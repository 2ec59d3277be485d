#include "bridge/app/upstream_setup.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/read_file.h"
#include "bridge/config/setting_value.h"
#include "bridge/upstream/router.h"

namespace sse_bridge {
namespace {

// The values of a repeated setting "[package.Service=]VALUE", each for all
// backends or for the backend of one service.
class ValuesByService {
 public:
  // Each service must have a backend of its own. `check` returns the reason if
  // a value is invalid, else an empty string.
  static absl::StatusOr<ValuesByService> Read(
      const LoadedConfig& loaded, const char* key,
      const google::protobuf::RepeatedPtrField<std::string>& values,
      const std::vector<UpstreamFlag>& flags,
      const std::function<std::string(const std::string&)>& check) {
    ValuesByService by_service;
    for (int i = 0; i < values.size(); ++i) {
      const auto wrong = [&](absl::string_view why) {
        return loaded.origins.Annotate(absl::InvalidArgumentError(why), key,
                                       static_cast<size_t>(i));
      };
      const auto [service, value] = SplitServiceValue(values[i]);
      if (value.empty()) return wrong("the value is missing");
      if (!service.empty() &&
          std::none_of(flags.begin(), flags.end(),
                       [&service = service](const UpstreamFlag& flag) {
                         return flag.service == service;
                       })) {
        return wrong(
            absl::StrCat("no --upstream=", service, "=ADDRESS is given"));
      }
      if (const std::string why = check(value); !why.empty()) return wrong(why);
      if (!by_service.values_
               .emplace(service, Value{value, static_cast<size_t>(i)})
               .second) {
        return wrong(
            service.empty()
                ? "a value for all backends is already given"
                : absl::StrCat("a value for ", service, " is already given"));
      }
    }
    return by_service;
  }

  struct Value {
    std::string text;
    size_t index;  // in the setting
  };

  // The service's value, or the one for all backends. Null if there is none.
  const Value* Find(const std::string& service) const {
    auto found = values_.find(service);
    if (found == values_.end()) found = values_.find("");
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Value> values_;  // "" is the key for all
};

// Checks a host with an optional port, as in :authority (RFC 9113, 8.3.1).
std::string CheckHost(const std::string& host) {
  const bool good = std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("-._~:[]").find(c) != absl::string_view::npos;
  });
  return good ? "" : "contains a character that is not allowed in a host";
}

std::string AnyFile(const std::string&) { return ""; }

absl::StatusOr<std::vector<UpstreamFlag>> ReadAddresses(
    const LoadedConfig& loaded) {
  if (loaded.config.upstream().empty()) {
    return absl::InvalidArgumentError(
        "--upstream is required (`upstream` in a file): the address of the "
        "gRPC backend, such as --upstream 127.0.0.1:50051; see --help");
  }
  std::vector<std::string> values;
  std::vector<UpstreamFlag> flags;
  for (const std::string& value : loaded.config.upstream()) {
    values.push_back(value);
    // Parse the values up to this one, so that an error names the second of two
    // values for one service.
    auto so_far = ParseUpstreamFlags(values);
    if (!so_far.ok()) {
      return loaded.origins.Annotate(so_far.status(), "upstream",
                                     values.size() - 1);
    }
    flags = *std::move(so_far);
  }
  return flags;
}

// Returns nullopt without `upstream_tls`.
absl::StatusOr<std::optional<GrpcUpstreamTls>> ReadUpstreamTls(
    const LoadedConfig& loaded) {
  constexpr size_t kMaxPemBytes = size_t{4} << 20;
  const bridge::v1::Config& config = loaded.config;
  const auto wrong = [&loaded](const char* key, std::string why) {
    return loaded.origins.Annotate(absl::InvalidArgumentError(why), key);
  };
  if (!config.upstream_cert().empty() && config.upstream_key().empty()) {
    return wrong("upstream_cert", "requires --upstream-key");
  }
  if (!config.upstream_key().empty() && config.upstream_cert().empty()) {
    return wrong("upstream_key", "requires --upstream-cert");
  }
  if (!config.upstream_tls_name().empty() && !config.upstream_tls()) {
    return wrong("upstream_tls_name", "requires --upstream-tls");
  }
  GrpcUpstreamTls tls;
  for (const auto& [key, file, text] :
       {std::tuple("upstream_ca", &config.upstream_ca(),
                   &tls.root_certificates),
        std::tuple("upstream_cert", &config.upstream_cert(), &tls.certificate),
        std::tuple("upstream_key", &config.upstream_key(), &tls.private_key)}) {
    if (file->empty()) continue;
    if (!config.upstream_tls()) return wrong(key, "requires --upstream-tls");
    auto pem = ReadFile(*file, kMaxPemBytes);
    if (!pem.ok()) return loaded.origins.Annotate(pem.status(), key);
    if (!absl::StrContains(*pem, "-----BEGIN ")) {
      return wrong(key, absl::StrCat(*file, ": not a PEM file"));
    }
    *text = *std::move(pem);
  }
  if (!config.upstream_tls()) return std::nullopt;
  return tls;
}

// Options that are common to all backends.
absl::StatusOr<GrpcUpstreamOptions> CommonOptions(const LoadedConfig& loaded) {
  const bridge::v1::Config& config = loaded.config;
  GrpcUpstreamOptions options;
  options.max_message_bytes = static_cast<int>(config.max_message());
  options.max_metadata_bytes = static_cast<int>(config.upstream_max_metadata());
  options.direct = config.upstream_direct();
  options.channels = config.upstream_channels();
  options.streams_per_connection = config.upstream_streams_per_connection();
  options.max_connections = config.upstream_max_connections();
  if (options.channels >= options.max_connections) {
    return loaded.origins.Annotate(
        absl::InvalidArgumentError(absl::StrCat(
            "must be greater than upstream_channels (", options.channels,
            "): unary calls use a separate connection")),
        "upstream_max_connections");
  }
  options.keepalive_time = ToDuration(config.upstream_keepalive());
  options.keepalive_timeout = ToDuration(config.upstream_keepalive_timeout());
  auto tls = ReadUpstreamTls(loaded);
  if (!tls.ok()) return tls.status();
  options.tls = *std::move(tls);
  return options;
}

}  // namespace

absl::StatusOr<UpstreamSetups> ReadUpstreamSettings(
    const LoadedConfig& loaded) {
  const bridge::v1::Config& config = loaded.config;
  const auto flags = ReadAddresses(loaded);
  if (!flags.ok()) return flags.status();
  auto common = CommonOptions(loaded);
  if (!common.ok()) return common.status();
  const auto names =
      ValuesByService::Read(loaded, "upstream_tls_name",
                            config.upstream_tls_name(), *flags, CheckHost);
  if (!names.ok()) return names.status();
  const auto authorities =
      ValuesByService::Read(loaded, "upstream_authority",
                            config.upstream_authority(), *flags, CheckHost);
  if (!authorities.ok()) return authorities.status();
  const auto files =
      ValuesByService::Read(loaded, "upstream_metadata_file",
                            config.upstream_metadata_file(), *flags, AnyFile);
  if (!files.ok()) return files.status();

  UpstreamSetups setups;
  std::map<std::string, std::shared_ptr<CallMetadata>> read;
  for (const UpstreamFlag& flag : *flags) {
    UpstreamSetup setup{flag.service, *common};
    setup.options.address = flag.address;
    if (const auto* name = names->Find(flag.service)) {
      setup.options.tls->name = name->text;
    }
    if (const auto* authority = authorities->Find(flag.service)) {
      setup.options.authority = authority->text;
    }
    if (const auto* file = files->Find(flag.service)) {
      std::shared_ptr<CallMetadata>& metadata = read[file->text];
      if (metadata == nullptr) {
        auto loaded_file = CallMetadata::Load(file->text);
        if (!loaded_file.ok()) {
          return loaded.origins.Annotate(loaded_file.status(),
                                         "upstream_metadata_file", file->index);
        }
        metadata = *std::move(loaded_file);
        setups.metadata_files.push_back(metadata);
      }
      setup.options.metadata = metadata;
    }
    setups.backends.push_back(std::move(setup));
  }
  return setups;
}

void WatchMetadataFiles(const std::vector<std::shared_ptr<CallMetadata>>& files,
                        FileWatcher* watcher) {
  for (const std::shared_ptr<CallMetadata>& file : files) {
    watcher->Watch({file->file()}, [file] {
      if (absl::Status reloaded = file->Reload(); reloaded.ok()) {
        spdlog::info("metadata reloaded from {}", file->file());
      } else {
        spdlog::error(
            "--upstream-metadata-file: reload failed, keeping the current "
            "metadata: {}",
            std::string(reloaded.message()));
      }
    });
  }
}

}  // namespace sse_bridge
