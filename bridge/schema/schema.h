#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/method.h"
#include "bridge/schema/path_router.h"
#include "bridge/schema/path_variable.h"
#include "bridge/schema/service_config.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Who may call a method without an access rule: neither the method nor its
// service has an sse.v1 access that sets a condition.
enum class DefaultAccess { kPublic, kAuthenticated, kDenied };

struct LoadOptions {
  // Serve methods without google.api.http at "/{package.Service}/{Method}": GET
  // with query parameters, POST with a JSON body. Excludes gRPC's own services
  // (reflection, health, channelz, ...), unless `services` names them.
  bool default_routes = false;

  // Full names of the services to serve. If empty, all services of the sources.
  // A service that does not exist is an error.
  std::vector<std::string> services = {};

  // Patterns of services and methods (ServiceSelection): serve only those that
  // match `serve` (if empty: all) and do not match `hide`. The others are
  // treated as if the sources did not contain them. A pattern that matches
  // nothing is reported as a warning.
  std::vector<std::string> serve = {};
  std::vector<std::string> hide = {};

  // Routes and options for methods of the sources. Later ones win. A selector
  // that matches nothing is an error, with or without `strict`.
  std::vector<std::shared_ptr<const ServiceConfig>> service_configs = {};

  // Fail if a method cannot be served, or a pattern matches nothing.
  bool strict = false;

  DefaultAccess default_access = DefaultAccess::kPublic;

  // How request paths are matched and decoded. Ignores trailing slashes, like
  // other transcoders.
  PathRouter::Options path = {.ignore_trailing_slashes = true};
};

// A method of the sources that is not served.
struct UnservedMethod {
  std::string name;   // "package.Service.Method"
  std::string where;  // "file.proto:12"
  absl::Status why;   // the response to a request for it

  // The errors in the schema, each as "FILE:LINE: ELEMENT: REASON". Empty if a
  // setting excludes the method (default_access), or if it is client-streaming
  // and nothing in the schema asks for it to be served.
  std::vector<std::string> errors = {};
};

struct RouteMatch {
  enum class Kind {
    kFound,
    kUnserved,          // the route of a method that is not served
    kNotFound,          // 404
    kMethodNotAllowed,  // 405
  };
  Kind kind = Kind::kNotFound;

  // Set only for kFound. Valid as long as the Schema.
  const Route* route = nullptr;
  std::vector<PathVariable> variables;

  // Set only for kUnserved. Valid as long as the Schema.
  const UnservedMethod* unserved = nullptr;

  // Set only for kMethodNotAllowed: the Allow header, sorted.
  std::vector<std::string> allowed;
};

// The types, methods and routes of the services that the bridge serves.
// Immutable and thread-safe. Requests and feeds hold a shared pointer while
// they use its descriptors; a newer Schema may replace it meanwhile.
class Schema {
 public:
  // Loads descriptor sets and validates every option. A method that cannot be
  // served is left out and reported in unserved(): it is client-streaming, an
  // option of it or its service is invalid or unknown, a rule of its request
  // cannot be enforced, or an earlier method has its route or bundle name.
  // Methods are ordered by source, file within the source, and position in the
  // file. What protects a method is never left out by itself.
  //
  // Returns kInvalidArgument if the sources cannot be read, a service
  // configuration does not fit them or, with `strict`, if anything is left out:
  // a line "FILE:LINE: ELEMENT: REASON" per error.
  static absl::StatusOr<std::shared_ptr<const Schema>> Load(
      std::vector<SchemaSource> sources,
      const LoadOptions& options = LoadOptions());

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // The pool with most types. Conflicting sources have additional pools: use
  // the pool of a method's descriptor for what belongs to the method.
  const google::protobuf::DescriptorPool& pool() const {
    return *pools_.front();
  }

  // In the order of the sources. Excludes client-streaming methods.
  const std::vector<const Method*>& methods() const { return method_list_; }
  const std::vector<const Route*>& routes() const { return route_list_; }

  // The methods that are part of the bundle `/events`.
  const std::vector<const Method*>& bundle() const { return bundle_; }

  // Finds a method by full name ("package.Service.Method"). Returns null if
  // there is none.
  const Method* FindMethod(absl::string_view full_name) const;

  // Whether a method of HTTP itself (RFC 9110, RFC 5789) or a route has this
  // verb. Other verbs are unknown to this server.
  bool KnowsVerb(absl::string_view verb) const;

  // `raw_path` is the path of the request, still percent-encoded and without
  // the query. HEAD matches a GET route if there is no HEAD route.
  RouteMatch Match(absl::string_view verb, absl::string_view raw_path) const;

  // Methods of the sources that are not served, in the order of the sources.
  const std::vector<UnservedMethod>& unserved() const { return unserved_; }

  // Returns the unserved method that such a request is for, or null.
  const UnservedMethod* FindUnserved(absl::string_view verb,
                                     absl::string_view raw_path) const;

  // Returns an error with the reasons if no method can be reached.
  absl::Status CheckServesAnything() const;

  // Messages for the operator: what is not served, and likely mistakes.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend class SchemaLoader;

  Schema() = default;

  std::vector<std::unique_ptr<google::protobuf::DescriptorPool>> pools_;
  std::deque<Method> methods_;
  std::deque<Route> routes_;
  std::vector<const Method*> method_list_;
  std::vector<const Route*> route_list_;
  std::vector<const Method*> bundle_;
  absl::flat_hash_map<std::string, const Method*> methods_by_name_;
  absl::flat_hash_set<std::string> verbs_;  // of routes
  // Numbers are indexes into routes_ or, below zero, UnservedNumber().
  PathRouter router_;
  std::vector<UnservedMethod> unserved_;
  std::vector<std::string> warnings_;
};

// Returns the methods that `now` serves and `next` still has but cannot serve.
std::vector<const UnservedMethod*> NoLongerServed(const Schema& now,
                                                  const Schema& next);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_H_
