#include "bridge/schema/schema.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/schema_loader.h"

namespace sse_bridge {

namespace {

constexpr absl::string_view kHttpVerbs[] = {"GET",     "HEAD",   "POST",
                                            "PUT",     "DELETE", "PATCH",
                                            "OPTIONS", "TRACE",  "CONNECT"};

}  // namespace

absl::StatusOr<std::shared_ptr<const Schema>> Schema::Load(
    std::vector<SchemaSource> sources, const LoadOptions& options) {
  return SchemaLoader(options).Load(std::move(sources));
}

const Method* Schema::FindMethod(absl::string_view full_name) const {
  const auto it = methods_by_name_.find(full_name);
  return it == methods_by_name_.end() ? nullptr : it->second;
}

bool Schema::KnowsVerb(absl::string_view verb) const {
  return absl::c_linear_search(kHttpVerbs, verb) || verbs_.contains(verb);
}

RouteMatch Schema::Match(absl::string_view verb,
                         absl::string_view raw_path) const {
  RouteMatch match;
  std::optional<PathRouter::Found> found = router_.Match(verb, raw_path);
  if (!found.has_value() && verb == "HEAD") {
    found = router_.Match("GET", raw_path);
  }
  if (found.has_value() && found->route < 0) {
    match.kind = RouteMatch::Kind::kUnserved;
    match.unserved =
        &unserved_[static_cast<size_t>(UnservedNumber(found->route))];
    return match;
  }
  if (found.has_value()) {
    match.kind = RouteMatch::Kind::kFound;
    match.route = &routes_[static_cast<size_t>(found->route)];
    match.variables = std::move(found->variables);
    return match;
  }
  std::set<std::string> allowed;
  for (std::string& other :
       router_.AllowedVerbs(raw_path, [](int route) { return route >= 0; })) {
    allowed.insert(std::move(other));
  }
  if (allowed.contains("GET")) allowed.insert("HEAD");
  if (!allowed.empty()) match.kind = RouteMatch::Kind::kMethodNotAllowed;
  match.allowed.assign(allowed.begin(), allowed.end());
  return match;
}

const UnservedMethod* Schema::FindUnserved(absl::string_view verb,
                                           absl::string_view raw_path) const {
  return Match(verb, raw_path).unserved;
}

absl::Status Schema::CheckServesAnything() const {
  if (!routes_.empty() || !bundle_.empty()) return absl::OkStatus();
  if (unserved_.empty()) {
    return absl::InvalidArgumentError(
        method_list_.empty()
            ? "nothing can be served: the schema has no method to serve"
            : "nothing can be served: no method has a google.api.http "
              "annotation; --default-routes serves all methods");
  }
  std::string text = "nothing can be served:";
  constexpr size_t kMaxShown = 100;
  for (size_t i = 0; i < std::min(unserved_.size(), kMaxShown); ++i) {
    absl::StrAppend(&text, "\n", unserved_[i].why.message());
  }
  if (unserved_.size() > kMaxShown) {
    absl::StrAppend(&text, "\n(", unserved_.size() - kMaxShown, " more)");
  }
  return absl::InvalidArgumentError(text);
}

std::vector<const UnservedMethod*> NoLongerServed(const Schema& now,
                                                  const Schema& next) {
  std::vector<const UnservedMethod*> lost;
  for (const UnservedMethod& unserved : next.unserved()) {
    // A setting that excludes the method is the operator's decision.
    if (unserved.errors.empty()) continue;
    const Method* method = now.FindMethod(unserved.name);
    if (method != nullptr && (method->in_bundle() || !method->routes.empty())) {
      lost.push_back(&unserved);
    }
  }
  return lost;
}

}  // namespace sse_bridge
