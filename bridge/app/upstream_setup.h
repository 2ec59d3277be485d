#ifndef SSE_BRIDGE_BRIDGE_APP_UPSTREAM_SETUP_H_
#define SSE_BRIDGE_BRIDGE_APP_UPSTREAM_SETUP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/config/config.h"
#include "bridge/ops/file_watcher.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/grpc_upstream.h"

namespace sse_bridge {

// What the configuration says about one backend.
struct UpstreamSetup {
  std::string service;  // "package.Service"; empty: the default
  GrpcUpstreamOptions options;
};

struct UpstreamSetups {
  std::vector<UpstreamSetup> backends;  // in the order of `upstream`
  std::vector<std::shared_ptr<CallMetadata>> metadata_files;
};

// Reads the files that the settings name. Errors begin with where the
// configuration was wrong.
absl::StatusOr<UpstreamSetups> ReadUpstreamSettings(const LoadedConfig& loaded);

// Has the files read again when they change, and logs it.
void WatchMetadataFiles(const std::vector<std::shared_ptr<CallMetadata>>& files,
                        FileWatcher* watcher);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_UPSTREAM_SETUP_H_
