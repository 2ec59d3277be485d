#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/schema/path_variable.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/field_text.h"
#include "bridge/transcode/name_patterns.h"
#include "bridge/transcode/query_params.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Builds the request message of one route from path variables, query and body,
// by the rules of google.api.HttpRule:
//
// - body "*": the body is the message; the query must not set any field.
// - body "f": the body is the field f; the query must not set it or its
//   subfields.
// - body "": no body; all fields come from path and query.
// - The query sets the remaining fields: nested ones by dots ("a.b=1"),
//   repeated ones by repetition, by JSON name or proto name. It cannot set maps
//   and whole messages, except for types with a text form (Timestamp, Duration,
//   FieldMask, the wrappers). Unknown names are refused, except for those that
//   match Options::ignored_patterns.
// - A field that the path binds may also occur in query or body if it has the
//   same value there.
//
// Immutable; Bind is thread-safe. The descriptor must outlive the binder.
class RequestBinder {
 public:
  struct Options {
    // Query parameters of the bridge itself ("access_token"), which never name
    // fields.
    absl::flat_hash_set<std::string> ignored_query_names;

    // Query parameters to ignore if they name no field. May be null. Must
    // outlive the binder.
    const NamePatterns* ignored_patterns = nullptr;
  };

  // Returns InvalidArgument if the body selector or a path variable does not
  // fit the message. The error is written for the author of the schema.
  static absl::StatusOr<RequestBinder> Create(
      const google::protobuf::Descriptor* request, std::string body_selector,
      std::vector<std::string> path_field_paths, Options options);

  // Clears `out`, which must be of the type `request`. `body_json` is used only
  // if `has_body`. A blank body counts as {} for body "*" and as absent for
  // body "f".
  //
  // InvalidArgument errors carry a google.rpc.BadRequest with the first error
  // of the body, or else all errors of query and path.
  absl::Status Bind(absl::Span<const PathVariable> path_vars,
                    absl::Span<const QueryParam> query,
                    absl::string_view body_json, bool has_body,
                    google::protobuf::Message* out) const;

 private:
  struct QueryState;

  RequestBinder() = default;

  absl::Status BindBody(absl::string_view body_json,
                        google::protobuf::Message* out) const;
  Reason BindQueryParam(const QueryParam& param, QueryState* state,
                        google::protobuf::Message* out) const;
  Reason BindPathVariable(const PathVariable& variable,
                          google::protobuf::Message* out) const;

  const google::protobuf::Descriptor* request_ = nullptr;
  Options options_;
  bool whole_body_ = false;
  const google::protobuf::FieldDescriptor* body_field_ = nullptr;
  // Keyed by the path variable's name in the template.
  std::vector<std::pair<std::string, FieldChain>> path_fields_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_
