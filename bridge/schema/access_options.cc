#include "bridge/schema/access_options.h"

#include <string>
#include <utility>

#include "bridge/schema/field_path.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

bool NamesAnybody(const sse::v1::Access& access) {
  return access.public_() || access.authenticated() ||
         !access.scopes().empty() || !access.roles().empty() ||
         !access.subject_into().empty();
}

void CheckAccess(const sse::v1::Access& access, const OptionReporter& report) {
  report.CheckKnown(access);
  const auto check = [&](const auto& groups, absl::string_view what) {
    for (const sse::v1::AnyOf& group : groups) {
      if (group.any_of().empty()) {
        report.Error("an empty group of ", what, " can never be met");
      }
      for (const std::string& name : group.any_of()) {
        if (name.empty()) report.Error("an empty name in ", what);
      }
    }
  };
  check(access.scopes(), "scopes");
  check(access.roles(), "roles");
  if (access.public_() &&
      (access.authenticated() || !access.scopes().empty() ||
       !access.roles().empty() || !access.subject_into().empty())) {
    report.Error(
        "public excludes authenticated, scopes, roles and "
        "subject_into");
  }
}

void ReadAccess(Method* method, bool exposed, SchemaErrors* errors) {
  const google::protobuf::MethodDescriptor* descriptor = method->descriptor;
  const bool own = descriptor->options().HasExtension(sse::v1::access);
  const OptionReporter report(
      descriptor, sse::v1::access.number(),
      own ? "sse.v1.access" : "sse.v1.default_access of the service", errors);
  if (own) {
    method->access = descriptor->options().GetExtension(sse::v1::access);
    CheckAccess(method->access, report);
  } else {
    method->access =
        descriptor->service()->options().GetExtension(sse::v1::default_access);
  }
  sse::v1::Access& access = method->access;
  if (!access.scopes().empty() || !access.roles().empty() ||
      !access.subject_into().empty()) {
    access.set_authenticated(true);
  }
  if (access.subject_into().empty() || (!own && !exposed)) return;
  absl::StatusOr<FieldPath> fields =
      ResolveFieldPath(descriptor->input_type(), access.subject_into());
  if (!fields.ok()) {
    report.Error("subject_into: ", fields.status().message());
  } else if (fields->back()->is_repeated() || !IsString(fields->back())) {
    report.Error("subject_into: ", fields->back()->full_name(), " is a ",
                 FieldTypeText(fields->back()), "; it must be a string");
  } else {
    method->subject_into = *std::move(fields);
  }
}

}  // namespace sse_bridge
