// load-backend [--held] [--multiplex]: serves load.v1.Load on a free port of
// 127.0.0.1. Held, it sends no ticks and quotes before SIGUSR1. --multiplex:
// bridges may carry OwnTicks in one call.

#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "backends/stream/multiplexer_service.h"
#include "tests/load/load_service.h"

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  bool held = false, multiplex = false;
  for (int i = 1; i < argc; ++i) {
    held = held || std::strcmp(argv[i], "--held") == 0;
    multiplex = multiplex || std::strcmp(argv[i], "--multiplex") == 0;
  }
  sse_bridge::testing::LoadService service(held);
  sse_bridge::MultiplexerService multiplexer;
  multiplexer.Add("/load.v1.Load/OwnTicks", &service,
                  &sse_bridge::testing::LoadService::OwnTicks);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  // Bridges ping quiet connections; by default gRPC takes that for an attack.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.RegisterService(&service);
  if (multiplex) builder.RegisterService(&multiplexer);
  const auto server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "load-backend: cannot listen\n");
    return 1;
  }
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGUSR1) service.Begin();
  // Endless streams need no final status here.
  std::fflush(nullptr);
  _exit(0);
}
