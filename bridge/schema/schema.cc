#include "bridge/schema/schema.h"

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/schema/http_rules.h"
#include "bridge/schema/option_checks.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/validator_compiler.h"
#include "google/api/annotations.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Far beyond any real schema; the router compares the routes of one path.
constexpr size_t kMaxRoutes = 50000;

std::string MethodPlace(const pb::MethodDescriptor* method) {
  return absl::StrCat(method->full_name(), " (",
                      Where(method->file(), PathOf(method)), ")");
}

// Fills summary and description from the comment above the method.
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
        router_(options.path) {}

  absl::StatusOr<std::shared_ptr<const Schema>> Load(
      const std::vector<SchemaSource>& sources) {
    absl::StatusOr<MergedPool> merged = MergeDescriptors(sources);
    if (!merged.ok()) return merged.status();
    schema_->pool_ = std::move(merged->pool);
    for (const pb::FileDescriptor* file : merged->files) {
      for (int i = 0; i < file->service_count(); ++i) {
        const pb::ServiceDescriptor* service = file->service(i);
        const bool named = services_.erase(service->full_name()) > 0;
        if (named || options_.services.empty()) AddService(service, named);
      }
    }
    for (const std::string& name : services_) {
      errors_.Add(sources.front().name, name, "there is no such service");
    }
    if (!errors_.empty()) return errors_.ToStatus();
    schema_->router_ = std::move(router_).Build();
    for (const Method& method : schema_->methods_) {
      schema_->method_list_.push_back(&method);
      schema_->methods_by_name_.emplace(method.descriptor->full_name(),
                                        &method);
      if (method.in_bundle()) schema_->bundle_.push_back(&method);
    }
    for (const Route& route : schema_->routes_) {
      schema_->route_list_.push_back(&route);
    }
    return schema_;
  }

 private:
  void AddService(const pb::ServiceDescriptor* service, bool named) {
    CheckServiceOptions(service, &errors_);
    const bool default_routes =
        options_.default_routes &&
        (named || !absl::StartsWith(service->full_name(), "grpc."));
    for (int i = 0; i < service->method_count(); ++i) {
      const pb::MethodDescriptor* method = service->method(i);
      if (method->client_streaming()) {
        CheckUnservable(method);
      } else {
        AddMethod(method, default_routes);
      }
    }
  }

  // A browser cannot stream to a server in a way that every proxy passes on.
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

  void AddMethod(const pb::MethodDescriptor* descriptor, bool default_routes) {
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
    ReadOptions(&method, exposed, &errors_);
    if (method.in_bundle()) AddToBundle(method);
    if (routed) {
      const google::api::HttpRule rule =
          has_rule ? descriptor->options().GetExtension(google::api::http)
                   : DefaultRule(descriptor);
      for (ParsedRoute& parsed : RoutesOf(&method, rule, &errors_)) {
        parsed.route.is_default = !has_rule;
        AddRoute(&method, std::move(parsed));
      }
    }
    if (exposed) {
      method.validator =
          validators_.Compile(descriptor->input_type(), &errors_);
    }
  }

  void AddRoute(Method* method, ParsedRoute parsed) {
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
      errors_.Add(
          Where(method->descriptor->file(),
                PathOfOption(method->descriptor, google::api::http.number())),
          method->descriptor->full_name(),
          absl::StrCat("google.api.http: ", parsed.route.verb, " ",
                       parsed.route.path_template, " is already the route of ",
                       MethodPlace(had.method->descriptor), ", as ", had.verb,
                       " ", had.path_template));
      return;
    }
    schema_->routes_.push_back(std::move(parsed.route));
    method->routes.push_back(&schema_->routes_.back());
  }

  // Subscribers choose the streams of the bundle by these names.
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
  std::set<std::string> services_;  // asked for and not seen yet
  const std::shared_ptr<Schema> schema_{new Schema};
  PathRouterBuilder router_;
  ValidatorCompiler validators_;
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

}  // namespace sse_bridge
