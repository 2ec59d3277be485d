#include "bridge/codegen/openapi.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/document_writer.h"
#include "bridge/codegen/openapi_parts.h"

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

  void Write(DocumentWriter* out) {
    out->Add("openapi", options_.version == Version::k32 ? "3.2.0" : "3.1.1");
    out->Add("info", Info());
    Json server = Json::object();
    server["url"] = options_.server;
    Json servers = Json::array();
    servers.push_back(std::move(server));
    out->Add("servers", servers);
    out->Add("tags", Tags());
    out->Begin("paths");
    WritePaths(out);
    out->End();
    out->Begin("components");
    WriteComponents(out);
    out->End();
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

  struct PlannedOperation {
    const Route* route;
    const OpenApiPath* path;
    std::string verb;  // "get", or as it is if it is in additionalOperations
    bool additional;
    std::string id;
  };

  void WritePaths(DocumentWriter* out) {
    PlanPaths();
    for (const std::string& key : path_keys_) {
      Json item = Json::object();
      for (const PlannedOperation& each : planned_.at(key)) {
        Json operation = Operation(each);
        if (each.additional) {
          item[AdditionalOperations()][each.verb] = std::move(operation);
        } else {
          item[each.verb] = std::move(operation);
        }
      }
      out->Add(key, item);
    }
    WriteBundle(out);
  }

  // Decides which operations there are, in the order of the routes. Their
  // descriptions are made later, path by path, because they are large.
  void PlanPaths() {
    // A route for any verb comes last and gets the remaining verbs.
    for (const bool any_verb : {false, true}) {
      for (const Route* route : schema_.routes()) {
        if ((route->verb == "*") != any_verb) continue;
        const OpenApiPath own = PathOf(*route);
        const OpenApiPath& path =
            by_shape_.try_emplace(own.shape, own).first->second;
        const auto [item, is_new] = planned_.try_emplace(path.key);
        if (is_new) path_keys_.push_back(path.key);
        PlanRoute(*route, path, &item->second);
      }
    }
  }

  void PlanRoute(const Route& route, const OpenApiPath& path,
                 std::vector<PlannedOperation>* item) {
    const auto plan = [&](const std::string& verb, bool additional) {
      for (const PlannedOperation& had : *item) {
        if (had.verb == verb && had.additional == additional) return;
      }
      item->push_back(
          {&route, &path, verb, additional, OperationId(*route.method)});
    };
    const std::vector<std::string> verbs =
        route.verb == "*"
            ? std::vector<std::string>{"get", "put", "post", "delete", "patch"}
            : std::vector{absl::AsciiStrToLower(route.verb)};
    if (route.verb != "*" && !IsPathItemField(verbs[0])) {
      plan(route.verb, /*additional=*/true);
      return;
    }
    for (const std::string& verb : verbs) plan(verb, /*additional=*/false);
  }

  const char* AdditionalOperations() const {
    return options_.version == Version::k32 ? "additionalOperations"
                                            : "x-additionalOperations";
  }

  // Versions before 3.2 know only these verbs. Others are an extension there.
  bool IsPathItemField(absl::string_view verb) const {
    constexpr absl::string_view kFields[] = {
        "get", "put", "post", "delete", "options", "head", "patch", "trace"};
    return absl::c_linear_search(kFields, verb) ||
           (verb == "query" &&
            options_.version == OpenApiOptions::Version::k32);
  }

  Json Operation(const PlannedOperation& planned) {
    const Route& route = *planned.route;
    const Method& method = *route.method;
    Json operation;
    operation["operationId"] = planned.id;
    operation["tags"] = {Tag(method.descriptor->service())};
    if (!method.summary.empty()) operation["summary"] = method.summary;
    const std::string description = Description(method);
    if (!description.empty()) operation["description"] = description;
    if (method.descriptor->options().deprecated()) {
      operation["deprecated"] = true;
    }
    Json parameters =
        ParametersOf(route, *planned.path, schemas_, options_.version);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (planned.verb != "get") {
      Json body = RequestBodyOf(route, schemas_);
      if (!body.is_null()) operation["requestBody"] = std::move(body);
    }
    Json rules = OperationRulesOf(route, schemas_);
    if (!rules.empty()) operation["x-validation"] = std::move(rules);
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
  void WriteBundle(DocumentWriter* out) {
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
    if (streams.empty() || planned_.contains(kBundlePath)) return;
    Json item = Json::object();
    item["get"] = {
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
    out->Add(kBundlePath, item);
  }

  void WriteComponents(DocumentWriter* out) const {
    Json errors = ErrorSchemas();
    out->Begin("schemas");
    schemas_.ForEachComponent([&](const std::string& name, const Json& schema) {
      if (!errors.contains(name)) {
        out->Add(name, schema);
        return;
      }
      out->Add(name, errors[name]);
      errors.erase(name);
    });
    for (const auto& [name, schema] : errors.items()) out->Add(name, schema);
    out->End();
    out->Add("responses", ErrorResponses());
    const Json parameters = {
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
    out->Add("parameters", parameters);
    Json security = Json::object();
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
    out->Add("securitySchemes", security);
  }

  const Schema& schema_;
  const OpenApiOptions& options_;
  const JsonSchemas schemas_;
  std::vector<const pb::ServiceDescriptor*> services_;
  std::map<std::string, int> names_;  // of services
  std::map<std::string, int> operation_ids_;
  std::map<std::string, OpenApiPath> by_shape_;
  std::vector<std::string> path_keys_;  // in the order of the document
  std::map<std::string, std::vector<PlannedOperation>> planned_;  // by key
};

}  // namespace

std::string MakeOpenApi(const Schema& schema, const OpenApiOptions& options,
                        OpenApiFormat format) {
  const std::unique_ptr<DocumentWriter> writer =
      format == OpenApiFormat::kYaml
          ? NewYamlWriter()
          : NewJsonWriter(/*compact=*/format == OpenApiFormat::kCompactJson);
  Document(schema, options).Write(writer.get());
  return writer->Finish();
}

}  // namespace sse_bridge
