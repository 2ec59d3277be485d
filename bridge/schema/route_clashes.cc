#include "bridge/schema/route_clashes.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Names a method and where it has the option, or else where it is.
std::string MethodLocation(const pb::MethodDescriptor* method, int option) {
  return absl::StrCat(method->full_name(), " (",
                      Where(method->file(), PathOfOption(method, option)), ")");
}

}  // namespace

RouteClashes::RouteClashes(PathRouter::Options options,
                           const PathRouterBuilder* router,
                           const std::deque<Route>* routes)
    : options_(options), router_(*router), routes_(*routes) {}

void RouteClashes::Add(const Method& method) {
  if (!method.in_bundle()) return;
  bundle_names_.emplace(method.stream.bundle().event(), &method);
}

void RouteClashes::Check(const Method& method,
                         const std::vector<ParsedRoute>& routes,
                         SchemaErrors* errors) const {
  const pb::MethodDescriptor* descriptor = method.descriptor;
  const auto add = [&](int option, const std::string& reason) {
    errors->Add(Where(descriptor->file(), PathOfOption(descriptor, option)),
                descriptor->full_name(), reason);
  };
  if (method.in_bundle()) {
    const std::string& event = method.stream.bundle().event();
    if (const auto it = bundle_names_.find(event); it != bundle_names_.end()) {
      add(sse::v1::stream.number(),
          absl::StrCat("sse.v1.stream: bundle.event \"",
                       absl::CHexEscape(event), "\" is already that of ",
                       MethodLocation(it->second->descriptor,
                                      sse::v1::stream.number())));
    }
  }
  if (routes_.size() + routes.size() > kMaxRoutes) {
    add(google::api::http.number(),
        absl::StrCat("google.api.http: more than ", kMaxRoutes, " routes"));
    return;
  }
  const auto clash = [&](const ParsedRoute& parsed, const Route& had) {
    add(google::api::http.number(),
        absl::StrCat(
            "google.api.http: ", parsed.route.verb, " ",
            parsed.route.path_template, " is already the route of ",
            MethodLocation(had.method->descriptor, google::api::http.number()),
            ", as ", had.verb, " ", had.path_template));
  };
  PathRouterBuilder own(options_);
  for (size_t i = 0; i < routes.size(); ++i) {
    const ParsedRoute& parsed = routes[i];
    if (const auto other =
            router_.Find(parsed.route.verb, parsed.path_template);
        other.has_value()) {
      clash(parsed, routes_[static_cast<size_t>(*other)]);
    } else if (routes.size() > 1) {
      const auto mine =
          own.Add(parsed.route.verb, parsed.path_template, static_cast<int>(i));
      if (mine.has_value()) {
        clash(parsed, routes[static_cast<size_t>(*mine)].route);
      }
    }
  }
}

}  // namespace sse_bridge
