#ifndef SSE_BRIDGE_BRIDGE_APP_WIRING_H_
#define SSE_BRIDGE_BRIDGE_APP_WIRING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/access/connection_limits.h"
#include "bridge/access/shared_limits.h"
#include "bridge/config/config.h"
#include "bridge/delivery/delivery.h"
#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/forwarded_metadata.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/schema/descriptor_merge.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/counted_upstream.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "bridge/upstream/multiplexer/multiplexed_upstream.h"
#include "bridge/upstream/router.h"

namespace sse_bridge {

// Creates and loads what the configuration names. Errors start with the origin
// of the invalid setting.

// The backends, and their connections for the readiness check. No connection is
// made before the first call. `delivery` must outlive the upstreams and need
// not be started yet. `counts` may be null.
struct Upstreams {
  UpstreamRouter router;
  std::vector<std::shared_ptr<GrpcUpstream>> connections;
  std::vector<std::shared_ptr<MultiplexedUpstream>> multiplexed;
  std::vector<std::shared_ptr<CallMetadata>> metadata_files;
};
absl::StatusOr<Upstreams> MakeUpstreams(const LoadedConfig& loaded,
                                        Delivery* delivery, CallCounts* counts);

// Which request headers and claims are sent to backends, and which metadata is
// sent to browsers.
struct MetadataRules {
  ForwardedMetadata forwarded;
  ExposedMetadata exposed;
};
absl::StatusOr<std::unique_ptr<const MetadataRules>> MakeMetadataRules(
    const LoadedConfig& loaded);

// Limits of open streams, in a process that may open `descriptors` file
// descriptors.
ConnectionLimits::Options LimitOptions(const bridge::v1::Config& config,
                                       size_t descriptors);

// Limits of concurrent unary calls.
ConnectionLimits::Options CallLimitOptions(const bridge::v1::Config& config);

// Returns null if limits are not shared between bridges. Does not connect.
absl::StatusOr<std::unique_ptr<SharedLimits>> MakeSharedLimits(
    const LoadedConfig& loaded);

// Loads the schema from the descriptor sets and, with `reflect`, from the
// backends. While it waits for a backend, it logs so, and gives up with
// kCancelled if SIGINT or SIGTERM is pending (the program blocks them).
absl::StatusOr<std::shared_ptr<const ServedSchema>> LoadSchema(
    const LoadedConfig& loaded, const Upstreams& upstreams);

// Reads a descriptor set. Returns kNotFound if the file cannot be read.
absl::StatusOr<SchemaSource> ReadDescriptorSet(const std::string& path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_WIRING_H_
