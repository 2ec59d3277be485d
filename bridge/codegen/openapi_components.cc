// components/: what the paths refer to, and nothing else.

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/codegen/openapi_parts.h"

namespace sse_bridge {

namespace {

Json Parameters() {
  Json header = {{"name", "Last-Event-ID"},
                 {"in", "header"},
                 {"description", "Resume after the event with this id."},
                 {"schema", {{"type", "string"}, {"maxLength", 8000}}}};
  Json query = {{"name", "last_event_id"},
                {"in", "query"},
                {"description",
                 "Same as Last-Event-ID, for clients that cannot set headers."},
                {"schema", {{"type", "string"}, {"maxLength", 4096}}}};
  Json parameters = Json::object();
  parameters["LastEventIdHeader"] = std::move(header);
  parameters["LastEventIdQuery"] = std::move(query);
  return parameters;
}

// Removes the members that nothing refers to.
Json UsedOf(const char* kind, const Json& members, const References& used) {
  Json out = Json::object();
  for (const auto& [name, value] : members.items()) {
    if (used.Contains(kind, name)) out[name] = value;
  }
  return out;
}

}  // namespace

void References::AddAll(const Json& value) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (key == "$ref" && member.is_string()) {
        found_.insert(member.get_ref<const std::string&>());
      } else {
        AddAll(member);
      }
    }
  } else if (value.is_array()) {
    for (const Json& item : value) AddAll(item);
  }
}

bool References::Contains(const std::string& kind,
                          const std::string& name) const {
  return found_.contains(absl::StrCat("#/components/", kind, "/", name));
}

void References::Close(const std::map<std::string, References>& below) {
  std::vector<std::string> open(found_.begin(), found_.end());
  while (!open.empty()) {
    const auto next = below.find(open.back());
    open.pop_back();
    if (next == below.end()) continue;
    for (const std::string& each : next->second.found_) {
      if (found_.insert(each).second) open.push_back(each);
    }
  }
}

void WriteComponents(const JsonSchemas& schemas, References used,
                     DocumentWriter* out) {
  Json own = ErrorSchemas(schemas);
  own.update(EventSchemas());
  const Json responses = ErrorResponses();
  std::map<std::string, References> below;
  const auto note = [&below](const char* kind, const std::string& name,
                             const Json& value) {
    References refs;
    refs.AddAll(value);
    below.emplace(absl::StrCat("#/components/", kind, "/", name),
                  std::move(refs));
  };
  for (const auto& [name, each] : own.items()) note("schemas", name, each);
  for (const auto& [name, each] : responses.items()) {
    note("responses", name, each);
  }
  // The schemas are made twice, because all of a large document's do not fit in
  // memory.
  schemas.ForEachComponent([&](const std::string& name, const Json& schema) {
    note("schemas", name, schema);
  });
  used.Close(below);

  out->Begin("schemas");
  schemas.ForEachComponent([&](const std::string& name, const Json& schema) {
    if (!used.Contains("schemas", name)) return;
    if (!own.contains(name)) {
      out->Add(name, schema);
      return;
    }
    out->Add(name, own[name]);
    own.erase(name);
  });
  for (const auto& [name, schema] : own.items()) {
    if (used.Contains("schemas", name)) out->Add(name, schema);
  }
  out->End();
  out->Add("responses", UsedOf("responses", responses, used));
  const Json parameters = UsedOf("parameters", Parameters(), used);
  if (!parameters.empty()) out->Add("parameters", parameters);
}

}  // namespace sse_bridge
