#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_LOADER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_LOADER_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/http_rules.h"
#include "bridge/schema/lost_options.h"
#include "bridge/schema/request_types.h"
#include "bridge/schema/route_clashes.h"
#include "bridge/schema/schema.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/service_config_writer.h"
#include "bridge/schema/service_selection.h"

namespace sse_bridge {

// In PathRouter, routes of unserved methods have the numbers below zero.
// Converts an index into Schema::unserved() into its number and back.
inline int UnservedNumber(int number) { return -1 - number; }

// Builds a Schema: decides for each method of the sources whether it is served.
// Used once, by one thread.
class SchemaLoader {
 public:
  explicit SchemaLoader(const LoadOptions& options);

  absl::StatusOr<std::shared_ptr<const Schema>> Load(
      std::vector<SchemaSource> sources);

 private:
  template <typename... Parts>
  void Warn(const Parts&... parts) {
    schema_->warnings_.push_back(absl::StrCat(parts...));
  }

  // Reports something that is left out; with `strict` an error.
  void LeaveOut(std::string message);

  void AddSkipped(const SkippedFile& skipped,
                  const std::vector<SchemaSource>& sources);

  // `indices`: the sources that contain the file.
  void AddFile(const google::protobuf::FileDescriptor* file,
               const std::vector<int>& indices,
               const std::vector<SchemaSource>& sources);
  void AddService(const google::protobuf::ServiceDescriptor* service,
                  bool named);
  void AddMethod(const google::protobuf::MethodDescriptor* descriptor,
                 bool default_routes, const SchemaErrors& service_errors);

  // Reports a client-streaming method that the schema or `default_routes` asks
  // for.
  void AddClientStreaming(const google::protobuf::MethodDescriptor* descriptor,
                          bool default_routes);

  // Checks the rules of a method's request, and sets its validator.
  void ReadRules(Method* method, SchemaErrors* errors);

  // Does not serve the method, but tells clients that request it why.
  void Refuse(const google::protobuf::MethodDescriptor* descriptor,
              absl::Status why, std::vector<std::string> errors,
              std::vector<ParsedRoute> routes);

  absl::Status StrictErrors() const;

  const LoadOptions& options_;
  std::set<std::string> services_;  // requested and not found yet
  ServiceSelection selection_;
  ServiceConfigWriter config_writer_;
  const std::shared_ptr<Schema> schema_{new Schema};
  PathRouterBuilder router_;
  RouteClashes clashes_;
  std::vector<std::pair<int, ParsedRoute>> unserved_routes_;
  LostOptions lost_options_;
  bool reflected_ = false;  // the file being added: no descriptor set has it
  RequestTypes foreign_rules_;
  RequestTypes validation_rules_;
  absl::flat_hash_map<std::string, const google::protobuf::ServiceDescriptor*>
      served_services_;
  std::vector<std::string> left_out_;  // besides methods

  // Methods that the bridge itself calls for streams (sse.v1.Admission). They
  // have no default routes.
  std::set<std::string> admission_methods_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_LOADER_H_
