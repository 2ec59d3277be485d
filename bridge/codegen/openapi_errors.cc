// The responses of failed requests.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/codegen/openapi_parts.h"
#include "bridge/schema/validator.h"

namespace sse_bridge {

namespace {

constexpr char kErrorSchema[] = "Error";

struct ErrorKind {
  int http;
  const char* name;  // of the component
  const char* description;
  const char* header;  // or null
};

// Canonical HTTP mapping of google.rpc.Code.
constexpr ErrorKind kErrors[] = {
    {400, "InvalidArgument",
     "The request is invalid; `details` contains a google.rpc.BadRequest that "
     "lists the invalid fields. Also FAILED_PRECONDITION and OUT_OF_RANGE.",
     nullptr},
    {401, "Unauthenticated", "The token is missing, invalid or expired.",
     "WWW-Authenticate"},
    {403, "PermissionDenied", "The caller lacks the required permission.",
     nullptr},
    {404, "NotFound", "The resource or route does not exist.", nullptr},
    {406, "NotAcceptable", "None of the media types in `Accept` is available.",
     nullptr},
    {409, "Conflict", "ALREADY_EXISTS or ABORTED.", nullptr},
    {413, "TooLarge", "The body is too large.", nullptr},
    {429, "ResourceExhausted", "Too many connections or requests.",
     "Retry-After"},
    {500, "Internal", "INTERNAL, UNKNOWN or DATA_LOSS.", nullptr},
    {501, "Unimplemented", "The backend does not implement the method.",
     nullptr},
    {503, "Unavailable", "Retry later.", "Retry-After"},
    {504, "DeadlineExceeded", "The backend did not answer in time.", nullptr},
};

}  // namespace

void AddErrors(const std::vector<int>& statuses, Json* responses) {
  for (const ErrorKind& kind : kErrors) {
    for (int status : statuses) {
      if (status == kind.http) {
        (*responses)[absl::StrCat(status)] = Component("responses", kind.name);
      }
    }
  }
  (*responses)["default"] = Component("responses", "Error");
}

Json ErrorResponses() {
  const Json content = {
      {"application/json", {{"schema", Component("schemas", kErrorSchema)}}}};
  Json responses = Json::object();
  for (const ErrorKind& kind : kErrors) {
    Json response = {{"description", kind.description}};
    if (kind.header != nullptr) {
      response["headers"][kind.header] = {{"schema", {{"type", "string"}}}};
    }
    response["content"] = content;
    responses[kind.name] = std::move(response);
  }
  responses["Error"] = {{"description", "Any other error."},
                        {"content", content}};
  return responses;
}

Json ErrorSchemas(const JsonSchemas& schemas) {
  Json any = {{"type", "object"},
              {"required", {"@type"}},
              {"properties", {{"@type", {{"type", "string"}}}}}};
  Json details = any;
  if (Json bad_request = schemas.BadRequest(); !bad_request.is_null()) {
    Json typed = any;
    Json type = {{"type", "string"}, {"const", std::string(kBadRequestUrl)}};
    typed["properties"]["@type"] = std::move(type);
    Json both = Json::object();
    both["allOf"] = Json::array({std::move(typed), std::move(bad_request)});
    details = Json::object();
    details["anyOf"] = Json::array({std::move(both), std::move(any)});
  }
  Json example = {{"code", 404},
                  {"status", "NOT_FOUND"},
                  {"message", "there is no such task"}};
  example["details"] = Json::array();
  Json components;
  components[kErrorSchema] = {
      {"type", "object"},
      {"description", "The format of all errors (AIP-193)."},
      {"required", {"error"}},
      {"properties",
       {{"error",
         {{"type", "object"},
          {"required", {"code", "status", "message", "details"}},
          {"properties",
           {{"code",
             {{"type", "integer"}, {"description", "The HTTP status."}}},
            {"status",
             {{"type", "string"},
              {"description", "The name of the google.rpc.Code."},
              {"examples", {"NOT_FOUND"}}}},
            {"message", {{"type", "string"}}},
            {"details", Component("schemas", "ErrorDetails")}}}}}}}};
  Json error = Json::object();
  error["error"] = std::move(example);
  components[kErrorSchema]["examples"] = Json::array({std::move(error)});
  components["ErrorDetails"] = {
      {"type", "array"},
      {"description",
       "Messages of any type, given by `@type`; for an invalid request, "
       "`type.googleapis.com/google.rpc.BadRequest`."},
      {"items", std::move(details)}};
  return components;
}

}  // namespace sse_bridge
