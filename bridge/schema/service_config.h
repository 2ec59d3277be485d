#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_CONFIG_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_CONFIG_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/api/http.pb.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// Maximum size of a service configuration, in bytes.
inline constexpr size_t kMaxServiceConfigBytes = size_t{16} << 20;

// A file with routes and options for a schema that may not be edited:
// google.api.Service in YAML or JSON (the `grpc_api_configuration` of
// grpc-gateway), of which `http` is used, with a key `sse` of the same form:
//
//   type: google.api.Service
//   config_version: 3
//   http:
//     rules:
//       - selector: acme.v1.Weather.Watch
//         get: /weather/{name}/stream
//   sse:
//     rules:
//       - selector: acme.v1.Weather.*
//         access: {authenticated: true}
//       - selector: acme.v1.Weather.Watch
//         stream: {shared: true, keep_alive: 30s}
//
// A selector is that of google.api.DocumentationRule: full names, separated by
// commas. The last component may be `*`, which stands for one or more
// components; "*" alone selects everything. In `sse`, the name of a service
// selects its methods. Of several rules for one method, the last one wins.
//
// Immutable and thread-safe.
class ServiceConfig {
 public:
  struct Rule {
    // For errors: "FILE:LINE" of the rule, and its path in the file with its
    // selector, as in "sse.rules[acme.v1.Weather.*]".
    std::string where;
    std::string path;

    std::string selector;               // as written
    std::vector<std::string> patterns;  // its names

    // What the rule sets: at least one of them. `http` comes alone.
    std::optional<google::api::HttpRule> http;
    std::optional<sse::v1::Stream> stream;
    std::optional<sse::v1::Access> access;
    std::optional<sse::v1::Json> json;
  };

  // `name` is that of the file, for errors. Errors are kInvalidArgument and
  // begin with "NAME:LINE:COLUMN: " and the path of the key. A rule is named by
  // its selector, as in "http.rules[acme.v1.Weather.Watch].get".
  static absl::StatusOr<std::shared_ptr<const ServiceConfig>> Parse(
      absl::string_view name, absl::string_view text);

  // In the order of the file; all `http` rules precede those of `sse`.
  const std::vector<Rule>& rules() const { return rules_; }

  // Parts of google.api.Service that would protect methods or change their
  // paths, and that the bridge does not implement: a message for each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend class ServiceConfigReader;

  ServiceConfig() = default;

  std::vector<Rule> rules_;
  std::vector<std::string> warnings_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_CONFIG_H_
