#include "bridge/schema/service_config_writer.h"

#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/access_options.h"
#include "bridge/schema/option_origin.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Further errors are not reported.
constexpr size_t kMaxConfigErrors = 100;

template <typename Options>
bool HasOption(const Options& options, int number) {
  const pb::UnknownFieldSet& unknown = options.unknown_fields();
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() == number) return true;
  }
  return false;
}

// Returns false if the value is not an Access. Adds to `access`.
template <typename Options>
bool ReadAccessOption(const Options& options, int number,
                      sse::v1::Access* access) {
  const pb::UnknownFieldSet& unknown = options.unknown_fields();
  for (int i = 0; i < unknown.field_count(); ++i) {
    const pb::UnknownField& field = unknown.field(i);
    if (field.number() != number) continue;
    if (field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED ||
        !access->MergeFromString(field.length_delimited())) {
      return false;
    }
  }
  return true;
}

template <typename Element>
void SetOption(int number, const pb::MessageLite& value, Element* element) {
  pb::UnknownFieldSet* unknown =
      element->mutable_options()->mutable_unknown_fields();
  unknown->DeleteByNumber(number);
  unknown->AddLengthDelimited(number, value.SerializeAsString());
}

template <typename Element>
bool HasEmptyOptions(const Element& element) {
  return element.has_options() && element.options().ByteSizeLong() == 0;
}

// Returns "FILE:LINE: PATH" of a key of the rule, or of the rule itself if
// `key` is empty.
std::string OriginOf(const ServiceConfig::Rule& rule, absl::string_view key) {
  return absl::StrCat(rule.where, ": ", rule.path, key.empty() ? "" : ".", key);
}

SourcePath Extend(SourcePath path, std::initializer_list<int> more) {
  path.insert(path.end(), more);
  return path;
}

// Adds the conditions of a configuration to those of the schema. Returns why
// that is impossible, or "".
std::string AddConditions(const sse::v1::Access& more,
                          sse::v1::Access* access) {
  if (more.public_()) {
    if (access->public_()) return "";
    // Unknown fields are conditions of a newer contract.
    if (NamesAnybody(*access) ||
        !access->GetReflection()->GetUnknownFields(*access).empty()) {
      return "public would remove what the schema demands";
    }
  } else if (!more.subject_into().empty() && !access->subject_into().empty() &&
             more.subject_into() != access->subject_into()) {
    return absl::StrCat("subject_into is \"", access->subject_into(),
                        "\" in the schema and cannot be changed");
  } else {
    access->clear_public_();
  }
  access->MergeFrom(more);
  return "";
}

}  // namespace

ServiceConfigWriter::ServiceConfigWriter(
    std::vector<std::shared_ptr<const ServiceConfig>> configs)
    : configs_(std::move(configs)) {
  for (const auto& config : configs_) {
    for (const ServiceConfig::Rule& rule : config->rules()) {
      for (size_t i = 0; i < rule.patterns.size(); ++i) {
        patterns_[rule.patterns[i]].push_back({rules_.size(), i});
      }
      rules_.push_back({&rule, std::vector<bool>(rule.patterns.size())});
    }
  }
}

void ServiceConfigWriter::Apply(pb::FileDescriptorProto* file) {
  if (rules_.empty()) return;
  origins_.clear();
  for (int i = 0; i < file->service_size(); ++i) {
    pb::ServiceDescriptorProto* service = file->mutable_service(i);
    const std::string name = absl::StrCat(
        file->package(), file->package().empty() ? "" : ".", service->name());
    const SourcePath path = {pb::FileDescriptorProto::kServiceFieldNumber, i};
    ApplyToService(name, service, path);
    for (int k = 0; k < service->method_size(); ++k) {
      ApplyToMethod(
          name, service->options(), service->mutable_method(k),
          Extend(path, {pb::ServiceDescriptorProto::kMethodFieldNumber, k}));
    }
  }
  SetOptionOrigins(origins_, file);
}

void ServiceConfigWriter::Select(const std::string& service,
                                 const std::string& method) {
  Find(service, "");
  // Whether the method is server-streaming is not known.
  for (const Hit& hit : Find(service, method)) {
    hit.state->has_stream_effect = true;
    hit.state->has_json_effect = true;
  }
}

const AddedOptions* ServiceConfigWriter::FindAdded(
    const std::string& name) const {
  const auto it = added_.find(name);
  return it == added_.end() ? nullptr : &it->second;
}

std::vector<ServiceConfigWriter::Hit> ServiceConfigWriter::Find(
    const std::string& service, const std::string& method) {
  const std::string& element = method.empty() ? service : method;
  std::map<size_t, Hit> found;  // by index of the rule
  const auto add = [&](const std::string& pattern, size_t specificity,
                       bool by_name) {
    const auto it = patterns_.find(pattern);
    if (it == patterns_.end()) return;
    for (const Pattern& each : it->second) {
      RuleState& state = rules_[each.rule];
      // The name of a service selects nothing in google.api.Http.
      if (state.rule->http.has_value() && pattern == service) continue;
      state.matched[each.index] = true;
      const auto [hit, is_new] =
          found.try_emplace(each.rule, Hit{&state, specificity, by_name});
      if (!is_new && hit->second.specificity < specificity) {
        hit->second = {&state, specificity, by_name};
      }
    }
  };
  add(element, element.size(), !method.empty());
  if (!method.empty()) add(service, service.size(), false);
  if (method.empty()) add(absl::StrCat(service, ".*"), service.size(), false);
  for (size_t dot = element.rfind('.'); dot != std::string::npos && dot > 0;
       dot = element.rfind('.', dot - 1)) {
    add(absl::StrCat(element.substr(0, dot), ".*"), dot, false);
  }
  add("*", 0, false);
  std::vector<Hit> hits;
  hits.reserve(found.size());
  for (const auto& [index, hit] : found) hits.push_back(hit);
  return hits;
}

void ServiceConfigWriter::ApplyToService(const std::string& name,
                                         pb::ServiceDescriptorProto* service,
                                         const SourcePath& path) {
  const ServiceConfig::Rule* json = nullptr;
  for (const Hit& hit : Find(name, "")) {
    if (!hit.state->rule->json.has_value()) continue;
    json = hit.state->rule;
    hit.state->has_json_effect = true;
  }
  if (json == nullptr) return;
  const int number = sse::v1::json.number();
  AddedOptions& added = added_[name];
  added.were_empty = added.were_empty || HasEmptyOptions(*service);
  added.json = added.json || !HasOption(service->options(), number);
  SetOption(number, *json->json, service);
  origins_[Extend(path, {pb::ServiceDescriptorProto::kOptionsFieldNumber,
                         number})] = OriginOf(*json, "json");
}

void ServiceConfigWriter::ApplyToMethod(const std::string& service_name,
                                        const pb::ServiceOptions& service,
                                        pb::MethodDescriptorProto* method,
                                        const SourcePath& path) {
  const std::string name = absl::StrCat(service_name, ".", method->name());
  const std::vector<Hit> hits = Find(service_name, name);
  if (hits.empty()) return;
  AddedOptions& added = added_[name];
  added.were_empty = added.were_empty || HasEmptyOptions(*method);
  const SourcePath options =
      Extend(path, {pb::MethodDescriptorProto::kOptionsFieldNumber});
  const ServiceConfig::Rule* http = nullptr;
  for (const Hit& hit : hits) {
    if (hit.state->rule->http.has_value()) http = hit.state->rule;
  }
  if (http != nullptr) {
    const int number = google::api::http.number();
    added.http = added.http || !HasOption(method->options(), number);
    SetOption(number, *http->http, method);
    origins_[Extend(options, {number})] = OriginOf(*http, "");
  }
  ApplyStream(name, hits, method, options, &added);
  ApplyAccess(name, hits, service, method, options, &added);
}

void ServiceConfigWriter::ApplyStream(const std::string& name,
                                      const std::vector<Hit>& hits,
                                      pb::MethodDescriptorProto* method,
                                      const SourcePath& path,
                                      AddedOptions* added) {
  const bool streams = method->server_streaming();
  const ServiceConfig::Rule* stream = nullptr;
  for (const Hit& hit : hits) {
    if (!hit.state->rule->stream.has_value()) continue;
    if (streams) {
      stream = hit.state->rule;
      hit.state->has_stream_effect = true;
    } else if (hit.by_name) {
      AddError(*hit.state->rule, "stream",
               absl::StrCat(name, " is not server-streaming"));
      hit.state->has_stream_effect = true;
    }
  }
  if (stream == nullptr) return;
  const int number = sse::v1::stream.number();
  added->stream = added->stream || !HasOption(method->options(), number);
  SetOption(number, *stream->stream, method);
  origins_[Extend(path, {number})] = OriginOf(*stream, "stream");
}

void ServiceConfigWriter::ApplyAccess(const std::string& name,
                                      const std::vector<Hit>& hits,
                                      const pb::ServiceOptions& service,
                                      pb::MethodDescriptorProto* method,
                                      const SourcePath& path,
                                      AddedOptions* added) {
  const Hit* last = nullptr;
  for (const Hit& hit : hits) {
    if (!hit.state->rule->access.has_value()) continue;
    // Else a rule for all methods would silently cancel one for this method.
    if (last != nullptr && hit.specificity < last->specificity) {
      AddError(*hit.state->rule, "access",
               absl::StrCat("it replaces the more specific rule for ", name,
                            " (", OriginOf(*last->state->rule, ""),
                            "); put the general rule first"));
    }
    last = &hit;
  }
  if (last == nullptr) return;
  const ServiceConfig::Rule& rule = *last->state->rule;
  const int number = sse::v1::access.number();
  const bool own = HasOption(method->options(), number);
  sse::v1::Access access;
  const bool readable =
      own ? ReadAccessOption(method->options(), number, &access)
          : ReadAccessOption(service, sse::v1::default_access.number(),
                             &access);
  const std::string why = readable ? AddConditions(*rule.access, &access)
                                   : "the schema's access cannot be read";
  if (!why.empty()) {
    AddError(rule, "access", absl::StrCat(name, ": ", why));
    return;
  }
  added->access = added->access || !own;
  SetOption(number, access, method);
  origins_[Extend(path, {number})] = OriginOf(rule, "access");
}

void ServiceConfigWriter::AddError(const ServiceConfig::Rule& rule,
                                   absl::string_view key,
                                   absl::string_view reason) {
  if (errors_.size() >= kMaxConfigErrors) return;
  errors_.insert(absl::StrCat(OriginOf(rule, key), ": ", reason));
}

absl::Status ServiceConfigWriter::Finish() const {
  std::vector<std::string> lines(errors_.begin(), errors_.end());
  for (const RuleState& state : rules_) {
    const ServiceConfig::Rule& rule = *state.rule;
    const auto add = [&](absl::string_view key, absl::string_view reason) {
      if (lines.size() >= kMaxConfigErrors) return;
      lines.push_back(absl::StrCat(OriginOf(rule, key), ": ", reason));
    };
    bool all_matched = true;
    for (size_t i = 0; i < rule.patterns.size(); ++i) {
      if (state.matched[i]) continue;
      all_matched = false;
      add("selector", absl::StrCat("\"", rule.patterns[i],
                                   "\" matches no method of the schema"));
    }
    if (!all_matched) continue;
    if (rule.stream.has_value() && !state.has_stream_effect) {
      add("stream", "it selects no server-streaming method");
    }
    if (rule.json.has_value() && !state.has_json_effect) {
      add("json", "it selects no service; json is an option of services");
    }
  }
  if (lines.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

}  // namespace sse_bridge
