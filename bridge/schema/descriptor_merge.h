#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_MERGE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_MERGE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// A serialised google.protobuf.FileDescriptorSet: what `protoc
// --descriptor_set_out` writes, or what a backend's reflection says.
struct SchemaSource {
  std::string name;  // for errors: the file's name, or who was asked
  std::string bytes;

  // What is wrong with it is left out and reported; it is no error. For use on
  // the schema that a backend reports.
  bool lenient = false;

  // What is not in it although it should be.
  std::vector<std::string> warnings = {};

  // Full names of services. Only those of `only` (empty: all) and not those of
  // `except` are served from this source.
  std::vector<std::string> only = {};
  std::vector<std::string> except = {};

  bool Serves(absl::string_view service) const;
};

struct MergedPool {
  std::unique_ptr<google::protobuf::DescriptorPool> pool;

  // The files that came from the sources, in their order.
  std::vector<const google::protobuf::FileDescriptor*> files;

  // For each of them the sources that have it, as indices.
  std::vector<std::vector<int>> sources;
};

struct MergedSources {
  std::vector<MergedPool> pools;  // at least one
  std::vector<std::string> warnings;
};

// Makes one pool of all sources.
//
// - A file that several sources have counts once if it says the same in each;
//   comments and line numbers may differ. Of the shared contracts
//   (google/protobuf, google/api, google/rpc, buf/validate, sse/v1), which only
//   grow, the largest copy wins.
// - Shared contracts that no source has are taken from this program, also when
//   nobody imports them, so that an Any or an error detail of such a type can
//   be shown. Every other missing import is an error.
// - Option values of this program's own extensions arrive as generated
//   messages. Where the sources declare another extension under the same
//   number, its values are left out instead of being misread.
//
// Errors are InvalidArgument and name the file, the line where the sources
// carry lines, the element and the reason.
absl::StatusOr<MergedPool> MergeDescriptors(
    const std::vector<SchemaSource>& sources);

// The same, except that lenient sources which do not fit together, or not with
// the others, get a pool each, and that their files which cannot be had are
// left out with a warning. An error only when something is wrong with the
// other sources, or when nothing is left.
absl::StatusOr<MergedSources> MergeSources(
    const std::vector<SchemaSource>& sources);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_DESCRIPTOR_MERGE_H_
