#ifndef SSE_BRIDGE_BRIDGE_APP_UPSTREAM_SETUP_H_
#define SSE_BRIDGE_BRIDGE_APP_UPSTREAM_SETUP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/config/config.h"
#include "bridge/ops/file_watcher.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/grpc/grpc_upstream.h"

namespace sse_bridge {

// The settings of one backend.
struct UpstreamSetup {
  std::string service;  // "package.Service"; empty for the default backend
  GrpcUpstreamOptions options;
};

struct UpstreamSetups {
  std::vector<UpstreamSetup> backends;  // in the order of `upstream`
  std::vector<std::shared_ptr<CallMetadata>> metadata_files;
};

// Reads the settings of the backends and the files that they name. Errors start
// with the origin of the invalid setting.
absl::StatusOr<UpstreamSetups> ReadUpstreamSettings(const LoadedConfig& loaded);

// Reloads the files when they change, and logs it.
void WatchMetadataFiles(const std::vector<std::shared_ptr<CallMetadata>>& files,
                        FileWatcher* watcher);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_UPSTREAM_SETUP_H_
