#include "bridge/access/access_rule.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {
namespace {

using Groups = google::protobuf::RepeatedPtrField<sse::v1::AnyOf>;

// `what` is "scope" or "role".
absl::Status CheckGroups(const Groups& groups,
                         const std::vector<std::string>& held,
                         absl::string_view what) {
  for (const sse::v1::AnyOf& group : groups) {
    const auto& names = group.any_of();
    if (std::find_first_of(names.begin(), names.end(), held.begin(),
                           held.end()) != names.end()) {
      continue;
    }
    if (names.empty()) {
      return absl::PermissionDeniedError(
          absl::StrCat("no ", what, " gives access"));
    }
    return absl::PermissionDeniedError(
        names.size() == 1 ? absl::StrCat("missing ", what, " ", names[0])
                          : absl::StrCat("missing one of the ", what, "s ",
                                         absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace

bool NeedsIdentity(const sse::v1::Access& rule) {
  return rule.authenticated() || rule.scopes_size() > 0 ||
         rule.roles_size() > 0 || !rule.subject_into().empty();
}

absl::Status CheckAccess(const sse::v1::Access& rule,
                         const Identity* identity) {
  if (!NeedsIdentity(rule)) return absl::OkStatus();
  if (identity == nullptr) {
    return absl::UnauthenticatedError("authentication required");
  }
  absl::Status status = CheckGroups(rule.scopes(), identity->scopes, "scope");
  if (!status.ok()) return status;
  return CheckGroups(rule.roles(), identity->roles, "role");
}

}  // namespace sse_bridge
