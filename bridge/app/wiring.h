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
#include "bridge/upstream/grpc_upstream.h"
#include "bridge/upstream/router.h"

namespace sse_bridge {

// What the configuration names, made or loaded: for `sse-bridge` itself, and
// for `sse-bridge check`, which tells whether it can be. Errors begin with
// where the configuration was wrong.

// Backends as calls reach them, and the connections beneath, for readiness. No
// connection is made before the first call. `delivery` must outlive the
// upstreams, and need not be started; `counts` may be null.
struct Upstreams {
  UpstreamRouter router;
  std::vector<std::shared_ptr<GrpcUpstream>> connections;
  std::vector<std::shared_ptr<CallMetadata>> metadata_files;
};
absl::StatusOr<Upstreams> MakeUpstreams(const LoadedConfig& loaded,
                                        Delivery* delivery, CallCounts* counts);

// What calls are told of a request, and browsers of a call.
struct MetadataRules {
  ForwardedMetadata forwarded;
  ExposedMetadata exposed;
};
absl::StatusOr<std::unique_ptr<const MetadataRules>> MakeMetadataRules(
    const LoadedConfig& loaded);

// How many streams may be open, in a process that may have so many descriptors.
ConnectionLimits::Options LimitOptions(const bridge::v1::Config& config,
                                       size_t descriptors);

// How many unary calls may be under way.
ConnectionLimits::Options CallLimitOptions(const bridge::v1::Config& config);

// Null when each bridge counts for itself. No connection is needed.
absl::StatusOr<std::unique_ptr<SharedLimits>> MakeSharedLimits(
    const LoadedConfig& loaded);

// Reads descriptor sets anew; with `reflect`, asks the backends.
absl::StatusOr<std::shared_ptr<const ServedSchema>> LoadSchema(
    const LoadedConfig& loaded, const UpstreamRouter& upstreams);

// The bytes of a descriptor set; kNotFound when it cannot be read.
absl::StatusOr<SchemaSource> ReadDescriptorSet(const std::string& path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_WIRING_H_
