#ifndef SSE_BRIDGE_BRIDGE_CONFIG_ORIGINS_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_ORIGINS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

// Where each value of the configuration was set: "--max-streams",
// "SSE_BRIDGE_MAX_STREAMS", "bridge.yaml:12:14: max_streams". Settings that
// keep their default have none.
class Origins {
 public:
  void Set(const std::string& key, std::vector<std::string> origins) {
    by_key_[key] = std::move(origins);
  }

  // Of element `index` of a repeated setting; "" for a default.
  std::string Of(const std::string& key, size_t index = 0) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() || index >= found->second.size()
               ? ""
               : found->second[index];
  }

  // The error, with where the value came from before its reason.
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
