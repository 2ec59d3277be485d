#include "bridge/schema/http_rules.h"

#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/well_known_types.h"
#include "bridge/schema/unknown_options.h"
#include "google/api/annotations.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// More routes for one method are a mistake or an attack.
constexpr int kMaxBindings = 100;

// Not methods of an API: CONNECT is for proxies, PRI starts HTTP/2.
constexpr absl::string_view kReservedKinds[] = {"CONNECT", "PRI"};

// The HTTP server refuses longer verbs.
constexpr size_t kMaxKindBytes = 16;

// Requests whose body has no meaning (RFC 9110 section 9.3).
constexpr absl::string_view kVerbsWithoutBody[] = {"GET", "HEAD", "TRACE"};

// Verbs whose response has no body that could be streamed.
constexpr absl::string_view kVerbsWithoutStream[] = {"HEAD", "OPTIONS",
                                                     "TRACE"};

// A message whose JSON form is a single string or number can be a variable, and
// so can a list of scalars ("1,2,3").
bool FitsInPath(const pb::FieldDescriptor* field) {
  if (!IsMessage(field)) return true;
  if (field->is_repeated()) return false;
  switch (field->message_type()->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return true;
    default:
      return IsWrapper(field->message_type());
  }
}

// Returns whether a custom pattern may have this verb: any method of RFC 9110
// section 9.1 (QUERY, LOCK, ...), or "*" for all of them
// (google.api.CustomHttpPattern). Methods are case-sensitive, and clients send
// registered ones in upper case.
bool IsCustomKind(absl::string_view kind) {
  if (kind == "*") return true;
  if (kind.empty() || kind.size() > kMaxKindBytes ||
      absl::c_linear_search(kReservedKinds, kind)) {
    return false;
  }
  return absl::c_all_of(kind, [](char c) {
    return absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '-' ||
           c == '_';
  });
}

class RuleReader {
 public:
  RuleReader(const Method* method, SchemaErrors* errors)
      : method_(method), descriptor_(method->descriptor), errors_(errors) {}

  std::vector<ParsedRoute> Read(const google::api::HttpRule& rule) {
    const pb::Descriptor* declared = DeclaredOptionType(
        *descriptor_->file()->pool(), "google.protobuf.MethodOptions",
        google::api::http.number());
    for (const std::string& name : UnknownOptionFields(rule, declared)) {
      Error("this bridge does not know ", name);
    }
    if (rule.additional_bindings_size() >= kMaxBindings) {
      Error("more than ", kMaxBindings, " bindings");
      return {};
    }
    ReadOne(rule);
    for (const google::api::HttpRule& more : rule.additional_bindings()) {
      if (more.additional_bindings_size() > 0) {
        Error("additional_bindings must not be nested");
      }
      ReadOne(more);
    }
    return std::move(out_);
  }

 private:
  template <typename... Parts>
  void Error(const Parts&... parts) {
    errors_->Add(Where(descriptor_->file(),
                       PathOfOption(descriptor_, google::api::http.number())),
                 descriptor_->full_name(),
                 absl::StrCat("google.api.http: ", parts...));
  }

  void ReadOne(const google::api::HttpRule& rule) {
    Route route;
    route.method = method_;
    switch (rule.pattern_case()) {
      case google::api::HttpRule::kGet:
        route.verb = "GET";
        route.path_template = rule.get();
        break;
      case google::api::HttpRule::kPut:
        route.verb = "PUT";
        route.path_template = rule.put();
        break;
      case google::api::HttpRule::kPost:
        route.verb = "POST";
        route.path_template = rule.post();
        break;
      case google::api::HttpRule::kDelete:
        route.verb = "DELETE";
        route.path_template = rule.delete_();
        break;
      case google::api::HttpRule::kPatch:
        route.verb = "PATCH";
        route.path_template = rule.patch();
        break;
      case google::api::HttpRule::kCustom:
        route.verb = rule.custom().kind();
        route.path_template = rule.custom().path();
        if (!IsCustomKind(route.verb)) {
          return Error("the custom kind \"", absl::CHexEscape(route.verb),
                       "\" is not a verb that can be served");
        }
        break;
      case google::api::HttpRule::PATTERN_NOT_SET:
        return Error("it has no pattern (get, post, ...)");
    }
    if (!rule.selector().empty() &&
        rule.selector() != descriptor_->full_name()) {
      Error("its selector names another method, ", rule.selector());
    }
    if (method_->server_streaming &&
        absl::c_linear_search(kVerbsWithoutStream, route.verb)) {
      Error("a stream cannot be the response to ", route.verb);
    }
    absl::StatusOr<PathTemplate> path =
        PathTemplate::Parse(route.path_template);
    if (!path.ok()) return Error(path.status().message());
    ReadVariables(*path, &route);
    ReadBody(rule, &route);
    ReadResponseBody(rule, &route);
    out_.push_back({std::move(route), *std::move(path)});
  }

  void ReadVariables(const PathTemplate& path, Route* route) {
    for (const PathTemplate::Variable& variable : path.variables()) {
      absl::StatusOr<FieldPath> fields =
          ResolveFieldPath(descriptor_->input_type(), variable.field_path);
      if (!fields.ok()) {
        Error("path variable: ", fields.status().message());
        continue;
      }
      if (!FitsInPath(fields->back())) {
        Error("path variable \"", variable.field_path, "\" is a ",
              FieldTypeText(fields->back()), ", which cannot be in a path");
      }
      if (*fields == method_->subject_into) {
        Error("path variable \"", variable.field_path,
              "\" is set by subject_into, so clients must not set it");
      }
      for (const FieldPath& other : route->resolved_path_fields) {
        if (!FieldConflict(*fields, other).empty()) {
          Error("path variable \"", variable.field_path,
                "\" cannot be set together with another variable");
        }
      }
      route->path_fields.push_back(variable.field_path);
      route->resolved_path_fields.push_back(*std::move(fields));
    }
  }

  void ReadBody(const google::api::HttpRule& rule, Route* route) {
    route->body = rule.body();
    if (route->body.empty()) return;
    if (absl::c_linear_search(kVerbsWithoutBody, route->verb)) {
      Error("a ", route->verb, " request has no body");
    }
    if (route->body == "*") return;
    absl::StatusOr<FieldPath> fields =
        ResolveFieldPath(descriptor_->input_type(), route->body);
    if (!fields.ok()) return Error("body: ", fields.status().message());
    route->body_path = *std::move(fields);
    route->body_field = route->body_path.back();
    if (method_->subject_into == route->body_path) {
      Error("body \"", route->body,
            "\" is set by subject_into, so clients must not set it");
    }
  }

  void ReadResponseBody(const google::api::HttpRule& rule, Route* route) {
    route->response_body = rule.response_body();
    if (route->response_body.empty()) return;
    const pb::Descriptor* response = descriptor_->output_type();
    route->response_body_field =
        response->FindFieldByName(route->response_body);
    if (route->response_body_field == nullptr) {
      Error("response_body: there is no field \"",
            absl::CHexEscape(route->response_body), "\" at the top of ",
            response->full_name());
    }
  }

  const Method* const method_;
  const pb::MethodDescriptor* const descriptor_;
  SchemaErrors* const errors_;
  std::vector<ParsedRoute> out_;
};

}  // namespace

std::vector<ParsedRoute> RoutesOf(const Method* method,
                                  const google::api::HttpRule& rule,
                                  SchemaErrors* errors) {
  return RuleReader(method, errors).Read(rule);
}

google::api::HttpRule DefaultRule(const pb::MethodDescriptor* method) {
  google::api::HttpRule rule;
  rule.set_post(
      absl::StrCat("/", method->service()->full_name(), "/", method->name()));
  rule.set_body("*");
  rule.add_additional_bindings()->set_get(rule.post());
  return rule;
}

}  // namespace sse_bridge
