// realtime-backends: the five example services in one program.

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/channels/channels_service.h"
#include "backends/channels/memory_sessions.h"
#include "backends/channels/redis_sessions.h"
#include "backends/channels/sessions.h"
#include "backends/command_line.h"
#include "backends/event_log/event_log.h"
#include "backends/metrics/call_meter.h"
#include "backends/metrics/metrics_service.h"
#include "backends/notifications/notifications_service.h"
#include "backends/prices/market.h"
#include "backends/prices/prices_service.h"
#include "backends/stream/multiplexer_service.h"
#include "backends/tasks/tasks_service.h"
#include "bridge/base/host_port.h"
#include "bridge/base/read_file.h"
#include "bridge/redis/redis_address.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:50051",
          "gRPC listening address, HOST:PORT; port 0 selects a free port");
ABSL_FLAG(std::string, store, "sqlite:realtime.db",
          "event store: sqlite:PATH, sqlite::memory:, or "
          "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], which several backends "
          "can share");
ABSL_FLAG(bool, simulate_market, true,
          "simulate prices of AAPL, AMZN, GOOG, MSFT and NVDA");
ABSL_FLAG(absl::Duration, market_interval, absl::Seconds(1),
          "interval of simulated price changes (1ms-1h)");
ABSL_FLAG(
    absl::Duration, presence_grace, absl::Seconds(2),
    "how long users stay in a channel after their last stream ends (0-1h)");
ABSL_FLAG(
    absl::Duration, presence_lease, absl::Seconds(10),
    "how long users stay in a channel without a renewal, if the caller of "
    "Join does not say (1s-10m)");
ABSL_FLAG(int64_t, history_max_events, 10'000,
          "maximum number of events kept per user, task and channel");
ABSL_FLAG(absl::Duration, history_max_age, absl::Hours(24 * 30),
          "maximum age of these events");
ABSL_FLAG(std::string, tls_cert, "",
          "PEM file with the TLS certificate (default: no TLS)");
ABSL_FLAG(std::string, tls_key, "",
          "PEM file with the certificate's private key");
ABSL_FLAG(std::string, tls_client_ca, "",
          "PEM file with the CA certificates that must have issued the "
          "bridges' client certificates (default: no client certificates)");
ABSL_FLAG(bool, multiplex, true,
          "let bridges carry notifications and tasks in one call each");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(5),
          "how long running calls may take to finish after SIGTERM");

namespace sse_bridge {
namespace {

constexpr int kExitBadUsage = 2;

// Maximum size of a certificate or key file.
constexpr size_t kMaxPemBytes = size_t{4} << 20;

// Bridges ping quiet connections, which gRPC by default treats as an attack.
constexpr int kMinPingIntervalMs = 10'000;

// Interval of the store's health checks.
constexpr timespec kHealthInterval = {0, 250'000'000};

// Names for the health service: services with live values, and services that
// need the store.
constexpr const char* kLiveServices[] = {
    realtime::v1::Prices::service_full_name(),
    realtime::v1::Metrics::service_full_name()};
constexpr const char* kStoredServices[] = {
    realtime::v1::Notifications::service_full_name(),
    realtime::v1::Tasks::service_full_name(),
    realtime::v1::Channels::service_full_name()};

int Fail(const std::string& message) {
  std::cerr << "realtime-backends: " << message << "\n";
  return kExitBadUsage;
}

// Runs until SIGTERM or SIGINT. Services that need the store report SERVING
// while it is available.
void ReportHealthUntilSignal(const sigset_t& signals, const EventLog* log,
                             grpc::HealthCheckServiceInterface* health) {
  bool known = false, available = false;
  while (true) {
    if (!known || log->available() != available) {
      known = true;
      available = log->available();
      for (const char* name : kStoredServices) {
        health->SetServingStatus(name, available);
      }
    }
    if (sigtimedwait(&signals, nullptr, &kHealthInterval) > 0) return;
  }
}

// Loads --tls-cert, --tls-key and --tls-client-ca. Prints an error and returns
// null if they are invalid.
std::shared_ptr<grpc::ServerCredentials> Credentials() {
  const auto read = [](const std::string& file, std::string* text) {
    auto pem = ReadFile(file, kMaxPemBytes);
    if (!pem.ok() || pem->empty()) {
      Fail(pem.ok() ? absl::StrCat(file, ": is empty")
                    : std::string(pem.status().message()));
      return false;
    }
    *text = *std::move(pem);
    return true;
  };
  const std::string cert = absl::GetFlag(FLAGS_tls_cert);
  const std::string key = absl::GetFlag(FLAGS_tls_key);
  const std::string client_ca = absl::GetFlag(FLAGS_tls_client_ca);
  if (cert.empty() && key.empty() && client_ca.empty()) {
    return grpc::InsecureServerCredentials();
  }
  if (cert.empty() || key.empty()) {
    Fail("--tls-cert and --tls-key must be used together");
    return nullptr;
  }
  grpc::SslServerCredentialsOptions options;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  if (!read(cert, &pair.cert_chain) || !read(key, &pair.private_key)) {
    return nullptr;
  }
  options.pem_key_cert_pairs.push_back(pair);
  if (!client_ca.empty()) {
    if (!read(client_ca, &options.pem_root_certs)) return nullptr;
    options.client_certificate_request =
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

int Main(int argc, char** argv) {
  if (const auto exit_code = ParseFlags(argc, argv)) return *exit_code;
  const absl::Duration interval = absl::GetFlag(FLAGS_market_interval);
  if (interval < absl::Milliseconds(1) || interval > absl::Hours(1)) {
    return Fail("--market-interval: must be from 1ms to 1h");
  }
  const absl::Duration grace = absl::GetFlag(FLAGS_presence_grace);
  if (grace < absl::ZeroDuration() || grace > absl::Hours(1)) {
    return Fail("--presence-grace: must be from 0 to 1h");
  }
  const absl::Duration lease = absl::GetFlag(FLAGS_presence_lease);
  if (lease < absl::Seconds(1) || lease > absl::Minutes(10)) {
    return Fail("--presence-lease: must be from 1s to 10m");
  }
  EventLog::Limits limits;
  if (absl::GetFlag(FLAGS_history_max_events) < 1) {
    return Fail("--history-max-events: must be at least 1");
  }
  limits.max_events_per_topic =
      static_cast<size_t>(absl::GetFlag(FLAGS_history_max_events));
  limits.max_age = absl::GetFlag(FLAGS_history_max_age);
  if (limits.max_age <= absl::ZeroDuration()) {
    return Fail("--history-max-age: must be positive");
  }
  const std::string listen = absl::GetFlag(FLAGS_listen);
  auto address = ParseHostPort(listen);
  if (!address.ok()) {
    return Fail(absl::StrCat("--listen: ", address.status().message()));
  }

  // Block signals before any thread starts, so that only this thread handles
  // them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // If a file cannot grow, the write must fail instead of ending the program.
  signal(SIGXFSZ, SIG_IGN);

  const std::string store = absl::GetFlag(FLAGS_store);
  auto log = OpenEventLog(store, limits);
  if (!log.ok()) {
    return Fail(absl::StrCat("--store: ", log.status().message()));
  }
  const auto redis = ParseRedisAddress(store);
  std::unique_ptr<Sessions> sessions;
  if (redis.ok()) {
    sessions = std::make_unique<RedisSessions>(*redis);
  } else {
    sessions = std::make_unique<MemorySessions>();
  }
  CallMeter meter;
  PricesService prices(redis.ok() ? log->get() : nullptr);
  NotificationsService notifications(log->get());
  TasksService tasks(log->get());
  ChannelsService channels(log->get(), sessions.get(), grace, lease);
  MetricsService metrics(&meter);

  // The streams that differ for each user.
  MultiplexerService multiplexer;
  multiplexer.Add("/realtime.v1.Notifications/StreamNotifications",
                  &notifications, &NotificationsService::StreamNotifications);
  multiplexer.Add("/realtime.v1.Tasks/StreamProgress", &tasks,
                  &TasksService::StreamProgress);
  multiplexer.set_began(MakeCallMeterHook(&meter));

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  const auto credentials = Credentials();
  if (credentials == nullptr) return kExitBadUsage;
  builder.AddListeningPort(listen, credentials, &address->port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kMinPingIntervalMs);
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{
           &prices, &notifications, &tasks, &channels, &metrics}) {
    builder.RegisterService(service);
  }
  if (absl::GetFlag(FLAGS_multiplex)) builder.RegisterService(&multiplexer);
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(MakeCallMeterInterceptor(&meter));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || address->port == 0) {
    return Fail(absl::StrCat("--listen: cannot listen on ", listen));
  }
  std::unique_ptr<Market> market;
  if (absl::GetFlag(FLAGS_simulate_market)) {
    market = std::make_unique<Market>(&prices, interval);
  }
  std::printf("listening on %s\n", ToString(*address).c_str());
  std::fflush(stdout);

  grpc::HealthCheckServiceInterface* health = server->GetHealthCheckService();
  for (const char* name : kLiveServices) health->SetServingStatus(name, true);
  ReportHealthUntilSignal(signals, log->get(), health);
  // A second signal ends the program immediately.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::cerr << "realtime-backends: draining\n";
  market.reset();
  // First tell bridges to use other backends, through health and GOAWAY. Then
  // end the streams, which reopen there.
  health->Shutdown();
  std::thread shutdown([&server] {
    server->Shutdown(
        absl::ToChronoTime(absl::Now() + absl::GetFlag(FLAGS_drain_timeout)));
  });
  prices.Shutdown();
  notifications.Shutdown();
  tasks.Shutdown();
  channels.Shutdown();
  metrics.Shutdown();
  multiplexer.Shutdown();
  shutdown.join();
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) { return sse_bridge::Main(argc, argv); }
