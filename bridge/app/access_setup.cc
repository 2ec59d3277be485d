#include "bridge/app/access_setup.h"

#include <spdlog/spdlog.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/access/secret_text.h"
#include "bridge/base/read_file.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxSecretBytes = 4096;

// Tickets that a user may get at once. A page needs one for each stream, and
// again after an interruption.
constexpr int kTicketBurst = 20;

std::vector<std::string> Values(
    const google::protobuf::RepeatedPtrField<std::string>& field) {
  return {field.begin(), field.end()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessSetup>> AccessSetup::Create(
    const LoadedConfig& loaded, FileWatcher* watcher, Delivery* delivery,
    LabelledCounter* rejections) {
  const bridge::v1::Config& config = loaded.config;
  std::unique_ptr<AccessSetup> setup(new AccessSetup(delivery));
  for (const absl::Status& made :
       {setup->MakeVerifier(loaded, watcher), setup->MakeTickets(loaded),
        setup->MakeDenyList(loaded, watcher),
        setup->MakeRequestFilter(loaded, rejections),
        setup->MakeTls(loaded, watcher)}) {
    if (!made.ok()) return made;
  }
  Authenticator::Parts parts;
  parts.verifier = setup->verifier_.get();
  parts.published_keys = setup->fetcher_.get();
  parts.tickets = setup->tickets_.get();
  parts.ticket_rate = setup->ticket_rate_.get();
  parts.tls = setup->tls();
  parts.denied = &setup->denied_;
  parts.browsers = setup->browsers_.get();
  TokenSourceOptions source;
  source.cookie_name = config.auth_cookie();
  source.query = config.auth_query();
  setup->authenticator_ = std::make_unique<Authenticator>(
      parts, ToDuration(config.auth_leeway()), std::move(source));
  return setup;
}

void AccessSetup::Start() {
  if (fetcher_ != nullptr) fetcher_->Start();
}

HandshakeOptions AccessSetup::handshake() const {
  HandshakeOptions handshake;
  handshake.rate = rate_.get();
  handshake.proxies = proxies_;
  handshake.proxy_protocol = proxy_protocol_;
  if (tls_ != nullptr) handshake.transport = tls_.get();
  return handshake;
}

absl::Status AccessSetup::MakeRequestFilter(const LoadedConfig& loaded,
                                            LabelledCounter* rejections) {
  const bridge::v1::Config& config = loaded.config;
  const auto each = [&loaded](const char* key, const auto& values,
                              const auto& parse) {
    for (int i = 0; i < values.size(); ++i) {
      if (absl::Status parsed = parse(values[i]); !parsed.ok()) {
        return loaded.origins.Annotate(parsed, key, static_cast<size_t>(i));
      }
    }
    return absl::OkStatus();
  };
  for (const absl::Status& parsed :
       {each("trusted_proxy", config.trusted_proxy(),
             [](const std::string& network) {
               return TrustedProxies::Create({network}).status();
             }),
        each("cors_origin", config.cors_origin(),
             [](const std::string& origin) {
               return OriginRules::Create({origin}, {}).status();
             }),
        each("allowed_host", config.allowed_host(),
             [](const std::string& host) {
               return OriginRules::Create({}, {host}).status();
             })}) {
    if (!parsed.ok()) return parsed;
  }
  auto proxies = TrustedProxies::Create(Values(config.trusted_proxy()));
  auto origins = OriginRules::Create(Values(config.cors_origin()),
                                     Values(config.allowed_host()));
  if (!proxies.ok()) return proxies.status();
  if (!origins.ok()) return origins.status();
  proxies_ = *std::move(proxies);
  proxy_protocol_ = config.proxy_protocol();
  if (proxy_protocol_ && config.trusted_proxy().empty()) {
    return loaded.origins.Annotate(
        absl::InvalidArgumentError("requires --trusted-proxy"),
        "proxy_protocol");
  }
  BrowserRules::Options options;
  options.preflight_max_age = ToDuration(config.cors_max_age());
  browsers_ = std::make_unique<BrowserRules>(*std::move(origins), options);
  if (config.connections_per_second() > 0) {
    RateLimiter::Options rate;
    rate.per_second = config.connections_per_second();
    rate.burst = config.connections_burst();
    rate_ = std::make_unique<RateLimiter>(rate);
  }
  request_filter_ = std::make_unique<RequestFilter>(
      proxies_, proxy_protocol_, !config.tls_cert().empty(), rate_.get(),
      browsers_.get(), rejections);
  return absl::OkStatus();
}

absl::Status AccessSetup::MakeTls(const LoadedConfig& loaded,
                                  FileWatcher* watcher) {
  const bridge::v1::Config& config = loaded.config;
  for (const auto& [one, other, key, missing] :
       {std::tuple(&config.tls_cert(), &config.tls_key(), "tls_cert",
                   "requires --tls-key"),
        std::tuple(&config.tls_key(), &config.tls_cert(), "tls_key",
                   "requires --tls-cert"),
        std::tuple(&config.tls_client_ca(), &config.tls_cert(), "tls_client_ca",
                   "requires --tls-cert")}) {
    if (!one->empty() && other->empty()) {
      return loaded.origins.Annotate(absl::InvalidArgumentError(missing), key);
    }
  }
  if (config.tls_cert().empty()) return absl::OkStatus();
  TlsContext::Options options;
  options.cert_file = config.tls_cert();
  options.key_file = config.tls_key();
  options.client_ca_file = config.tls_client_ca();
  options.http2 = config.http2();
  std::vector<std::string> files = {options.cert_file, options.key_file};
  if (!options.client_ca_file.empty()) files.push_back(options.client_ca_file);
  auto tls = TlsContext::Create(std::move(options));
  if (!tls.ok()) return loaded.origins.Annotate(tls.status(), "tls_cert");
  tls_ = *std::move(tls);
  watcher->Watch(std::move(files), [this] {
    // Certificate and key are separate files. If they do not match after the
    // first one has changed, the second change reloads both.
    if (absl::Status reloaded = tls_->Reload(); reloaded.ok()) {
      spdlog::info("TLS certificate reloaded");
    } else {
      spdlog::error(
          "--tls-cert: reload failed, keeping the current certificate: {}",
          std::string(reloaded.message()));
    }
  });
  return absl::OkStatus();
}

absl::Status AccessSetup::MakeVerifier(const LoadedConfig& loaded,
                                       FileWatcher* watcher) {
  const bridge::v1::Config& config = loaded.config;
  if (config.auth_key().empty() && config.auth_jwks_url().empty()) {
    return absl::OkStatus();
  }
  TokenVerifier::Options options;
  options.key_files = Values(config.auth_key());
  options.published_keys = !config.auth_jwks_url().empty();
  options.required_type = config.auth_type();
  options.claims.issuer = config.auth_issuer();
  options.claims.audience = config.auth_audience();
  options.claims.leeway = ToDuration(config.auth_leeway());
  if (config.auth_subject_claim().empty()) {
    return loaded.origins.Annotate(
        absl::InvalidArgumentError("must not be empty"), "auth_subject_claim");
  }
  options.claims.subject_claim = config.auth_subject_claim();
  options.claims.scopes_claim = config.auth_scopes_claim();
  options.claims.roles_claim = config.auth_roles_claim();
  for (const std::string& claim : config.forward_claims()) {
    options.claims.forwarded.push_back(ParseForwardedClaim(claim));
  }
  auto verifier = TokenVerifier::Create(std::move(options));
  if (!verifier.ok())
    return loaded.origins.Annotate(verifier.status(), "auth_key");
  verifier_ = *std::move(verifier);
  if (!config.auth_key().empty()) {
    watcher->Watch(Values(config.auth_key()), [this] {
      const absl::Status reloaded = verifier_->ReloadKeyFiles();
      if (reloaded.ok()) {
        spdlog::info("token keys reloaded");
      } else {
        spdlog::error("--auth-key: reload failed, keeping the current keys: {}",
                      std::string(reloaded.message()));
      }
    });
  }
  if (config.auth_jwks_url().empty()) return absl::OkStatus();
  JwksFetcher::Options fetching;
  fetching.url = config.auth_jwks_url();
  fetching.ca_file = config.auth_jwks_ca();
  fetching.refresh = ToDuration(config.auth_jwks_refresh());
  auto fetcher = JwksFetcher::Create(std::move(fetching), [this](KeySet keys) {
    verifier_->SetPublishedKeys(std::move(keys));
  });
  if (!fetcher.ok())
    return loaded.origins.Annotate(fetcher.status(), "auth_jwks_url");
  fetcher_ = *std::move(fetcher);
  return absl::OkStatus();
}

absl::Status AccessSetup::MakeTickets(const LoadedConfig& loaded) {
  const bridge::v1::Config& config = loaded.config;
  if (ToDuration(config.ticket_lifetime()) == absl::ZeroDuration())
    return absl::OkStatus();
  std::string secret;
  if (!config.ticket_key().empty()) {
    auto text = ReadFile(config.ticket_key(), kMaxSecretBytes);
    if (!text.ok()) return loaded.origins.Annotate(text.status(), "ticket_key");
    auto of = SecretOf(*text);
    if (!of.ok()) {
      return loaded.origins.Annotate(
          absl::InvalidArgumentError(
              absl::StrCat(config.ticket_key(), ": ", of.status().message())),
          "ticket_key");
    }
    secret = *std::move(of);
  }
  TicketBox::Options options;
  options.lifetime = ToDuration(config.ticket_lifetime());
  options.max_per_subject = static_cast<int>(config.max_tickets_per_subject());
  auto tickets = TicketBox::Create(secret, options);
  if (!tickets.ok())
    return loaded.origins.Annotate(tickets.status(), "ticket_key");
  tickets_ = *std::move(tickets);
  if (config.tickets_per_second() > 0) {
    RateLimiter::Options rate;
    rate.per_second = config.tickets_per_second();
    rate.burst = kTicketBurst;
    ticket_rate_ = std::make_unique<RateLimiter>(rate);
  }
  return absl::OkStatus();
}

absl::Status AccessSetup::MakeDenyList(const LoadedConfig& loaded,
                                       FileWatcher* watcher) {
  const bridge::v1::Config& config = loaded.config;
  if (config.auth_deny_list().empty()) return absl::OkStatus();
  if (absl::Status read = denied_.Load(config.auth_deny_list()); !read.ok()) {
    return loaded.origins.Annotate(read, "auth_deny_list");
  }
  watcher->Watch(
      {config.auth_deny_list()}, [this, file = config.auth_deny_list()] {
        if (absl::Status read = denied_.Load(file); !read.ok()) {
          spdlog::error(
              "--auth-deny-list: reload failed, keeping the current list: {}",
              std::string(read.message()));
          return;
        }
        spdlog::info("deny list reloaded: {} entries", denied_.size());
        open_streams_.EndDenied();
      });
  return absl::OkStatus();
}

}  // namespace sse_bridge
