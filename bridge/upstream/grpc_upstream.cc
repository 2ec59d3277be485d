#include "bridge/upstream/grpc_upstream.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/upstream/clock_watch.h"
#include "bridge/upstream/grpc_call.h"

namespace sse_bridge {
namespace {

constexpr int kMaxChannels = 64;

// HTTP/2's own bounds of a flow-control window (RFC 9113, 6.9).
constexpr int kMinStreamWindowBytes = 65535;
constexpr int kMaxStreamWindowBytes = 1 << 30;

constexpr absl::Duration kMinTimeBetweenResolutions = absl::Seconds(5);

constexpr absl::Duration kBetweenHastened = absl::Milliseconds(250);

constexpr char kSeveralBackends[] =
    R"({"loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""}})";

bool NamesSeveralBackends(absl::string_view address) {
  return absl::StartsWith(address, "dns:") || absl::StrContains(address, ',');
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

grpc::ChannelArguments ChannelArgs(const GrpcUpstreamOptions& options) {
  grpc::ChannelArguments args;
  args.SetUserAgentPrefix("sse-bridge/" SSE_BRIDGE_VERSION);
  args.SetMaxReceiveMessageSize(options.max_message_bytes);

  // Fixed windows instead of ones that grow with the measured bandwidth: ten
  // thousand paused streams must have a known size.
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
              options.stream_window_bytes);

  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
              Milliseconds(options.keepalive_timeout));
  if (options.ping_quiet_streams) {
    args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  }

  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
              Milliseconds(options.min_backoff));
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
              Milliseconds(options.max_backoff));
  // Despite its name this one bounds an attempt to connect.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
              Milliseconds(options.connect_timeout));
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS,
              Milliseconds(kMinTimeBetweenResolutions));

  // gRPC 1.51's retries, transparent ones too, abort the program when an answer
  // ends without a grpc-status, as those of proxies may.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, options.use_proxy ? 1 : 0);
  // Channels with equal arguments would share connections.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  if (NamesSeveralBackends(options.address)) {
    args.SetServiceConfigJSON(kSeveralBackends);
  }
  return args;
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(
    const GrpcUpstreamOptions& options) {
  if (!options.tls.has_value()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = options.tls->root_certificates;
  ssl.pem_cert_chain = options.tls->certificate;
  ssl.pem_private_key = options.tls->private_key;
  return grpc::SslCredentials(ssl);
}

absl::Status Check(const GrpcUpstreamOptions& options) {
  const auto invalid = [&options](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("upstream \"", options.address, "\": ", why));
  };
  if (options.address.empty()) return invalid("no address");
  if (options.channels < 1 || options.channels > kMaxChannels) {
    return invalid(absl::StrCat("channels must be from 1 to ", kMaxChannels));
  }
  if (options.max_message_bytes < 1) {
    return invalid("the largest message must have at least 1 byte");
  }
  if (options.stream_window_bytes < kMinStreamWindowBytes ||
      options.stream_window_bytes > kMaxStreamWindowBytes) {
    return invalid(absl::StrCat("the window of a stream must be from ",
                                kMinStreamWindowBytes, " to ",
                                kMaxStreamWindowBytes, " bytes"));
  }
  return absl::OkStatus();
}

// gRPC ends the threads that run callbacks together with the last channel and
// server, which is deadly when a call's own last callback on such a thread is
// what lets go of that channel. So one channel, to nowhere, stays for good; it
// counts once it has had a call.
void KeepCallbackThreads() {
  static const std::shared_ptr<grpc::Channel>* const channel = [] {
    auto* nowhere = new std::shared_ptr<grpc::Channel>(
        grpc::CreateCustomChannel("", /*creds=*/nullptr, {}));
    grpc::GenericStub stub(*nowhere);
    (void)StartGrpcUnary(&stub, "/", "", CallOptions(),
                         [](absl::Status, std::string) {});
    return nowhere;
  }();
  (void)channel;
}

}  // namespace

struct GrpcUpstream::Rep {
  struct Lane {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<grpc::GenericStub> stub;
  };

  // For a call that begins now.
  Lane& NextLane() {
    Hasten(
        absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()));
    return lanes[next_lane.fetch_add(1, std::memory_order_relaxed) %
                 lanes.size()];
  }

  // Where gRPC's own timers are late, each new call may make a lost connection
  // be tried again at once.
  void Hasten(absl::Duration now) {
    if (!clock.TimersLate(absl::Now(), now)) return;
    const int64_t at = absl::ToInt64Nanoseconds(now);
    int64_t next = next_hastened.load(std::memory_order_relaxed);
    const int64_t after = at + absl::ToInt64Nanoseconds(kBetweenHastened);
    if (at < next || !next_hastened.compare_exchange_strong(next, after)) {
      return;
    }
    for (Lane& lane : lanes) {
      grpc::experimental::ChannelResetConnectionBackoff(lane.channel.get());
    }
  }

  GrpcUpstreamOptions options;
  std::vector<Lane> lanes;  // at least one
  std::atomic<size_t> next_lane{0};
  ClockWatch clock;
  std::atomic<int64_t> next_hastened{INT64_MIN};  // monotonic nanoseconds
};

absl::StatusOr<std::unique_ptr<GrpcUpstream>> GrpcUpstream::Create(
    const GrpcUpstreamOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  KeepCallbackThreads();
  auto rep = std::make_unique<Rep>();
  rep->options = options;
  for (int i = 0; i < options.channels; ++i) {
    Rep::Lane lane;
    lane.channel = grpc::CreateCustomChannel(
        options.address, Credentials(options), ChannelArgs(options));
    lane.stub = std::make_unique<grpc::GenericStub>(lane.channel);
    rep->lanes.push_back(std::move(lane));
  }
  return std::unique_ptr<GrpcUpstream>(new GrpcUpstream(std::move(rep)));
}

GrpcUpstream::GrpcUpstream(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

GrpcUpstream::~GrpcUpstream() = default;

absl::string_view GrpcUpstream::address() const {
  return rep_->options.address;
}

std::shared_ptr<StreamCall> GrpcUpstream::StartStream(
    absl::string_view path, std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  return StartGrpcStream(rep_->NextLane().stub.get(), path, std::move(request),
                         options, std::move(observer));
}

std::shared_ptr<UnaryCall> GrpcUpstream::StartUnary(absl::string_view path,
                                                    std::string request,
                                                    CallOptions options,
                                                    UnaryDone done) {
  return StartGrpcUnary(rep_->NextLane().stub.get(), path, std::move(request),
                        options, std::move(done));
}

bool GrpcUpstream::Connected() {
  for (Rep::Lane& lane : rep_->lanes) {
    if (lane.channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) {
      return true;
    }
  }
  return false;
}

}  // namespace sse_bridge
