#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bridge/codegen/json_form.h"
#include "bridge/codegen/openapi_parts.h"
#include "bridge/codegen/route_form.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/raw_bodies.h"
#include "bridge/schema/rule_texts.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// If nested messages produce more parameters than this, they are not intended
// for a query.
constexpr size_t kMaxQueryParameters = 200;

std::string PathText(const FieldPath& path, const sse::v1::Json& json) {
  return absl::StrJoin(path, ".", [&](std::string* out, auto* field) {
    out->append(JsonName(field, json));
  });
}

bool HasTextForm(const pb::FieldDescriptor* field) {
  if (field->is_map()) return HasTextForm(field->message_type()->map_value());
  switch (KindOf(field)) {
    case JsonKind::kMessage:
    case JsonKind::kAny:
    case JsonKind::kStruct:
    case JsonKind::kValue:
    case JsonKind::kListValue:
      return false;
    default:
      return true;
  }
}

// The fields that the client cannot set in query or body.
std::vector<FieldPath> TakenFields(const Route& route) {
  std::vector<FieldPath> taken = route.resolved_path_fields;
  if (!route.method->subject_into.empty()) {
    taken.push_back(route.method->subject_into);
  }
  return taken;
}

// Adds rules of the field at `path`; those of the whole request have no path.
void NameRulesOf(const FieldPath& path, const sse::v1::Json& json,
                 const std::vector<RuleText>& rules, Json* out) {
  for (const RuleText& each : rules) {
    Json rule = {
        {"id", each.id},
        {"message", absl::StrCat(PathText(path, json), path.empty() ? "" : ": ",
                                 each.text)}};
    if (!each.expression.empty()) rule["expression"] = each.expression;
    out->push_back(std::move(rule));
  }
}

class QueryParameters {
 public:
  QueryParameters(const Route& route, const JsonSchemas& schemas)
      : route_(route), schemas_(schemas), taken_(TakenFields(route)) {}

  Json All() {
    Add(route_.method->descriptor->input_type());
    return std::move(out_);
  }

  // The rules of messages, which are no parameters.
  Json Rules() {
    Add(route_.method->descriptor->input_type());
    return std::move(rules_);
  }

 private:
  void Add(const pb::Descriptor* type) {
    // A recursive type has infinitely many fields.
    if (!open_.insert(type).second) return;
    Name(schemas_.texts()->OfMessage(type));
    for (const pb::FieldDescriptor* field : FieldsOf(type)) {
      if (field->is_extension() || out_.size() >= kMaxQueryParameters) continue;
      path_.push_back(field);
      AddField(field);
      path_.pop_back();
    }
    open_.erase(type);
  }

  void AddField(const pb::FieldDescriptor* field) {
    if (path_ == route_.body_path) return;
    if (std::find(taken_.begin(), taken_.end(), path_) != taken_.end()) return;
    if (!HasTextForm(field)) {
      if (KindOf(field) == JsonKind::kMessage && !field->is_repeated()) {
        const FieldRuleTexts rules = schemas_.texts()->OfField(field);
        if (rules.required) Name({{"required", "", kRequiredMessage, ""}});
        Name(rules.value);
        Add(field->message_type());
      }
      return;
    }
    const sse::v1::Json& json = route_.method->json;
    Json schema = schemas_.Field(field, true, JsonBits(json));
    Json parameter = {{"name", PathText(path_, json)}, {"in", "query"}};
    if (schema.contains("description")) {
      parameter["description"] = schema["description"];
      schema.erase("description");
    }
    if (path_.size() == 1 && schemas_.IsRequired(field)) {
      parameter["required"] = true;
    }
    if (field->is_map()) {  // name[key]=value
      parameter["style"] = "deepObject";
      parameter["explode"] = true;
    }
    parameter["schema"] = std::move(schema);
    out_.push_back(std::move(parameter));
  }

  void Name(const std::vector<RuleText>& rules) {
    NameRulesOf(path_, route_.method->json, rules, &rules_);
  }

  const Route& route_;
  const JsonSchemas& schemas_;
  const std::vector<FieldPath> taken_;
  std::set<const pb::Descriptor*> open_;
  FieldPath path_;
  Json out_ = Json::array();
  Json rules_ = Json::array();
};

Json PathParameter(const Route& route, const std::string& name,
                   const OpenApiPath::Variable& variable,
                   const JsonSchemas& schemas,
                   OpenApiOptions::Version version) {
  Json parameter = {{"name", name}, {"in", "path"}};
  Json schema = {{"type", "string"}};
  std::string description;
  if (variable.field >= 0) {
    const FieldPath& path = route.resolved_path_fields[variable.field];
    const sse::v1::Json& json = route.method->json;
    if (variable.whole) {
      schema = schemas.Field(path.back(), true, JsonBits(json));
      description = schema.value("description", "");
      absl::StripTrailingAsciiWhitespace(&description);
      schema.erase("description");
      if (name != PathText(path, json)) {
        absl::StrAppend(&description, description.empty() ? "" : " ",
                        "The field `", PathText(path, json), "`.");
      }
    } else {
      description =
          absl::StrCat("A part of the field `", PathText(path, json), "`.");
    }
  }
  if (variable.segments) {
    absl::StrAppend(&description, description.empty() ? "" : " ",
                    "May contain slashes and may be empty.");
  }
  if (!description.empty()) parameter["description"] = description;
  parameter["required"] = true;
  if (variable.segments && version == OpenApiOptions::Version::k32) {
    parameter["allowReserved"] = true;
  }
  parameter["schema"] = std::move(schema);
  return parameter;
}

}  // namespace

OpenApiPath PathOf(const Route& route) {
  OpenApiPath path;
  const std::vector<PathPiece> pieces = PiecesOf(route);
  std::vector<int> used(route.path_fields.size(), 0);
  int wildcards = 0;
  std::set<std::string> names;
  for (const PathPiece& piece : pieces) {
    if (piece.kind == PathPiece::Kind::kLiteral) {
      path.key += piece.text;
      path.shape += piece.text;
      continue;
    }
    OpenApiPath::Variable variable;
    variable.field = piece.variable;
    variable.segments = piece.kind == PathPiece::Kind::kSegments;
    variable.whole =
        piece.variable >= 0 &&
        std::count_if(pieces.begin(), pieces.end(), [&](const PathPiece& p) {
          return p.variable == piece.variable;
        }) == 1;
    if (piece.variable < 0) {
      variable.name = absl::StrCat("wildcard_", ++wildcards);
    } else {
      // Many tools take no dot here.
      variable.name = absl::StrReplaceAll(
          PathText(route.resolved_path_fields[piece.variable],
                   route.method->json),
          {{".", "_"}});
      if (!variable.whole) {
        absl::StrAppend(&variable.name, "_", ++used[piece.variable]);
      }
      while (!names.insert(variable.name).second) variable.name += "_";
    }
    absl::StrAppend(&path.key, "{", variable.name, "}");
    path.shape += "{}";
    path.variables.push_back(std::move(variable));
  }
  return path;
}

Json ParametersOf(const Route& route, const OpenApiPath& path,
                  const JsonSchemas& schemas, OpenApiOptions::Version version) {
  Json parameters = Json::array();
  const OpenApiPath own = PathOf(route);
  for (size_t i = 0; i < own.variables.size(); ++i) {
    parameters.push_back(PathParameter(route, path.variables[i].name,
                                       own.variables[i], schemas, version));
  }
  if (route.body != "*") {
    for (Json& each : QueryParameters(route, schemas).All()) {
      parameters.push_back(std::move(each));
    }
  }
  if (route.method->server_streaming && !route.method->id_from.empty()) {
    parameters.push_back(Component("parameters", "LastEventIdHeader"));
    parameters.push_back(Component("parameters", "LastEventIdQuery"));
  }
  return parameters;
}

Json OperationRulesOf(const Route& route, const JsonSchemas& schemas) {
  Json rules = Json::array();
  std::set<int> named;
  for (const OpenApiPath::Variable& variable : PathOf(route).variables) {
    if (variable.field < 0 || variable.whole ||
        !named.insert(variable.field).second) {
      continue;
    }
    const FieldPath& path = route.resolved_path_fields[variable.field];
    NameRulesOf(path, route.method->json,
                schemas.texts()->OfField(path.back()).value, &rules);
  }
  if (route.body != "*") {
    for (Json& each : QueryParameters(route, schemas).Rules()) {
      rules.push_back(std::move(each));
    }
  }
  return rules;
}

Json RequestBodyOf(const Route& route, const JsonSchemas& schemas) {
  if (route.body.empty() || route.verb == "GET") return nullptr;
  const int json = JsonBits(route.method->json);
  const pb::Descriptor* request = route.method->descriptor->input_type();
  const std::vector<FieldPath> taken = TakenFields(route);
  if (IsRawBody(route)) {
    return {{"required", false},
            {"content", {{"*/*", {{"schema", Json::object()}}}}}};
  }
  Json schema;
  bool required = false;  // without a body the message is empty
  if (route.body_field != nullptr) {
    std::vector<FieldPath> below;
    for (const FieldPath& path : taken) {
      if (path.size() >= route.body_path.size() &&
          std::equal(route.body_path.begin(), route.body_path.end(),
                     path.begin())) {
        below.emplace_back(path.begin() + (route.body_path.size() - 1),
                           path.end());
      }
    }
    schema = schemas.FieldWithout(route.body_field, json, below);
    required =
        schemas.IsRequired(route.body_field) &&
        std::find(taken.begin(), taken.end(), route.body_path) == taken.end();
  } else {
    schema = schemas.RequestWithout(request, json, taken);
    required = taken.empty() && schemas.RejectsEmpty(request);
    for (const pb::FieldDescriptor* field : FieldsOf(request)) {
      if (schemas.IsRequired(field) &&
          std::find(taken.begin(), taken.end(), FieldPath{field}) ==
              taken.end()) {
        required = true;
      }
    }
  }
  return {{"required", required},
          {"content", {{"application/json", {{"schema", schema}}}}}};
}

}  // namespace sse_bridge
