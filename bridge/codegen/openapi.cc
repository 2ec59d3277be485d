#include "bridge/codegen/openapi.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/document_writer.h"
#include "bridge/codegen/openapi_parts.h"

namespace sse_bridge {

namespace {

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
      : schema_(schema), options_(options), texts_(schema), schemas_(schema) {}

  void Write(DocumentWriter* out) {
    PlanPaths();
    PlanBundle();
    out->Add("openapi", options_.version == Version::k32 ? "3.2.0" : "3.1.1");
    out->Add("info", texts_.Info(options_));
    const Json docs = texts_.ExternalDocs();
    if (!docs.is_null()) out->Add("externalDocs", docs);
    Json server = Json::object();
    server["url"] = options_.server;
    Json servers = Json::array();
    servers.push_back(std::move(server));
    out->Add("servers", servers);
    out->Add("tags", texts_.Tags(has_bundle_));
    out->Begin("paths");
    WritePaths(out);
    out->End();
    out->Begin("components");
    WriteComponents(schemas_, std::move(used_), out);
    out->Add("securitySchemes", SecuritySchemes());
    out->End();
  }

 private:
  struct PlannedOperation {
    const Route* route;
    const OpenApiPath* path;
    std::string verb;  // "get", or as it is if it is in additionalOperations
    bool additional;
    std::string id;
  };

  void WritePaths(DocumentWriter* out) {
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
      WritePath(key, item, out);
    }
    if (has_bundle_) WriteBundle(out);
  }

  void WritePath(const std::string& key, const Json& item,
                 DocumentWriter* out) {
    used_.AddAll(item);
    out->Add(key, item);
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
    operation["tags"] = texts_.TagsOf(method);
    operation["summary"] = method.texts.summary;
    const std::string description = Description(method);
    if (!description.empty()) operation["description"] = description;
    if (!method.texts.docs_url.empty()) {
      Json docs = Json::object();
      if (!method.texts.docs_description.empty()) {
        docs["description"] = Prose(method.texts.docs_description);
      }
      docs["url"] = method.texts.docs_url;
      operation["externalDocs"] = std::move(docs);
    }
    if (method.texts.deprecated) operation["deprecated"] = true;
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
    std::string id = method.texts.operation_id;
    if (id.empty()) {
      id = absl::StrCat(texts_.NameOf(method.descriptor->service()), "_",
                        method.descriptor->name());
    }
    const int n = ++operation_ids_[id];
    return n == 1 ? id : absl::StrCat(id, "_", n);
  }

  // The comment, and who may call.
  static std::string Description(const Method& method) {
    std::string text = Reflow(method.texts.description);
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

  // There is `/events`, unless the schema has its own route there.
  void PlanBundle() {
    std::set<std::string> names;
    for (const Method* method : schema_.methods()) {
      if (!method->server_streaming) continue;
      for (const Route* route : method->routes) {
        if (route->verb != "GET" && route->verb != "*") continue;
        const std::string name = method->in_bundle()
                                     ? method->stream.bundle().event()
                                     : method->descriptor->name();
        if (names.insert(name).second) bundle_.emplace_back(name, route);
        break;
      }
    }
    has_bundle_ = !bundle_.empty() && !planned_.contains(kBundlePath);
  }

  void WriteBundle(DocumentWriter* out) {
    Json item = Json::object();
    item["get"] = {
        {"operationId", "events"},
        {"tags", {kBundleTag}},
        {"summary", "Stream events of several streams"},
        {"description",
         "Several streams on one connection, which browsers limit to six per "
         "origin. Each event has the name of its stream."},
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
        {"responses", BundleResponses(bundle_, schemas_, options_.version)},
        {"security", BundleSecurity()}};
    WritePath(kBundlePath, item, out);
  }

  Json SecuritySchemes() const {
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
    return security;
  }

  const Schema& schema_;
  const OpenApiOptions& options_;
  const DocumentTexts texts_;
  const JsonSchemas schemas_;
  References used_;  // by the paths
  std::map<std::string, int> operation_ids_;
  std::map<std::string, OpenApiPath> by_shape_;
  std::vector<std::string> path_keys_;  // in the order of the document
  std::map<std::string, std::vector<PlannedOperation>> planned_;  // by key
  std::vector<std::pair<std::string, const Route*>> bundle_;
  bool has_bundle_ = false;
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
