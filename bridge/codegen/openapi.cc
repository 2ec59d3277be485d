#include "bridge/codegen/openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/openapi_parts.h"
#include "bridge/codegen/yaml.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using Version = OpenApiOptions::Version;

constexpr char kBundlePath[] = "/events";
constexpr char kBearer[] = "bearer";
constexpr char kCookie[] = "cookie";

// Beyond this number, alternatives of scopes and roles are described only in
// text.
constexpr size_t kMaxAlternatives = 16;

// Prefix of roles in a security requirement; other names are scopes.
constexpr char kRolePrefix[] = "role:";

class Document {
 public:
  Document(const Schema& schema, const OpenApiOptions& options)
      : schema_(schema), options_(options), schemas_(schema) {
    for (const Method* method : schema.methods()) {
      if (method->routes.empty()) continue;
      const pb::ServiceDescriptor* service = method->descriptor->service();
      if (std::find(services_.begin(), services_.end(), service) ==
          services_.end()) {
        services_.push_back(service);
        ++names_[service->name()];
      }
    }
  }

  Json Build() {
    Json document;
    document["openapi"] = options_.version == Version::k32 ? "3.2.0" : "3.1.1";
    document["info"] = Info();
    document["servers"] = {{{"url", options_.server}}};
    document["tags"] = Tags();
    document["paths"] = Paths();
    document["components"] = Components();
    return document;
  }

 private:
  Json Info() const {
    std::vector<std::string> packages;
    for (const pb::ServiceDescriptor* service : services_) {
      const std::string& package = service->file()->package();
      if (std::find(packages.begin(), packages.end(), package) ==
          packages.end()) {
        packages.push_back(package);
      }
    }
    std::string title = options_.title;
    if (title.empty()) title = absl::StrJoin(packages, ", ");
    if (title.empty()) title = std::string("sse-bridge");
    std::string version = options_.api_version;
    if (version.empty() && !packages.empty()) {
      version = packages[0].substr(packages[0].rfind('.') + 1);
    }
    if (version.empty()) version.push_back('1');
    return {{"title", title},
            {"version", version},
            {"description",
             "gRPC services as JSON and Server-Sent Events. Requests accept "
             "JSON names and proto names of fields."}};
  }

  // Services with the same name in two packages use their full names.
  std::string Tag(const pb::ServiceDescriptor* service) const {
    return names_.at(service->name()) == 1 ? service->name()
                                           : service->full_name();
  }

  Json Tags() const {
    Json tags = Json::array();
    for (const pb::ServiceDescriptor* service : services_) {
      Json tag = {{"name", Tag(service)}};
      const std::string comment = CommentOf(service);
      if (!comment.empty()) tag["description"] = Prose(comment);
      tags.push_back(std::move(tag));
    }
    return tags;
  }

  Json Paths() {
    Json paths = Json::object();
    std::map<std::string, OpenApiPath> by_shape;
    // A route for any verb comes last and gets the remaining verbs.
    for (const bool any_verb : {false, true}) {
      for (const Route* route : schema_.routes()) {
        if ((route->verb == "*") != any_verb) continue;
        const OpenApiPath own = PathOf(*route);
        const OpenApiPath& path =
            by_shape.try_emplace(own.shape, own).first->second;
        AddRoute(*route, path, &paths[path.key]);
      }
    }
    AddBundle(&paths);
    return paths;
  }

  void AddRoute(const Route& route, const OpenApiPath& path, Json* item) {
    const std::vector<std::string> verbs =
        route.verb == "*"
            ? std::vector<std::string>{"get", "put", "post", "delete", "patch"}
            : std::vector{absl::AsciiStrToLower(route.verb)};
    if (route.verb != "*" && !IsPathItemField(verbs[0])) {
      Json& others = (*item)[options_.version == OpenApiOptions::Version::k32
                                 ? "additionalOperations"
                                 : "x-additionalOperations"];
      if (!others.contains(route.verb)) {
        others[route.verb] = Operation(route, verbs[0], path);
      }
      return;
    }
    for (const std::string& verb : verbs) {
      if (!item->contains(verb)) {
        (*item)[verb] = Operation(route, verb, path);
      }
    }
  }

  // Versions before 3.2 know only these verbs. Others are an extension there.
  bool IsPathItemField(absl::string_view verb) const {
    constexpr absl::string_view kFields[] = {
        "get", "put", "post", "delete", "options", "head", "patch", "trace"};
    return absl::c_linear_search(kFields, verb) ||
           (verb == "query" &&
            options_.version == OpenApiOptions::Version::k32);
  }

  Json Operation(const Route& route, const std::string& verb,
                 const OpenApiPath& path) {
    const Method& method = *route.method;
    Json operation;
    operation["operationId"] = OperationId(method);
    operation["tags"] = {Tag(method.descriptor->service())};
    if (!method.summary.empty()) operation["summary"] = method.summary;
    const std::string description = Description(method);
    if (!description.empty()) operation["description"] = description;
    if (method.descriptor->options().deprecated()) {
      operation["deprecated"] = true;
    }
    Json parameters = ParametersOf(route, path, schemas_, options_.version);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (verb != "get") {
      Json body = RequestBodyOf(route, schemas_);
      if (!body.is_null()) operation["requestBody"] = std::move(body);
    }
    operation["responses"] = ResponsesOf(route, schemas_, options_.version);
    operation["security"] = Security(method.access);
    return operation;
  }

  std::string OperationId(const Method& method) {
    std::string id = absl::StrCat(Tag(method.descriptor->service()), "_",
                                  method.descriptor->name());
    const int n = ++operation_ids_[id];
    return n == 1 ? id : absl::StrCat(id, "_", n);
  }

  // The part of the comment that is not in the summary, and who may call.
  static std::string Description(const Method& method) {
    std::string text = Reflow(method.description);
    if (text == method.summary) text.clear();
    const auto group = [](const sse::v1::AnyOf& names) {
      return absl::StrCat("`", absl::StrJoin(names.any_of(), "` or `"), "`");
    };
    std::vector<std::string> needs;
    for (const auto& scopes : method.access.scopes()) {
      needs.push_back(absl::StrCat("the scope ", group(scopes)));
    }
    for (const auto& roles : method.access.roles()) {
      needs.push_back(absl::StrCat("the role ", group(roles)));
    }
    if (!needs.empty()) {
      absl::StrAppend(&text, text.empty() ? "" : "\n\n", "Needs ",
                      absl::StrJoin(needs, ", and "), ".");
    }
    return Prose(text);
  }

  // Every group must be met by one of its names: OpenAPI lists all
  // combinations.
  Json Security(const sse::v1::Access& access) const {
    if (!access.authenticated()) return Json::array();
    std::vector<std::vector<std::string>> alternatives = {{}};
    const auto add = [&](const auto& groups, const std::string& prefix) {
      for (const sse::v1::AnyOf& group : groups) {
        std::vector<std::vector<std::string>> more;
        for (const auto& had : alternatives) {
          for (const std::string& name : group.any_of()) {
            more.push_back(had);
            more.back().push_back(prefix + name);
          }
        }
        if (more.size() > kMaxAlternatives) return;
        alternatives = std::move(more);
      }
    };
    add(access.scopes(), "");
    add(access.roles(), kRolePrefix);
    Json security = Json::array();
    for (const char* scheme : {kBearer, kCookie}) {
      if (scheme == kCookie && options_.auth_cookie.empty()) continue;
      for (const auto& names : alternatives) {
        Json requirement;
        requirement[scheme] = names;
        security.push_back(std::move(requirement));
      }
    }
    return security;
  }

  // Bundling public streams needs no token; other streams do.
  Json BundleSecurity() {
    sse::v1::Access access;
    access.set_authenticated(true);
    Json security = Security(access);
    security.insert(security.begin(), Json::object());
    return security;
  }

  // Adds `/events`, unless the schema has its own route there.
  void AddBundle(Json* paths) {
    std::vector<std::pair<std::string, const Route*>> streams;
    std::set<std::string> names;
    for (const Method* method : schema_.methods()) {
      if (!method->server_streaming) continue;
      for (const Route* route : method->routes) {
        if (route->verb != "GET" && route->verb != "*") continue;
        const std::string name = method->in_bundle()
                                     ? method->stream.bundle().event()
                                     : method->descriptor->name();
        if (names.insert(name).second) streams.emplace_back(name, route);
        break;
      }
    }
    if (streams.empty() || paths->contains(kBundlePath)) return;
    (*paths)[kBundlePath]["get"] = {
        {"operationId", "events"},
        {"tags", {"events"}},
        {"summary", "Several streams on one connection."},
        {"parameters",
         {{{"name", "stream"},
           {"in", "query"},
           {"description",
            "A stream's path and query, as `PATH` or `NAME:PATH`; default: the "
            "streams that the schema selects."},
           {"schema",
            {{"type", "array"},
             {"maxItems", 32},
             {"items", {{"type", "string"}}}}},
           {"examples", {{"named", {{"value", {"mine:/tasks/7/progress"}}}}}}},
          Component("parameters", "LastEventIdHeader"),
          Component("parameters", "LastEventIdQuery")}},
        {"responses", BundleResponses(streams, schemas_, options_.version)},
        {"security", BundleSecurity()}};
  }

  Json Components() const {
    Json components;
    Json schemas = schemas_.Components();
    schemas.update(ErrorSchemas());
    components["schemas"] = std::move(schemas);
    components["responses"] = ErrorResponses();
    components["parameters"] = {
        {"LastEventIdHeader",
         {{"name", "Last-Event-ID"},
          {"in", "header"},
          {"description", "Resume after the event with this id."},
          {"schema", {{"type", "string"}, {"maxLength", 8000}}}}},
        {"LastEventIdQuery",
         {{"name", "last_event_id"},
          {"in", "query"},
          {"description",
           "Same as Last-Event-ID, for clients that cannot set headers."},
          {"schema", {{"type", "string"}, {"maxLength", 4096}}}}}};
    Json& security = components["securitySchemes"];
    security[kBearer] = {
        {"type", "http"},
        {"scheme", "bearer"},
        {"bearerFormat", "JWT"},
        {"description",
         "Requirements name scopes (claim `scope`); those that begin with "
         "`role:` are roles (claim `roles`)."}};
    if (!options_.auth_cookie.empty()) {
      security[kCookie] = {
          {"type", "apiKey"}, {"in", "cookie"}, {"name", options_.auth_cookie}};
    }
    return components;
  }

  const Schema& schema_;
  const OpenApiOptions& options_;
  const JsonSchemas schemas_;
  std::vector<const pb::ServiceDescriptor*> services_;
  std::map<std::string, int> names_;  // of services
  std::map<std::string, int> operation_ids_;
};

}  // namespace

std::string MakeOpenApi(const Schema& schema, const OpenApiOptions& options,
                        OpenApiFormat format) {
  const Json document = Document(schema, options).Build();
  if (format == OpenApiFormat::kYaml) return ToYaml(document);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sse_bridge
