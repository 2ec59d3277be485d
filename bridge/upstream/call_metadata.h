#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_METADATA_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_METADATA_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Parses lines "name: value". Skips empty lines and lines that begin with #.
// Values of names that end in "-bin" are base64. Names are converted to lower
// case. Errors (kInvalidArgument) name the line and never quote a value.
absl::StatusOr<Metadata> ParseCallMetadata(absl::string_view text);

// Returns the entries that `wanted` selects, in order, of at most
// kMaxToldMetadataBytes together; the rest is dropped.
Metadata SelectMetadata(Metadata metadata, const MetadataFilter& wanted);

// Returns kInvalidArgument if a call may not have these metadata (see
// CallOptions), which do not need to be in lower case.
absl::Status CheckMetadata(const Metadata& metadata);

// Metadata added to every call to a backend, such as an API key. Read from a
// file. Thread-safe.
class CallMetadata {
 public:
  // Errors name the file, and never quote a value.
  static absl::StatusOr<std::shared_ptr<CallMetadata>> Load(std::string file);

  const std::string& file() const { return file_; }

  // Reads the file again. On error the previous metadata are kept.
  absl::Status Reload() ABSL_LOCKS_EXCLUDED(mu_);

  // Adds the metadata to those of a call, replacing values of the same names,
  // so that a caller cannot add to them.
  void AddTo(Metadata* metadata) const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit CallMetadata(std::string file) : file_(std::move(file)) {}

  const std::string file_;
  mutable Mutex mu_;
  std::shared_ptr<const Metadata> metadata_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_METADATA_H_
