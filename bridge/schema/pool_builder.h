#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_POOL_BUILDER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_POOL_BUILDER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// A file of the merged sources.
struct PoolEntry {
  google::protobuf::FileDescriptorProto proto;
  std::string source;             // its name, for errors
  std::vector<int> sources = {};  // indexes of all that have the file

  // ComparableForm(proto), if several sources have the file.
  std::string comparable = "";
};

// By file name. A node-based container, because the builder points to its keys.
using PoolEntries = std::map<std::string, PoolEntry>;

// Whether a file is a shared contract (google/protobuf, google/api, google/rpc,
// buf/validate, sse/v1), of which this program has a copy.
bool IsContract(absl::string_view file);

// Builds files into a pool, each after its imports. An import that no source
// has is taken from this program if it is a contract. Not thread-safe.
class PoolBuilder {
 public:
  // `skipped`: files that cannot be used. All arguments must outlive this
  // object. A file that is built is cleared in `entries`, to free its memory.
  PoolBuilder(PoolEntries* entries,
              const absl::flat_hash_set<std::string>* skipped,
              google::protobuf::DescriptorPool* pool)
      : entries_(*entries), skipped_(*skipped), pool_(pool) {}

  // Builds a file and its imports. On an error (kInvalidArgument: an import is
  // missing, skipped or circular, or protobuf rejects the file), sets `blame`
  // to the file that the error is about.
  absl::Status Build(const std::string& file, std::string* blame);

  bool IsBuilt(absl::string_view file) const { return built_.contains(file); }

  // Adds the contracts that every pool contains. Call after all files.
  void AddContracts();

 private:
  PoolEntries& entries_;
  const absl::flat_hash_set<std::string>& skipped_;
  google::protobuf::DescriptorPool* const pool_;
  absl::flat_hash_set<std::string> built_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_POOL_BUILDER_H_
