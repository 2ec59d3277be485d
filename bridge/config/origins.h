#ifndef SSE_BRIDGE_BRIDGE_CONFIG_ORIGINS_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_ORIGINS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

// The origin of each configuration value: "--max-streams",
// "SSE_BRIDGE_MAX_STREAMS", "bridge.yaml:12:14: max_streams". Settings with
// their default value have no origin.
class Origins {
 public:
  void Set(const std::string& key, std::vector<std::string> origins) {
    by_key_[key] = std::move(origins);
  }

  // Origin of a setting, or of element `index` of a repeated one. Empty for a
  // default value.
  std::string Of(const std::string& key, size_t index = 0) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() || index >= found->second.size()
               ? ""
               : found->second[index];
  }

  // Returns `error` with the value's origin in front of its message.
  absl::Status Annotate(const absl::Status& error, const std::string& key,
                        size_t index = 0) const {
    const std::string origin = Of(key, index);
    return absl::Status(
        error.code(),
        absl::StrCat(origin.empty() ? key : origin, ": ", error.message()));
  }

 private:
  std::map<std::string, std::vector<std::string>> by_key_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_ORIGINS_H_
