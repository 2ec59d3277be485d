#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/method.h"
#include "bridge/schema/path_router.h"
#include "bridge/schema/path_variable.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Who may call a method that says nothing of it: neither the method nor its
// service has an sse.v1 access that names anything.
enum class DefaultAccess { kPublic, kAuthenticated, kDenied };

struct LoadOptions {
  // Methods without google.api.http are reached at
  // "/{package.Service}/{Method}": GET with query parameters, POST with a JSON
  // body. Left out are the services of gRPC itself ("grpc.*": reflection,
  // health, channelz), unless `services` names them.
  bool default_routes = false;

  // Full names; only these are served. Empty: all that the sources have.
  std::vector<std::string> services = {};

  DefaultAccess default_access = DefaultAccess::kPublic;

  // How request paths are matched and decoded.
  // A trailing slash means nothing, as with other transcoders.
  PathRouter::Options path = {.ignore_trailing_slashes = true};
};

struct RouteMatch {
  enum class Kind {
    kFound,
    kNotFound,          // 404
    kMethodNotAllowed,  // 405
  };
  Kind kind = Kind::kNotFound;

  // Only if kFound. `route` is valid as long as the Schema is.
  const Route* route = nullptr;
  std::vector<PathVariable> variables;

  // Only if kMethodNotAllowed: what Allow says, sorted.
  std::vector<std::string> allowed;
};

// A method that the sources have and that is not served.
struct UnservedMethod {
  std::string name;  // "package.Service.Method"
  absl::Status why;  // what a request for it is answered
};

// All that the bridge knows of the services it stands before: their types,
// methods and routes. Immutable, so safe for any number of threads; requests
// and feeds hold the shared pointer as long as they use descriptors of it, and
// a newer Schema may take its place meanwhile.
class Schema {
 public:
  // Reads descriptor sets and checks every option in them. InvalidArgument has
  // a line "FILE:LINE: ELEMENT: REASON" for each error found. Of lenient
  // sources, what is wrong is not served instead.
  static absl::StatusOr<std::shared_ptr<const Schema>> Load(
      const std::vector<SchemaSource>& sources,
      const LoadOptions& options = LoadOptions());

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // The pool of most types. Sources that do not fit together have further ones:
  // what belongs to a method is in the pool of its descriptor.
  const google::protobuf::DescriptorPool& pool() const {
    return *pools_.front();
  }

  // In the order of the sources. Client-streaming methods are not here.
  const std::vector<const Method*>& methods() const { return method_list_; }
  const std::vector<const Route*>& routes() const { return route_list_; }

  // The methods that have a part in the managed stream.
  const std::vector<const Method*>& bundle() const { return bundle_; }

  // By full name ("package.Service.Method"); null when there is none.
  const Method* FindMethod(absl::string_view full_name) const;

  // `raw_path` is the request's path as it came, still percent-encoded, and
  // without the query. HEAD finds a GET route where no HEAD route is.
  RouteMatch Match(absl::string_view verb, absl::string_view raw_path) const;

  // Methods that are not served though the sources have them, because what
  // protects them was lost or nobody may call them.
  const std::vector<UnservedMethod>& unserved() const { return unserved_; }

  // The one of them that such a request would have reached; null when there is
  // none.
  const UnservedMethod* FindUnserved(absl::string_view verb,
                                     absl::string_view raw_path) const;

  // For the operator: what is not served, and what looks like a mistake.
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
  PathRouter router_;  // numbers are indices into routes_
  std::vector<UnservedMethod> unserved_;
  PathRouter unserved_router_;  // numbers are indices into unserved_
  std::vector<std::string> warnings_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_H_
