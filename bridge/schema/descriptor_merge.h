#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_MERGE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_MERGE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/service_config_writer.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// A serialized google.protobuf.FileDescriptorSet, as written by `protoc
// --descriptor_set_out` or fetched by reflection.
struct SchemaSource {
  std::string name;  // for errors: file name or backend
  std::string bytes;

  // If the source conflicts with others, give it a pool of its own instead of
  // failing. For schemas that backends report.
  bool lenient = false;

  // Parts known to be missing from it.
  std::vector<std::string> warnings = {};

  // Full names of services. Only services in `only` (empty: all) that are not
  // in `except` are served from this source.
  std::vector<std::string> only = {};
  std::vector<std::string> except = {};

  bool Serves(absl::string_view service) const;
};

struct MergedPool {
  std::unique_ptr<google::protobuf::DescriptorPool> pool;

  // The files of the sources, in order.
  std::vector<const google::protobuf::FileDescriptor*> files;

  // For each file, the indexes of the sources that contain it.
  std::vector<std::vector<int>> sources;
};

// A file that cannot be used.
struct SkippedFile {
  std::string why;  // names the file and its services
  std::vector<int> sources;
  std::vector<std::pair<std::string, std::string>> methods;  // service, name
};

struct MergedSources {
  std::vector<MergedPool> pools;  // at least one
  std::vector<SkippedFile> skipped;
  std::vector<std::string> warnings;
};

// Merges all sources into one pool.
//
// - A file that several sources contain must be the same in each; comments and
//   line numbers may differ. Shared contracts (google/protobuf, google/api,
//   google/rpc, buf/validate, sse/v1) only grow, so the largest copy is used.
// - Shared contracts that no source has are taken from this program, even if
//   nobody imports them, so that an Any or an error detail of such a type can
//   be shown. Any other missing import is an error.
// - Option values of this program's own extensions are converted to generated
//   messages. If the sources declare another extension with the same number,
//   its values are ignored instead of being misread.
//
// Errors are kInvalidArgument and name the file, the line (if the sources
// contain line numbers), the element and the reason.
absl::StatusOr<MergedPool> MergeDescriptors(
    const std::vector<SchemaSource>& sources);

// Like MergeDescriptors, but skips files that cannot be used, and the files
// that import them. Lenient sources that conflict with each other or with the
// other sources get separate pools. Fails if a source is no descriptor set, if
// other sources conflict, or if nothing is left. Applies `config` to the files,
// unless it is null.
absl::StatusOr<MergedSources> MergeSources(
    const std::vector<SchemaSource>& sources,
    ServiceConfigWriter* config = nullptr);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_MERGE_H_
