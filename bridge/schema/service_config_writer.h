#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_CONFIG_WRITER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_CONFIG_WRITER_H_

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/service_config.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// What service configurations gave a method or service that had no such option
// in the schema.
struct AddedOptions {
  bool http = false;
  bool stream = false;
  bool access = false;
  bool json = false;

  // The options in the schema were present but empty (see LostOptions).
  bool were_empty = false;
};

// Writes the options of service configurations into files that are not built
// yet.
//
// - A route, `stream` or `json` replaces that of the schema.
// - `access` is added to what the schema demands of the method, by the method's
//   own rule or its service's `default_access`: all conditions must hold. So a
//   configuration never makes access weaker; trying to is an error.
//
// Not thread-safe.
class ServiceConfigWriter {
 public:
  explicit ServiceConfigWriter(
      std::vector<std::shared_ptr<const ServiceConfig>> configs);

  // Option values of `file` must still be unknown fields. May be called again
  // with other files of the same names, as when sources conflict.
  void Apply(google::protobuf::FileDescriptorProto* file);

  // Counts a method as selected although its file cannot be used. Full names.
  void Select(const std::string& service, const std::string& method);

  // Returns what was added to a method or service (by full name), or null.
  const AddedOptions* FindAdded(const std::string& name) const;

  // Returns kInvalidArgument, a line "FILE:LINE: sse.rules[SELECTOR].KEY:
  // REASON" for each error: a name matches nothing, a rule has no effect, or an
  // `access` contradicts the schema. Call after all files.
  absl::Status Finish() const;

 private:
  struct RuleState {
    const ServiceConfig::Rule* rule;
    std::vector<bool> matched;  // as its patterns
    bool has_stream_effect = false;
    bool has_json_effect = false;
  };

  // One name of a rule.
  struct Pattern {
    size_t rule;   // index in rules_
    size_t index;  // in its patterns
  };

  // A rule that selects an element.
  struct Hit {
    RuleState* state;
    size_t specificity;  // length of the name that selects; "*" has the least
    bool by_name;        // the name is the method's
  };

  // The rules that select a method or, if `method` is empty, a service, in
  // their order.
  std::vector<Hit> Find(const std::string& service, const std::string& method);

  void ApplyToService(const std::string& name,
                      google::protobuf::ServiceDescriptorProto* service,
                      const SourcePath& path);
  void ApplyToMethod(const std::string& service_name,
                     const google::protobuf::ServiceOptions& service,
                     google::protobuf::MethodDescriptorProto* method,
                     const SourcePath& path);
  void ApplyStream(const std::string& name, const std::vector<Hit>& hits,
                   google::protobuf::MethodDescriptorProto* method,
                   const SourcePath& path, AddedOptions* added);
  void ApplyAccess(const std::string& name, const std::vector<Hit>& hits,
                   const google::protobuf::ServiceOptions& service,
                   google::protobuf::MethodDescriptorProto* method,
                   const SourcePath& path, AddedOptions* added);
  // `key`: of the rule, as in "stream".
  void AddError(const ServiceConfig::Rule& rule, absl::string_view key,
                absl::string_view reason);

  const std::vector<std::shared_ptr<const ServiceConfig>> configs_;
  std::vector<RuleState> rules_;
  absl::flat_hash_map<std::string, std::vector<Pattern>> patterns_;
  absl::flat_hash_map<std::string, AddedOptions> added_;
  std::map<SourcePath, std::string> origins_;  // in the current file
  std::set<std::string> errors_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_CONFIG_WRITER_H_
