#include "bridge/schema/schema.h"

#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/schema/http_rules.h"
#include "bridge/schema/lost_options.h"
#include "bridge/schema/option_checks.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/validator_compiler.h"
#include "google/api/annotations.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Far more than any real schema has; the router compares the routes of one
// path.
constexpr size_t kMaxRoutes = 50000;

constexpr absl::string_view kHttpVerbs[] = {"GET",     "HEAD",   "POST",
                                            "PUT",     "DELETE", "PATCH",
                                            "OPTIONS", "TRACE",  "CONNECT"};

std::string MethodPlace(const pb::MethodDescriptor* method) {
  return absl::StrCat(method->full_name(), " (",
                      Where(method->file(), PathOf(method)), ")");
}

// Sets summary and description from the comment above the method.
void ReadComment(Method* method) {
  pb::SourceLocation location;
  if (!method->descriptor->GetSourceLocation(&location)) return;
  bool in_summary = true;
  for (absl::string_view line :
       absl::StrSplit(location.leading_comments, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (in_summary && line.empty() && !method->summary.empty()) {
      in_summary = false;
    }
    if (in_summary && !line.empty()) {
      absl::StrAppend(&method->summary, method->summary.empty() ? "" : " ",
                      line);
    }
    if (!method->description.empty() || !line.empty()) {
      absl::StrAppend(&method->description,
                      method->description.empty() ? "" : "\n", line);
    }
  }
  absl::StripTrailingAsciiWhitespace(&method->description);
}

}  // namespace

class SchemaLoader {
 public:
  explicit SchemaLoader(const LoadOptions& options)
      : options_(options),
        services_(options.services.begin(), options.services.end()),
        router_(options.path),
        unserved_router_(options.path) {}

  absl::StatusOr<std::shared_ptr<const Schema>> Load(
      const std::vector<SchemaSource>& sources) {
    absl::StatusOr<MergedSources> merged = MergeSources(sources);
    if (!merged.ok()) return merged.status();
    for (const SchemaSource& source : sources) {
      for (const std::string& warning : source.warnings) {
        Warn(source.name, ": ", warning);
      }
    }
    for (const std::string& warning : merged->warnings) Warn(warning);
    for (MergedPool& pool : merged->pools) {
      schema_->pools_.push_back(std::move(pool.pool));
      for (size_t i = 0; i < pool.files.size(); ++i) {
        AddFile(pool.files[i], pool.sources[i], sources);
      }
    }
    for (const std::string& name : services_) {
      errors_.Add(sources.front().name, name, "there is no such service");
    }
    if (!errors_.empty()) return errors_.ToStatus();
    schema_->router_ = std::move(router_).Build();
    schema_->unserved_router_ = std::move(unserved_router_).Build();
    for (const Method& method : schema_->methods_) {
      schema_->method_list_.push_back(&method);
      schema_->methods_by_name_.emplace(method.descriptor->full_name(),
                                        &method);
      if (method.in_bundle()) schema_->bundle_.push_back(&method);
    }
    for (const Route& route : schema_->routes_) {
      schema_->route_list_.push_back(&route);
      schema_->verbs_.insert(route.verb);
    }
    return schema_;
  }

 private:
  template <typename... Parts>
  void Warn(const Parts&... parts) {
    schema_->warnings_.push_back(absl::StrCat(parts...));
  }

  // `indices`: the sources that contain the file.
  void AddFile(const pb::FileDescriptor* file, const std::vector<int>& indices,
               const std::vector<SchemaSource>& sources) {
    bool lenient = true;
    for (int index : indices) {
      lenient = lenient && sources[static_cast<size_t>(index)].lenient;
    }
    bool served = false;
    for (int i = 0; i < file->service_count(); ++i) {
      const pb::ServiceDescriptor* service = file->service(i);
      bool wanted = false;
      for (int index : indices) {
        wanted = wanted || sources[static_cast<size_t>(index)].Serves(
                               service->full_name());
      }
      if (!wanted) continue;
      const auto [other, is_new] =
          served_services_.emplace(service->full_name(), service);
      if (!is_new) {
        Warn(service->full_name(),
             " is served as defined in the first source (",
             other->second->file()->name(),
             "); a different definition is ignored");
        continue;
      }
      const bool named = services_.erase(service->full_name()) > 0;
      if (!named && !options_.services.empty()) continue;
      AddService(service, named, lenient);
      served = true;
    }
    if (!served) return;
    for (const std::string& import : lost_options_.UnusedImports(file)) {
      Warn(file->name(), " imports \"", import,
           "\" but does not use it: were options lost, or is the import not "
           "needed?");
    }
  }

  void AddService(const pb::ServiceDescriptor* service, bool named,
                  bool lenient) {
    SchemaErrors own;
    CheckServiceOptions(service, lenient ? &own : &errors_);
    const bool default_routes =
        options_.default_routes &&
        (named || !absl::StartsWith(service->full_name(), "grpc."));
    for (int i = 0; i < service->method_count(); ++i) {
      const pb::MethodDescriptor* method = service->method(i);
      if (method->client_streaming()) {
        // Not served anyway.
        if (!lenient) CheckUnservable(method);
      } else {
        AddMethod(method, default_routes, lenient, own.ToStatus());
      }
    }
  }

  // Browsers cannot stream to a server in a way that every proxy supports.
  void CheckUnservable(const pb::MethodDescriptor* method) {
    for (const auto& [present, number] :
         {std::pair(method->options().HasExtension(google::api::http),
                    google::api::http.number()),
          std::pair(method->options().HasExtension(sse::v1::stream),
                    sse::v1::stream.number())}) {
      if (!present) continue;
      errors_.Add(
          Where(method->file(), PathOfOption(method, number)),
          method->full_name(),
          absl::StrCat(number == sse::v1::stream.number() ? "sse.v1.stream"
                                                          : "google.api.http",
                       ": a client-streaming method cannot be served"));
    }
  }

  // `service_error`: the error in the service of a lenient source.
  void AddMethod(const pb::MethodDescriptor* descriptor, bool default_routes,
                 bool lenient, const absl::Status& service_error) {
    Method& method = schema_->methods_.emplace_back();
    method.descriptor = descriptor;
    method.grpc_path = absl::StrCat("/", descriptor->service()->full_name(),
                                    "/", descriptor->name());
    method.server_streaming = descriptor->server_streaming();
    ReadComment(&method);
    const bool has_rule = descriptor->options().HasExtension(google::api::http);
    const bool routed = has_rule || default_routes;
    const bool exposed =
        routed ||
        descriptor->options().GetExtension(sse::v1::stream).has_bundle();

    absl::Status refusal;
    SchemaErrors own;
    if (const std::string lost = lost_options_.WhyNotServed(descriptor);
        !lost.empty()) {
      refusal = absl::UnimplementedError(
          absl::StrCat(descriptor->full_name(), " is not served: ", lost));
    }
    SchemaErrors* const errors = lenient || !refusal.ok() ? &own : &errors_;
    ReadOptions(&method, exposed, errors);
    std::vector<ParsedRoute> routes;
    if (routed) {
      const google::api::HttpRule rule =
          has_rule ? descriptor->options().GetExtension(google::api::http)
                   : DefaultRule(descriptor);
      routes = RoutesOf(&method, rule, errors);
    }
    if (exposed && refusal.ok()) {
      // Needs its own compiler, because a compiler reports a type's errors only
      // once.
      ValidatorCompiler alone;
      method.validator = (lenient ? alone : validators_)
                             .Compile(descriptor->input_type(), errors);
    }
    if (refusal.ok() && lenient) {
      const absl::Status wrong =
          service_error.ok() ? own.ToStatus() : service_error;
      if (!wrong.ok()) {
        refusal = absl::UnimplementedError(absl::StrCat(
            descriptor->full_name(), " is not served: ", wrong.message()));
      }
    }
    if (refusal.ok() && exposed && !NamesAnybody(method.access)) {
      if (options_.default_access == DefaultAccess::kAuthenticated) {
        method.access.set_authenticated(true);
      } else if (options_.default_access == DefaultAccess::kDenied) {
        refusal = absl::PermissionDeniedError(absl::StrCat(
            "nobody may call ", descriptor->full_name(),
            ": it has no sse.v1.access, and default_access is denied"));
      }
    }
    if (!refusal.ok()) {
      Refuse(descriptor, std::move(refusal), std::move(routes));
      schema_->methods_.pop_back();
      return;
    }
    if (method.in_bundle()) AddToBundle(method);
    for (ParsedRoute& parsed : routes) {
      parsed.route.is_default = !has_rule;
      AddRoute(&method, std::move(parsed), lenient);
    }
  }

  // Do not serve the method, but tell clients that request it why.
  void Refuse(const pb::MethodDescriptor* descriptor, absl::Status why,
              std::vector<ParsedRoute> routes) {
    Warn(why.message());
    const int index = static_cast<int>(schema_->unserved_.size());
    schema_->unserved_.push_back({descriptor->full_name(), std::move(why)});
    for (ParsedRoute& parsed : routes) {
      // If two of them have the same route, either will do.
      (void)unserved_router_.Add(parsed.route.verb,
                                 std::move(parsed.path_template), index);
    }
  }

  void AddRoute(Method* method, ParsedRoute parsed, bool lenient) {
    if (schema_->routes_.size() == kMaxRoutes) {
      errors_.Add(method->descriptor->file()->name(),
                  method->descriptor->full_name(),
                  absl::StrCat("more than ", kMaxRoutes, " routes"));
      return;
    }
    const std::optional<int> other =
        router_.Add(parsed.route.verb, std::move(parsed.path_template),
                    static_cast<int>(schema_->routes_.size()));
    if (other.has_value()) {
      const Route& had = schema_->routes_[*other];
      const std::string where =
          Where(method->descriptor->file(),
                PathOfOption(method->descriptor, google::api::http.number()));
      const std::string why =
          absl::StrCat("google.api.http: ", parsed.route.verb, " ",
                       parsed.route.path_template, " is already the route of ",
                       MethodPlace(had.method->descriptor), ", as ", had.verb,
                       " ", had.path_template);
      if (lenient) {
        Warn(where, ": ", method->descriptor->full_name(), ": ", why);
      } else {
        errors_.Add(where, method->descriptor->full_name(), why);
      }
      return;
    }
    schema_->routes_.push_back(std::move(parsed.route));
    method->routes.push_back(&schema_->routes_.back());
  }

  // Clients select the streams of the bundle by these names.
  void AddToBundle(const Method& method) {
    const auto [it, added] =
        bundle_names_.emplace(method.stream.bundle().event(), &method);
    if (added) return;
    errors_.Add(
        Where(method.descriptor->file(),
              PathOfOption(method.descriptor, sse::v1::stream.number())),
        method.descriptor->full_name(),
        absl::StrCat("sse.v1.stream: bundle.event \"",
                     absl::CHexEscape(it->first), "\" is already that of ",
                     MethodPlace(it->second->descriptor)));
  }

  const LoadOptions& options_;
  std::set<std::string> services_;  // requested and not found yet
  const std::shared_ptr<Schema> schema_{new Schema};
  PathRouterBuilder router_;
  PathRouterBuilder unserved_router_;
  ValidatorCompiler validators_;
  LostOptions lost_options_;
  absl::flat_hash_map<std::string, const pb::ServiceDescriptor*>
      served_services_;
  absl::flat_hash_map<std::string, const Method*> bundle_names_;
  SchemaErrors errors_;
};

absl::StatusOr<std::shared_ptr<const Schema>> Schema::Load(
    const std::vector<SchemaSource>& sources, const LoadOptions& options) {
  return SchemaLoader(options).Load(sources);
}

const Method* Schema::FindMethod(absl::string_view full_name) const {
  const auto it = methods_by_name_.find(full_name);
  return it == methods_by_name_.end() ? nullptr : it->second;
}

bool Schema::KnowsVerb(absl::string_view verb) const {
  return absl::c_linear_search(kHttpVerbs, verb) || verbs_.contains(verb);
}

RouteMatch Schema::Match(absl::string_view verb,
                         absl::string_view raw_path) const {
  RouteMatch match;
  std::optional<PathRouter::Found> found = router_.Match(verb, raw_path);
  if (!found.has_value() && verb == "HEAD") {
    found = router_.Match("GET", raw_path);
  }
  if (found.has_value()) {
    match.kind = RouteMatch::Kind::kFound;
    match.route = &routes_[found->route];
    match.variables = std::move(found->variables);
    return match;
  }
  std::set<std::string> allowed;
  for (std::string& other : router_.AllowedVerbs(raw_path)) {
    allowed.insert(std::move(other));
  }
  if (allowed.contains("GET")) allowed.insert("HEAD");
  if (!allowed.empty()) match.kind = RouteMatch::Kind::kMethodNotAllowed;
  match.allowed.assign(allowed.begin(), allowed.end());
  return match;
}

const UnservedMethod* Schema::FindUnserved(absl::string_view verb,
                                           absl::string_view raw_path) const {
  std::optional<PathRouter::Found> found =
      unserved_router_.Match(verb, raw_path);
  if (!found.has_value() && verb == "HEAD") {
    found = unserved_router_.Match("GET", raw_path);
  }
  return found.has_value() ? &unserved_[static_cast<size_t>(found->route)]
                           : nullptr;
}

}  // namespace sse_bridge
