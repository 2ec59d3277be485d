// Which part of the Api answers a request: a method of the schema, or one of
// the bridge's own paths.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/trace_context.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/query_params.h"
#include "bridge/web/page_headers.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kSchemaPath = "/schema.json";
constexpr absl::string_view kTicketPath = "/auth/ticket";

HttpResponse OptionsResponse(std::vector<std::string> allowed) {
  allowed.push_back("OPTIONS");
  return HttpResponse{204, {{"Allow", absl::StrJoin(allowed, ", ")}}, ""};
}

// Whether the bridge's own paths may answer, because no method that is served
// has the path.
bool IsFree(const RouteMatch& match) {
  return match.kind == RouteMatch::Kind::kNotFound ||
         match.kind == RouteMatch::Kind::kUnserved;
}

}  // namespace

void Api::Handle(std::shared_ptr<HttpExchange> exchange) {
  auto request = std::make_shared<Request>();
  request->exchange = std::move(exchange);
  request->served = served();
  request->traceparent = NextTraceparent(
      request->exchange->Header("traceparent").value_or(absl::string_view()));
  const HttpExchange& http = *request->exchange;
  request->exchange->AddResponseHeader("X-Request-Id",
                                       RequestId(http, request->traceparent));
  const bool options = http.verb() == "OPTIONS";
  if (absl::Status path = CheckPathEscapes(http.raw_path()); !path.ok()) {
    return Refuse(*request, path);
  }

  request->match =
      request->served->schema().Match(http.verb(), http.raw_path());
  if (request->match.kind == RouteMatch::Kind::kFound) {
    request->route = &request->served->Find(request->match.route);
    ServeMethod(std::move(request));
    return;
  }
  if (request->match.kind != RouteMatch::Kind::kUnserved &&
      !request->served->schema().KnowsVerb(http.verb())) {
    request->exchange->Respond(
        ErrorResponse(501, "UNIMPLEMENTED", "unknown request method"));
    return;
  }
  if (IsFree(request->match) && http.raw_path() == kBundlePath) {
    if (http.verb() == "GET" || http.verb() == "HEAD") {
      ServeBundle(std::move(request));
      return;
    }
    if (http.verb() == "POST") {
      ServeBundleChange(std::move(request));
      return;
    }
    request->match.kind = RouteMatch::Kind::kMethodNotAllowed;
    request->match.allowed = {"GET", "HEAD", "POST"};
  }
  if (IsFree(request->match) && ServePage(request.get())) {
    return;
  }
  if (IsFree(request->match) && IsDocument(http.raw_path())) {
    ServeDocument(std::move(request));
    return;
  }
  if (IsFree(request->match) && http.raw_path() == kTicketPath &&
      parts_.authenticator->tickets() != nullptr) {
    if (http.verb() == "POST") {
      ServeTicket(std::move(request));
      return;
    }
    request->match.kind = RouteMatch::Kind::kMethodNotAllowed;
    request->match.allowed = {"POST"};
  }
  if (request->match.kind == RouteMatch::Kind::kUnserved) {
    return Refuse(*request, request->match.unserved->why);
  }
  if (request->match.kind == RouteMatch::Kind::kNotFound) {
    request->exchange->Respond(ErrorResponse(
        404, "NOT_FOUND",
        absl::StrCat("no route for ", NameForMessage(http.raw_path()))));
    return;
  }
  if (options) {
    request->exchange->Respond(OptionsResponse(request->match.allowed));
    return;
  }
  HttpResponse refused =
      ErrorResponse(405, "UNIMPLEMENTED",
                    absl::StrCat(http.verb(), " is not allowed here; allowed: ",
                                 absl::StrJoin(request->match.allowed, ", ")));
  refused.headers.emplace_back("Allow",
                               absl::StrJoin(request->match.allowed, ", "));
  request->exchange->Respond(std::move(refused));
}

bool Api::ServePage(Request* request) const {
  HttpExchange& http = *request->exchange;
  const WebFile* file =
      parts_.pages == nullptr ? nullptr : parts_.pages->Find(http.raw_path());
  if (file == nullptr && !IsDocument(http.raw_path())) return false;
  if (http.verb() != "GET" && http.verb() != "HEAD") {
    request->match.kind = RouteMatch::Kind::kMethodNotAllowed;
    request->match.allowed = {"GET", "HEAD"};
    return false;
  }
  if (file == nullptr) return false;
  HttpResponse page = Pages::Answer(*file, http);
  page.compressible = options_.compress;
  http.Respond(std::move(page));
  return true;
}

bool Api::IsDocument(absl::string_view raw_path) const {
  return options_.documents != Documents::kOff &&
         (OpenApiDocuments::Has(raw_path) || raw_path == kSchemaPath);
}

void Api::ServeDocument(std::shared_ptr<Request> request) {
  if (options_.documents == Documents::kAuthenticated) {
    sse::v1::Access authenticated;
    authenticated.set_authenticated(true);
    // Documents have no query parameters for credentials.
    if (!Admit(request, authenticated, QueryCredentials(),
               &Api::ServeDocument)) {
      return;
    }
  }
  HttpExchange& http = *request->exchange;
  if (OpenApiDocuments::Has(http.raw_path())) {
    HttpResponse document = request->served->openapi().Answer(
        http, request->served->ignored_params());
    document.compressible = options_.compress;
    http.Respond(std::move(document));
    return;
  }
  HttpResponse response{
      200,
      {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}},
      request->served->schema_json()};
  response.compressible = options_.compress;
  AddPageHeaders(&response);
  http.Respond(std::move(response));
}

}  // namespace sse_bridge
