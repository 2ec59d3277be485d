// sse-bridge: the command line, signals, and the life of the Bridge.

#include <malloc.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "bridge/app/bridge.h"
#include "bridge/app/commands.h"
#include "bridge/config/command_line.h"
#include "bridge/config/config.h"
#include "bridge/config/setting_list.h"
#include "bridge/config/setting_value.h"
#include "bridge/net/tls_memory.h"
#include "bridge/ops/inherited_socket.h"
#include "bridge/ops/log_format.h"
#include "bridge/ops/service_manager.h"

namespace sse_bridge {
namespace {

// What SIGHUP needs to read the configuration again.
struct ConfigSources {
  CommandLine line;
  Environment environment;
};

void ApplyLogLevel(const bridge::v1::Config& config) {
  const google::protobuf::EnumDescriptor* levels =
      bridge::v1::LogLevel_descriptor();
  // The names are spdlog's own.
  spdlog::set_level(
      spdlog::level::from_str(EnumNames(levels)[config.log_level()]));
}

void LogWarnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
}

// Reloads the configuration. If it is invalid, the current one stays in use.
void Reload(const ConfigSources& sources, Bridge* bridge) {
  bridge->ReloadFiles();
  const auto next = LoadConfig(sources.line, sources.environment);
  if (!next.ok()) {
    spdlog::error("reload: the current configuration stays in use: {}",
                  std::string(next.status().message()));
    return;
  }
  bridge->Reload(*next);
  ApplyLogLevel(bridge->config());
}

// Blocks until SIGTERM or SIGINT; SIGHUP reloads.
void WaitForStop(const sigset_t& signals, const ConfigSources& sources,
                 Bridge* bridge) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return;
    NotifyReloading();
    Reload(sources, bridge);
    NotifyReady();
  }
}

// Returns only if the bridge cannot start.
absl::Status Serve(const ConfigSources& sources, LoadedConfig loaded,
                   const sigset_t& signals) {
  const auto inherited = TakeInheritedSocket();
  if (!inherited.ok()) return inherited.status();
  auto bridge = Bridge::Create(std::move(loaded));
  if (!bridge.ok()) return bridge.status();
  LogWarnings((*bridge)->served()->schema().warnings());
  if (absl::Status started = (*bridge)->Start(*inherited); !started.ok()) {
    return started;
  }
  std::printf("listening on %s\n", (*bridge)->address().c_str());
  if (const std::string admin = (*bridge)->admin_address(); !admin.empty()) {
    std::printf("admin on %s\n", admin.c_str());
  }
  std::fflush(stdout);
  NotifyReady();

  WaitForStop(signals, sources, bridge->get());

  NotifyStopping();
  // A second signal ends the program immediately.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*bridge)->Drain();
  // gRPC's threads may still run callbacks that use the bridge, so it is not
  // destroyed. There is nothing left to save.
  spdlog::shutdown();
  std::fflush(nullptr);
  _exit(0);
}

// Makes free() return large blocks (bodies, responses) to the system. By
// default, after it has freed one large block, glibc allocates the next ones in
// its arenas. There they fragment, and the memory of a flood is never returned.
void ReturnLargeBlocks() {
  constexpr int kLargeBytes = 512 << 10;
  constexpr int kSpareBytes = 1 << 20;  // at the end of an arena
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, kSpareBytes);
}

int Main(int argc, char** argv) {
  // Logs go to stderr. stdout has the listening addresses only.
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
  LogWarnings(loaded->warnings);

  ReturnLargeBlocks();
  // Block the signals before any thread starts, so that all threads inherit the
  // mask and this thread receives them.
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const absl::Status status = Serve(sources, *std::move(loaded), signals);
  return status.ok() ? 0 : fail(status);
}

}  // namespace
}  // namespace sse_bridge

#ifndef SSE_BRIDGE_SANITIZED
// Runs before the initializers of libraries: cpp-httplib's uses OpenSSL.
__attribute__((section(".preinit_array"),
               used)) static void (*before_libraries)(int, char**, char**) =
    [](int, char**, char**) { sse_bridge::UseOwnMemoryForTlsRecords(); };
#endif

int main(int argc, char** argv) {
#ifdef NDEBUG
  // gRPC's locks are Abseil's, which may look for cycles at each one.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  return sse_bridge::Main(argc, argv);
}
