#include "bridge/transcode/request_binder.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/well_known_types.h"
#include "bridge/schema/field_path.h"
#include "bridge/transcode/field_setter.h"
#include "bridge/transcode/json_request.h"
#include "bridge/transcode/map_param.h"
#include "bridge/transcode/update_mask.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::OneofDescriptor;
using ::google::protobuf::Reflection;

namespace {

// Returns why the field cannot be set besides the oneofs that are already set
// in the message.
Reason OneofConflict(const Message& message, const FieldChain& chain) {
  const Message* at = &message;
  for (size_t i = 0; i < chain.size(); ++i) {
    const FieldDescriptor* field = chain[i];
    const Reflection* reflection = at->GetReflection();
    const OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof != nullptr && reflection->HasOneof(*at, oneof)) {
      const FieldDescriptor* other =
          reflection->GetOneofFieldDescriptor(*at, oneof);
      if (other != field) {
        return absl::StrCat("only one of ", oneof->name(), " can be set, and ",
                            other->name(), " is already set");
      }
    }
    if (i + 1 == chain.size() || !reflection->HasField(*at, field)) break;
    at = &reflection->GetMessage(*at, field);
  }
  return "";
}

// Removes the field from the message. Returns its bytes, which are equal for
// equal values, or nullopt if the field was not set.
std::optional<std::string> TakeValue(Message* message,
                                     const FieldChain& chain) {
  if (!IsChainSet(*message, chain)) return std::nullopt;
  Message* parent = message;
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    parent = parent->GetReflection()->MutableMessage(parent, chain[i]);
  }
  const std::unique_ptr<Message> taken(parent->New());
  parent->GetReflection()->SwapFields(parent, taken.get(), {chain.back()});
  return taken->SerializePartialAsString();
}

// Sets a path variable. A repeated field takes a list with commas.
Reason SetFromPath(Message* message, const FieldChain& chain,
                   absl::string_view text) {
  if (!chain.back()->is_repeated()) return SetChain(message, chain, text);
  for (absl::string_view each : absl::StrSplit(text, ',')) {
    if (Reason r = SetChain(message, chain, each); !r.empty()) return r;
  }
  return "";
}

// Creates the messages along the path and returns the last one.
Message* SubMessages(Message* message, const FieldChain& chain) {
  for (const FieldDescriptor* field : chain) {
    message = FieldSetter(message, field).SubMessage();
  }
  return message;
}

void SetHttpBody(const RequestBinder::Body& body, Message* out) {
  const Descriptor* type = out->GetDescriptor();
  const Reflection* reflection = out->GetReflection();
  if (!body.content_type.empty()) {
    reflection->SetString(out, type->FindFieldByName("content_type"),
                          std::string(body.content_type));
  }
  reflection->SetString(out, type->FindFieldByName("data"),
                        std::string(body.bytes));
}

bool BeginsWith(const FieldChain& chain, const FieldChain& prefix) {
  return chain.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), chain.begin());
}

}  // namespace

// What the query, or the form, has set so far.
struct RequestBinder::ParamState {
  absl::flat_hash_set<std::string> fields;    // singular fields, map entries
  absl::flat_hash_set<std::string> prefixes;  // messages that contain them
};

absl::StatusOr<RequestBinder> RequestBinder::Create(
    const Descriptor* request, std::string body_selector,
    std::vector<std::string> path_field_paths, Options options) {
  RequestBinder binder;
  binder.request_ = request;
  binder.options_ = std::move(options);
  const Descriptor* body = nullptr;
  if (body_selector == "*") {
    binder.whole_body_ = true;
    body = request;
  } else if (!body_selector.empty()) {
    auto path = ResolveFieldPath(request, body_selector);
    if (!path.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("body: ", path.status().message()));
    }
    binder.body_path_ = *std::move(path);
    const FieldDescriptor* field = binder.body_path_.back();
    if (!field->is_repeated()) body = field->message_type();
    const FieldDescriptor* mask = UpdateMaskOf(*request);
    if (binder.options_.fills_update_mask && mask != binder.body_path_[0]) {
      binder.update_mask_ = mask;
    }
  }
  binder.raw_body_ = body != nullptr && IsHttpBody(body);
  for (std::string& path : path_field_paths) {
    FieldChain chain;
    Reason reason = ResolveFieldChain(*request, path, &chain);
    if (reason.empty()) reason = CheckHasText(chain);
    if (reason.empty() && chain.back()->is_repeated() &&
        chain.back()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      reason = "a list of messages cannot be bound by the path";
    }
    for (const auto& other : binder.path_fields_) {
      if (reason.empty()) reason = FieldConflict(chain, other.second);
    }
    if (!reason.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("path variable ", path, ": ", reason));
    }
    binder.path_fields_.emplace_back(std::move(path), std::move(chain));
  }
  return binder;
}

bool RequestBinder::IsForm(const Body& body) const {
  const absl::string_view type =
      absl::StripAsciiWhitespace(body.content_type.substr(
          0, std::min(body.content_type.find(';'), body.content_type.size())));
  if (!absl::EqualsIgnoreCase(type, "application/x-www-form-urlencoded")) {
    return false;
  }
  if (!whole_body_ &&
      (body_path_.empty() || body_path_.back()->is_repeated() ||
       body_path_.back()->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)) {
    return false;
  }
  return absl::string_view("{[\"").find(body.bytes[0]) ==
         absl::string_view::npos;
}

absl::Status RequestBinder::BindBody(const Body& body,
                                     std::optional<JsonDocument>* json,
                                     Message* out) const {
  Message* target = out;
  if (raw_body_) {
    if (!IsValidUtf8(body.content_type)) {
      return BadRequestError("content_type", "not valid UTF-8");
    }
    if (!body_path_.empty()) target = SubMessages(out, body_path_);
    SetHttpBody(body, target);
    return absl::OkStatus();
  }
  const absl::string_view bytes = absl::StripAsciiWhitespace(body.bytes);
  if (bytes.empty()) return absl::OkStatus();
  if (IsForm({bytes, body.content_type})) return BindForm(bytes, out);
  if (whole_body_) return JsonToMessage(bytes, out);
  if (!body_path_.empty()) {
    auto parsed = ParseJson(bytes);
    if (!parsed.ok()) return parsed.status();
    *json = *std::move(parsed);
    const FieldChain parents(body_path_.begin(), body_path_.end() - 1);
    return JsonToField((*json)->root(), body_path_.back(),
                       SubMessages(out, parents));
  }
  // Tolerate clients that always send an object.
  if (bytes == "{}") return absl::OkStatus();
  return BadRequestError("",
                         "request body: this method does not accept a body");
}

absl::Status RequestBinder::BindForm(absl::string_view form,
                                     Message* out) const {
  const auto params = ParseQuery(form);
  if (!params.ok()) return params.status();
  std::vector<FieldViolation> violations;
  ParamState state;
  for (const QueryParam& param : *params) {
    Reason reason = BindParam(param, ParamSource::kForm, &state, out);
    if (!reason.empty()) {
      violations.push_back({NameForMessage(param.name), std::move(reason)});
    }
  }
  return violations.empty() ? absl::OkStatus()
                            : BadRequestError(std::move(violations));
}

absl::Status RequestBinder::FillUpdateMask(const JsonValue& json,
                                           Message* out) const {
  const FieldDescriptor* field = body_path_.back();
  if (field->is_repeated() || !IsMessage(field) ||
      IsChainSet(*out, {update_mask_})) {
    return absl::OkStatus();
  }
  return AddMaskOf(json, *field->message_type(),
                   out->GetReflection()->MutableMessage(out, update_mask_));
}

// Names in a form begin at the field that the body is.
Reason RequestBinder::ResolveParam(absl::string_view name, ParamSource source,
                                   FieldChain* chain) const {
  if (source == ParamSource::kQuery || body_path_.empty()) {
    return ResolveFieldChain(*request_, name, chain);
  }
  FieldChain rest;
  Reason reason =
      ResolveFieldChain(*body_path_.back()->message_type(), name, &rest);
  *chain = body_path_;
  chain->insert(chain->end(), rest.begin(), rest.end());
  return reason;
}

Reason RequestBinder::BindParam(const QueryParam& param, ParamSource source,
                                ParamState* state, Message* out) const {
  const std::optional<MapParam> entry = SplitMapParam(param.name);
  FieldChain chain;
  Reason unknown = ResolveParam(
      entry.has_value() ? entry->field_path : absl::string_view(param.name),
      source, &chain);
  if (unknown.empty() && entry.has_value() && !chain.back()->is_map()) {
    unknown = absl::StrCat(FieldPathText(chain), " is not a map");
  }
  if (!unknown.empty()) {
    const NamePatterns* ignored = options_.ignored_patterns;
    return source == ParamSource::kQuery && ignored != nullptr &&
                   ignored->Match(param.name)
               ? Reason()
               : unknown;
  }
  if (source == ParamSource::kQuery) {
    if (whole_body_) return "the body already contains all fields";
    if (!body_path_.empty() && BeginsWith(chain, body_path_)) {
      return "the body already contains this field";
    }
  }
  const FieldDescriptor* field = chain.back();
  if (Reason r =
          entry.has_value() ? CheckMapHasText(field) : CheckHasText(chain);
      !r.empty()) {
    return r;
  }
  if (Reason r = OneofConflict(*out, chain); !r.empty()) return r;

  std::string prefix;
  std::vector<std::string> prefixes;
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    absl::StrAppend(&prefix, prefix.empty() ? "" : ".", chain[i]->name());
    if (state->fields.contains(prefix))
      return absl::StrCat("overlaps ", prefix);
    prefixes.push_back(prefix);
  }
  std::string name = FieldPathText(chain);
  if (state->prefixes.contains(name)) {
    return "overlaps a parameter for a field within it";
  }
  if (entry.has_value()) {
    absl::StrAppend(
        &name, "[",
        CanonicalMapKey(field->message_type()->map_key(), entry->key), "]");
  }
  if ((entry.has_value() || !field->is_repeated()) &&
      !state->fields.insert(name).second) {
    return "given twice, but not a repeated field";
  }
  for (std::string& p : prefixes) state->prefixes.insert(std::move(p));
  return entry.has_value() ? SetMapEntry(out, chain, entry->key, param.value)
                           : SetChain(out, chain, param.value);
}

Reason RequestBinder::BindPathVariable(const PathVariable& variable,
                                       Message* out) const {
  const auto bound = std::find_if(
      path_fields_.begin(), path_fields_.end(),
      [&](const auto& f) { return f.first == variable.field_path; });
  if (bound == path_fields_.end()) return "not a variable of this route";
  const FieldChain& chain = bound->second;
  if (Reason r = OneofConflict(*out, chain); !r.empty()) return r;
  const std::optional<std::string> before = TakeValue(out, chain);
  if (Reason r = SetFromPath(out, chain, variable.value); !r.empty()) return r;
  if (!before.has_value()) return "";
  if (TakeValue(out, chain) != before) return "differs from the path";
  return SetFromPath(out, chain, variable.value);
}

absl::Status RequestBinder::Bind(absl::Span<const PathVariable> path_vars,
                                 absl::Span<const QueryParam> query,
                                 const std::optional<Body>& body,
                                 Message* out) const {
  out->Clear();
  std::optional<JsonDocument> json;  // the body, if it is one field's JSON
  if (body.has_value()) {
    if (absl::Status s = BindBody(*body, &json, out); !s.ok()) return s;
  }
  std::vector<FieldViolation> violations;
  ParamState state;
  for (const QueryParam& param : query) {
    if (options_.ignored_query_names.contains(param.name)) continue;
    Reason reason = BindParam(param, ParamSource::kQuery, &state, out);
    if (!reason.empty()) {
      violations.push_back({NameForMessage(param.name), std::move(reason)});
    }
  }
  for (const PathVariable& variable : path_vars) {
    Reason reason = BindPathVariable(variable, out);
    if (!reason.empty()) {
      violations.push_back({variable.field_path, std::move(reason)});
    }
  }
  if (violations.empty() && update_mask_ != nullptr && json.has_value()) {
    if (absl::Status s = FillUpdateMask(json->root(), out); !s.ok()) return s;
  }
  if (violations.empty() && !out->IsInitialized()) {
    std::vector<std::string> missing;
    out->FindInitializationErrors(&missing);
    for (std::string& field : missing) {
      violations.push_back({std::move(field), "required field is missing"});
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return BadRequestError(std::move(violations));
}

}  // namespace sse_bridge
