#include "bridge/upstream/grpc/grpc_channel.h"

#include <grpc/compression.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <limits>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/upstream/grpc/call_support.h"
#include "bridge/upstream/grpc/grpc_call.h"

namespace sse_bridge {
namespace {

// Limits of HTTP/2 flow-control windows (RFC 9113, 6.9).
constexpr int kMinStreamWindowBytes = 65535;
constexpr int kMaxStreamWindowBytes = 1 << 30;

constexpr absl::Duration kMinTimeBetweenResolutions = absl::Seconds(5);

constexpr char kSeveralBackends[] =
    R"({"loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""}})";

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

grpc::ChannelArguments ChannelArgs(const GrpcUpstreamOptions& options) {
  grpc::ChannelArguments args;
  args.SetUserAgentPrefix("sse-bridge/" SSE_BRIDGE_VERSION);
  args.SetMaxReceiveMessageSize(options.max_message_bytes);
  args.SetInt(GRPC_ARG_MAX_METADATA_SIZE, options.max_metadata_bytes);

  // gRPC decompresses a message before it checks the size limit. So the bridge
  // offers no compression to backends, and rejects compressed messages.
  args.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
              1 << GRPC_COMPRESS_NONE);
  args.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  // Requests are not compressed either: each call saves the filter's state.
  args.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);

  // Use fixed windows instead of ones that grow with the measured bandwidth:
  // the memory of ten thousand paused streams must be bounded.
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
              options.stream_window_bytes);

  if (options.keepalive_time > absl::ZeroDuration()) {
    // Also sets TCP_USER_TIMEOUT to the keepalive timeout.
    args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                Milliseconds(options.keepalive_time));
    args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                Milliseconds(options.keepalive_timeout));
    // By default gRPC stops after two pings on a connection that sends nothing
    // else.
    args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  } else {
    args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, std::numeric_limits<int>::max());
  }

  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
              Milliseconds(options.min_backoff));
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
              Milliseconds(options.max_backoff));
  // Despite its name, this limits a connection attempt.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
              Milliseconds(options.connect_timeout));
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS,
              Milliseconds(kMinTimeBetweenResolutions));

  // Nobody asks for these records, of which every connection and call keeps
  // some.
  args.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  args.SetInt(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0);

  // In gRPC 1.51, retries (also transparent ones) abort the program if an
  // answer ends without a grpc-status, as answers of proxies may.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, options.use_proxy ? 1 : 0);
  // Channels with equal arguments would share connections.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  if (NamesSeveralBackends(options.address)) {
    args.SetServiceConfigJSON(kSeveralBackends);
  }

  if (!options.authority.empty()) {
    args.SetString(GRPC_ARG_DEFAULT_AUTHORITY, options.authority);
  }
  if (options.tls.has_value() && !options.tls->name.empty()) {
    args.SetSslTargetNameOverride(options.tls->name);
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

// gRPC ends its callback threads together with the last channel and server.
// That is fatal if a call's last callback on such a thread releases that
// channel. So one unconnected channel is kept forever; it counts once it has
// had a call.
void KeepCallbackThreads() {
  static const std::shared_ptr<grpc::Channel>* const channel = [] {
    auto* nowhere = new std::shared_ptr<grpc::Channel>(
        grpc::CreateCustomChannel("", /*creds=*/nullptr, {}));
    grpc::GenericStub stub(*nowhere);
    (void)StartGrpcUnary({&stub}, "/", ToByteBuffer(""), CallOptions(),
                         [](absl::Status, std::string) {});
    return nowhere;
  }();
  (void)channel;
}

}  // namespace

absl::Status CheckOptions(const GrpcUpstreamOptions& options) {
  const auto invalid = [&options](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("upstream \"", options.address, "\": ", why));
  };
  if (options.address.empty()) return invalid("no address");
  if (options.streams_per_connection < 1) {
    return invalid("a connection must carry at least 1 stream");
  }
  if (options.max_connections < 2) {
    return invalid("at least 2 connections are needed");
  }
  if (options.channels < 1 || options.channels >= options.max_connections) {
    return invalid(absl::StrCat(
        "streams must be spread over 1 connection at least, and over less "
        "than all of ",
        options.max_connections));
  }
  if (options.max_message_bytes < 1) {
    return invalid("the largest message must have at least 1 byte");
  }
  if (options.max_metadata_bytes < 1) {
    return invalid("the largest metadata must have at least 1 byte");
  }
  if (options.stream_window_bytes < kMinStreamWindowBytes ||
      options.stream_window_bytes > kMaxStreamWindowBytes) {
    return invalid(absl::StrCat("the window of a stream must be from ",
                                kMinStreamWindowBytes, " to ",
                                kMaxStreamWindowBytes, " bytes"));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> MakeChannel(const GrpcUpstreamOptions& options) {
  KeepCallbackThreads();
  return grpc::CreateCustomChannel(options.address, Credentials(options),
                                   ChannelArgs(options));
}

bool NamesSeveralBackends(absl::string_view address) {
  return absl::StartsWith(address, "dns:") || absl::StrContains(address, ',');
}

}  // namespace sse_bridge
