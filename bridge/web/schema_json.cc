#include "bridge/web/schema_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/event_names.h"
#include "bridge/codegen/route_form.h"
#include "bridge/codegen/ts_names.h"
#include "bridge/schema/field_features.h"
#include "bridge/schema/raw_bodies.h"
#include "bridge/schema/rule_texts.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;
using Json = nlohmann::ordered_json;

// Sets a member unless the value is empty.
void Set(Json* object, const char* name, const std::string& text) {
  if (!text.empty()) (*object)[name] = text;
}
void Set(Json* object, const char* name, bool value) {
  if (value) (*object)[name] = true;
}
void Set(Json* object, const char* name, Json value) {
  if (!value.empty()) (*object)[name] = std::move(value);
}

template <typename Descriptor>
std::string Comment(const Descriptor& descriptor) {
  pb::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  return std::string(absl::StripAsciiWhitespace(
      location.leading_comments.empty() ? location.trailing_comments
                                        : location.leading_comments));
}

template <typename Groups>
Json GroupsJson(const Groups& groups) {
  Json list = Json::array();
  for (const auto& group : groups) list.push_back(Json(group.any_of()));
  return list;
}

// The rules that hold for the field, for a form that checks them.
Json RulesJson(const pb::FieldDescriptor& field) {
  if (!field.options().HasExtension(buf::validate::field)) return Json();
  const buf::validate::Ignore ignore = IgnoreOf(&field);
  if (ignore == buf::validate::IGNORE_ALWAYS) return Json();
  buf::validate::FieldRules rules =
      field.options().GetExtension(buf::validate::field);
  if (ignore != buf::validate::IGNORE_UNSPECIFIED) rules.set_ignore(ignore);
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = pb::util::MessageToJsonString(rules, &text, options);
  return status.ok() ? Json::parse(text, nullptr, false) : Json();
}

void AddTexts(const std::vector<RuleText>& rules, Json* texts) {
  for (const RuleText& each : rules) {
    Json& text = (*texts)[each.rule];
    text = text.is_null()
               ? each.text
               : absl::StrCat(text.get<std::string>(), "; ", each.text);
  }
}

// The texts of a field's rules, by their paths.
Json TextsJson(const FieldRuleTexts& rules) {
  Json texts = Json::object();
  if (rules.required) texts["required"] = kRequiredMessage;
  AddTexts(rules.whole, &texts);
  AddTexts(rules.keys, &texts);
  AddTexts(rules.value, &texts);
  return texts;
}

// Comments in a descriptor set may be invalid UTF-8.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Writes {"KEY":VALUE,...}; the values are already JSON.
std::string ObjectText(const std::map<std::string, std::string>& members) {
  std::string out = "{";
  for (const auto& [key, value] : members) {
    absl::StrAppend(&out, out.size() > 1 ? "," : "", Text(Json(key)), ":",
                    value);
  }
  out.push_back('}');
  return out;
}

// Collects the types that messages can contain. Keeps them as text: for a large
// schema, a tree of JSON has ten times the size.
class Types {
 public:
  void Add(const pb::Descriptor* root) {
    std::vector<const pb::Descriptor*> waiting = {root};
    while (!waiting.empty()) {
      const pb::Descriptor* type = waiting.back();
      waiting.pop_back();
      if (!seen_.insert(type->full_name()).second) continue;
      Json fields = Json::array();
      for (int i = 0; i < type->field_count(); ++i) {
        fields.push_back(FieldJson(*type->field(i), &waiting));
      }
      messages_[type->full_name()] = Text(fields);
      Json rules = Json::array();
      for (const RuleText& each : texts_.OfMessage(type)) {
        rules.push_back(each.text);
      }
      if (!rules.empty()) message_rules_[type->full_name()] = Text(rules);
    }
  }

  const std::map<std::string, std::string>& messages() const {
    return messages_;
  }
  const std::map<std::string, std::string>& message_rules() const {
    return message_rules_;
  }
  const std::map<std::string, std::string>& enums() const { return enums_; }

 private:
  Json FieldJson(const pb::FieldDescriptor& field,
                 std::vector<const pb::Descriptor*>* waiting) {
    Json json = {{"name", field.name()}};
    if (field.json_name() != field.name())
      json["json_name"] = field.json_name();
    const pb::FieldDescriptor* value = &field;
    if (field.is_map()) {
      json["map"] = field.message_type()->map_key()->type_name();
      value = field.message_type()->map_value();
    } else {
      Set(&json, "repeated", field.is_repeated());
    }
    json["type"] = value->type_name();
    if (value->message_type() != nullptr) {
      json["type_name"] = value->message_type()->full_name();
      waiting->push_back(value->message_type());
    } else if (value->enum_type() != nullptr) {
      json["type_name"] = value->enum_type()->full_name();
      AddEnum(*value->enum_type());
    }
    if (const pb::OneofDescriptor* oneof = field.real_containing_oneof();
        oneof != nullptr) {
      json["oneof"] = oneof->name();
    } else {
      Set(&json, "optional",
          HasPresence(&field) && field.message_type() == nullptr);
    }
    Set(&json, "comment", Comment(field));
    Set(&json, "rules", RulesJson(field));
    Set(&json, "texts", TextsJson(texts_.OfField(&field)));
    return json;
  }

  void AddEnum(const pb::EnumDescriptor& type) {
    std::string& text = enums_[type.full_name()];
    if (!text.empty()) return;
    Json names = Json::array();
    for (int i = 0; i < type.value_count(); ++i) {
      names.push_back(type.value(i)->name());
    }
    text = Text(names);
  }

  std::set<std::string> seen_;
  RuleTexts texts_;
  std::map<std::string, std::string> messages_;       // as JSON
  std::map<std::string, std::string> message_rules_;  // as JSON
  std::map<std::string, std::string> enums_;          // as JSON
};

Json RouteJson(const Route& route) {
  Json json = {{"verb", route.verb}, {"path", route.path_template}};
  Set(&json, "body", route.body);
  Set(&json, "raw_body", IsRawBody(route));
  Set(&json, "path_fields", Json(route.path_fields));
  return json;
}

Json AccessJson(const sse::v1::Access& access) {
  Json json = Json::object();
  Set(&json, "authenticated", access.authenticated());
  Set(&json, "scopes", GroupsJson(access.scopes()));
  Set(&json, "roles", GroupsJson(access.roles()));
  Set(&json, "subject_into", access.subject_into());
  Set(&json, "public", access.public_());
  return json;
}

// The names that the schema gives to events. An open enum may have others.
Json EventsJson(const Method& method) {
  if (method.event_from.empty()) return Json();
  if (const auto names = EventNames(method); names.has_value()) return *names;
  Json known = Json::array();
  if (const pb::EnumDescriptor* type = method.event_from.back()->enum_type()) {
    for (int i = 0; i < type->value_count(); ++i) {
      known.push_back(EventNameOfData(type->value(i)->name()));
    }
  }
  return known;
}

Json StreamJson(const Method& method) {
  Json json = Json::object();
  Set(&json, "event", method.stream.event());
  Set(&json, "event_from", method.stream.event_from());
  Set(&json, "events", EventsJson(method));
  Set(&json, "id_from", method.stream.id_from());
  Set(&json, "resume_into", method.stream.resume_into());
  if (method.in_bundle()) Set(&json, "bundle", method.stream.bundle().event());
  Set(&json, "only_to", method.stream.only_to());
  Set(&json, "not_to", method.stream.not_to());
  if (method.admission != nullptr) {
    Json admission = {{"enter", method.admission->enter.method->full_name()}};
    Set(&admission, "greeting", method.stream.admission().greeting());
    json["admission"] = std::move(admission);
  }
  return json;
}

Json MethodJson(const Method& method, const TsServiceNames& client) {
  Json json = {{"name", method.descriptor->name()},
               {"full_name", method.descriptor->full_name()}};
  Set(&json, "streaming", method.server_streaming);
  Set(&json, "summary", method.texts.summary);
  Set(&json, "description", method.texts.description);
  json["client"] = absl::StrCat(client.Member(method.descriptor->service()),
                                ".", client.Method(method.descriptor));
  Set(&json, "json_names", !method.json.preserve_proto_field_names());
  for (const Route* route : method.routes) {
    json["routes"].push_back(RouteJson(*route));
  }
  json["request"] = method.descriptor->input_type()->full_name();
  json["response"] = method.descriptor->output_type()->full_name();
  Set(&json, "access", AccessJson(method.access));
  if (method.server_streaming) Set(&json, "stream", StreamJson(method));
  return json;
}

}  // namespace

std::string SchemaJson(const Schema& schema) {
  std::vector<std::string> services;  // as JSON, until the end of "methods"
  std::map<std::string, size_t> indexes;
  Types types;
  const TsServiceNames client(schema);
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    const pb::ServiceDescriptor& service = *method->descriptor->service();
    const auto [index, is_new] =
        indexes.emplace(service.full_name(), services.size());
    if (is_new) {
      Json json = {{"name", service.full_name()}};
      Set(&json, "comment", Comment(service));
      services.push_back(Text(json));
      services.back().pop_back();
      services.back() += ",\"methods\":[";
    }
    absl::StrAppend(&services[index->second], is_new ? "" : ",",
                    Text(MethodJson(*method, client)));
    types.Add(method->descriptor->input_type());
  }
  std::string out = "{\"version\":\"" SSE_BRIDGE_VERSION "\",\"services\":[";
  for (size_t i = 0; i < services.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : ",", services[i], "]}");
  }
  absl::StrAppend(&out, "],\"messages\":", ObjectText(types.messages()),
                  ",\"enums\":", ObjectText(types.enums()));
  if (!types.message_rules().empty()) {
    absl::StrAppend(&out,
                    ",\"message_rules\":", ObjectText(types.message_rules()));
  }
  for (size_t i = 0; i < schema.unserved().size(); ++i) {
    const UnservedMethod& unserved = schema.unserved()[i];
    const Json json = {{"method", unserved.name},
                       {"where", unserved.where},
                       {"reason", std::string(unserved.why.message())}};
    absl::StrAppend(&out, i == 0 ? ",\"not_served\":[" : ",", Text(json));
  }
  if (!schema.unserved().empty()) out.push_back(']');
  out += "}\n";
  return out;
}

}  // namespace sse_bridge
