#include "bridge/transcode/request_binder.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/json_request.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::OneofDescriptor;
using ::google::protobuf::Reflection;

namespace {

// Returns why two fields cannot both be bound: they are the same field, one is
// inside the other, or they are members of one oneof.
Reason Clash(const FieldChain& a, const FieldChain& b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (a[i] == b[i]) continue;
    const OneofDescriptor* oneof = a[i]->real_containing_oneof();
    if (oneof != nullptr && oneof == b[i]->real_containing_oneof()) {
      return absl::StrCat("only one of ", oneof->name(), " can be set, and ",
                          ChainName(b), " is already bound");
    }
    return "";
  }
  if (a.size() == b.size()) return "the field is bound twice";
  return absl::StrCat("overlaps ", ChainName(b));
}

// Same, against the oneofs that are already set in the message.
Reason OneofClash(const Message& message, const FieldChain& chain) {
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

// Removes the field from the message. Returns a value that compares equal for
// equal values, or nullopt if the field was not set.
std::optional<std::string> TakeValue(Message* message,
                                     const FieldChain& chain) {
  if (!IsChainSet(*message, chain)) return std::nullopt;
  Message* parent = message;
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    parent = parent->GetReflection()->MutableMessage(parent, chain[i]);
  }
  std::string value;
  if (chain.back()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    value = parent->GetReflection()
                ->GetMessage(*parent, chain.back())
                .SerializePartialAsString();
  } else {
    value = ChainText(*message, chain);
  }
  parent->GetReflection()->ClearField(parent, chain.back());
  return value;
}

}  // namespace

// What the query has set so far.
struct RequestBinder::QueryState {
  absl::flat_hash_set<std::string> fields;    // singular fields
  absl::flat_hash_set<std::string> prefixes;  // messages that contain them
};

absl::StatusOr<RequestBinder> RequestBinder::Create(
    const Descriptor* request, std::string body_selector,
    std::vector<std::string> path_field_paths, Options options) {
  RequestBinder binder;
  binder.request_ = request;
  binder.options_ = std::move(options);
  if (body_selector == "*") {
    binder.whole_body_ = true;
  } else if (!body_selector.empty()) {
    binder.body_field_ = request->FindFieldByName(body_selector);
    if (binder.body_field_ == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("body \"", body_selector,
                                                     "\": no such field in ",
                                                     request->full_name()));
    }
  }
  for (std::string& path : path_field_paths) {
    FieldChain chain;
    Reason reason = ResolveFieldChain(*request, path, &chain);
    if (reason.empty()) reason = CheckHasText(chain);
    if (reason.empty() && chain.back()->is_repeated()) {
      reason = "a repeated field cannot be bound by the path";
    }
    if (reason.empty() && chain.size() == 1 && chain[0] == binder.body_field_) {
      reason = "the body already contains this field";
    }
    for (const auto& other : binder.path_fields_) {
      if (reason.empty()) reason = Clash(chain, other.second);
    }
    if (!reason.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("path variable ", path, ": ", reason));
    }
    binder.path_fields_.emplace_back(std::move(path), std::move(chain));
  }
  return binder;
}

absl::Status RequestBinder::BindBody(absl::string_view body_json,
                                     Message* out) const {
  body_json = absl::StripAsciiWhitespace(body_json);
  if (body_json.empty()) return absl::OkStatus();
  if (whole_body_) return JsonToMessage(body_json, out);
  if (body_field_ != nullptr) return JsonToField(body_json, body_field_, out);
  // Tolerate clients that always send an object.
  if (body_json == "{}") return absl::OkStatus();
  return BadRequestError("",
                         "request body: this method does not accept a body");
}

Reason RequestBinder::BindQueryParam(const QueryParam& param, QueryState* state,
                                     Message* out) const {
  FieldChain chain;
  if (Reason r = ResolveFieldChain(*request_, param.name, &chain); !r.empty()) {
    const NamePatterns* ignored = options_.ignored_patterns;
    return ignored != nullptr && ignored->Match(param.name) ? Reason() : r;
  }
  if (whole_body_) return "the body already contains all fields";
  if (chain[0] == body_field_) return "the body already contains this field";
  if (Reason r = CheckHasText(chain); !r.empty()) return r;
  if (Reason r = OneofClash(*out, chain); !r.empty()) return r;

  std::string prefix;
  std::vector<std::string> prefixes;
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    absl::StrAppend(&prefix, prefix.empty() ? "" : ".", chain[i]->name());
    if (state->fields.contains(prefix))
      return absl::StrCat("overlaps ", prefix);
    prefixes.push_back(prefix);
  }
  std::string name = ChainName(chain);
  if (state->prefixes.contains(name)) {
    return "overlaps a parameter for a field within it";
  }
  if (!chain.back()->is_repeated() && !state->fields.insert(name).second) {
    return "given twice, but not a repeated field";
  }
  for (std::string& p : prefixes) state->prefixes.insert(std::move(p));
  return SetChain(out, chain, param.value);
}

Reason RequestBinder::BindPathVariable(const PathVariable& variable,
                                       Message* out) const {
  const auto bound = std::find_if(
      path_fields_.begin(), path_fields_.end(),
      [&](const auto& f) { return f.first == variable.field_path; });
  if (bound == path_fields_.end()) return "not a variable of this route";
  const FieldChain& chain = bound->second;
  if (Reason r = OneofClash(*out, chain); !r.empty()) return r;
  const std::optional<std::string> before = TakeValue(out, chain);
  if (Reason r = SetChain(out, chain, variable.value); !r.empty()) return r;
  if (!before.has_value()) return "";
  if (TakeValue(out, chain) != before) return "differs from the path";
  return SetChain(out, chain, variable.value);
}

absl::Status RequestBinder::Bind(absl::Span<const PathVariable> path_vars,
                                 absl::Span<const QueryParam> query,
                                 absl::string_view body_json, bool has_body,
                                 Message* out) const {
  out->Clear();
  if (has_body) {
    if (absl::Status s = BindBody(body_json, out); !s.ok()) return s;
  }
  std::vector<FieldViolation> violations;
  QueryState state;
  for (const QueryParam& param : query) {
    if (options_.ignored_query_names.contains(param.name)) continue;
    Reason reason = BindQueryParam(param, &state, out);
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
