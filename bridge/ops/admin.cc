#include "bridge/ops/admin.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "bridge/access/client_address.h"
#include "bridge/base/host_port.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {
namespace {

HttpResponse Text(std::string type, std::string body) {
  return HttpResponse{
      200,
      {{"Content-Type", std::move(type)}, {"Cache-Control", "no-store"}},
      std::move(body)};
}

// "10.0.0.1", "10.0.0.1:80", "[::1]" and "[::1]:80".
bool IsAddress(absl::string_view host) {
  const auto parts = SplitHostPort(host);
  return parts.has_value() && (parts->has_port || parts->port.empty()) &&
         ParseIp(parts->host).has_value();
}

HttpResponse Readiness(const std::vector<Admin::Condition>& conditions) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::object();
  bool ready = true;
  for (const Admin::Condition& condition : conditions) {
    ready = ready && condition.holds;
    checks[condition.name] = {{"ok", condition.holds}};
    if (!condition.holds) checks[condition.name]["reason"] = condition.reason;
  }
  const nlohmann::ordered_json body = {{"ready", ready}, {"checks", checks}};
  HttpResponse response =
      Text("application/json",
           body.dump(-1, ' ', false,
                     nlohmann::ordered_json::error_handler_t::replace) +
               "\n");
  response.status = ready ? 200 : 503;
  return response;
}

}  // namespace

void Admin::Handle(const std::shared_ptr<HttpExchange>& exchange) const {
  exchange->Respond(Answer(*exchange));
}

bool Admin::IsCalledRight(const HttpExchange& exchange) const {
  // Old probes (HTTP/1.0) send no Host header. Browsers always do.
  const absl::string_view host =
      exchange.Header("Host").value_or(absl::string_view());
  return host.empty() || IsAddress(host) || names_.AllowsHost(host);
}

HttpResponse Admin::Answer(const HttpExchange& exchange) const {
  if (!IsCalledRight(exchange)) {
    return ErrorResponse(421, "INVALID_ARGUMENT",
                         "host not allowed; add it to --admin-allowed-host");
  }
  const absl::string_view path = exchange.raw_path();
  const bool known =
      path == "/healthz" || path == "/readyz" || path == "/metrics";
  if (!known) {
    return ErrorResponse(404, "NOT_FOUND",
                         "not found; try /healthz, /readyz or /metrics");
  }
  if (exchange.verb() != "GET" && exchange.verb() != "HEAD") {
    HttpResponse refused = ErrorResponse(405, "UNIMPLEMENTED",
                                         "method not allowed; use GET or HEAD");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (path == "/healthz") return Text("text/plain", "ok\n");
  if (path == "/readyz") return Readiness(sources_.readiness());
  return Text("text/plain; version=0.0.4; charset=utf-8", sources_.metrics());
}

}  // namespace sse_bridge
