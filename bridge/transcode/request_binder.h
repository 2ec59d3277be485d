#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_

#include <optional>
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
#include "bridge/transcode/json_document.h"
#include "bridge/transcode/name_patterns.h"
#include "bridge/transcode/query_params.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Builds the request message of one route from path variables, query and body,
// by the rules of google.api.HttpRule:
//
// - body "*": the body is the message; the query must not set any field.
// - body "f" or "f.g": the body is this field; the query must not set it or its
//   subfields.
// - A body is JSON, or a form (application/x-www-form-urlencoded) whose
//   parameters are those of a query. If it fills a google.api.HttpBody, it is
//   any bytes.
// - body "": no body; all fields come from path and query.
// - The query sets the remaining fields: nested ones by dots ("a.b=1"),
//   repeated ones by repetition, entries of maps by key ("m[key]=1"), by JSON
//   name or proto name. It cannot set whole messages, except for types with a
//   text form (Timestamp, Duration, FieldMask, the wrappers). Unknown names are
//   refused, except for those that match Options::ignored_patterns.
// - A repeated field in the path is a list with commas ("1,2,3").
// - A field that the path binds may also occur in query or body if it has the
//   same value there.
// - If Options::fills_update_mask is set and the client sets no update_mask, it
//   names the fields of the JSON body (update_mask.h).
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

    // The route is a PATCH.
    bool fills_update_mask = false;
  };

  struct Body {
    absl::string_view bytes;
    absl::string_view content_type;  // may be empty
  };

  // Returns InvalidArgument if the body selector or a path variable does not
  // fit the message. The error is written for the author of the schema.
  static absl::StatusOr<RequestBinder> Create(
      const google::protobuf::Descriptor* request, std::string body_selector,
      std::vector<std::string> path_field_paths, Options options);

  // Clears `out`, which must be of the type `request`. A blank body counts as
  // {} for body "*" and as absent for body "f".
  //
  // Tools send JSON as a form if nobody tells them otherwise (curl -d). A body
  // that begins as a JSON object, list or string is therefore read as JSON.
  //
  // InvalidArgument errors carry a google.rpc.BadRequest with the first error
  // of the body, or else all errors of query and path.
  absl::Status Bind(absl::Span<const PathVariable> path_vars,
                    absl::Span<const QueryParam> query,
                    const std::optional<Body>& body,
                    google::protobuf::Message* out) const;

 private:
  struct ParamState;
  enum class ParamSource { kQuery, kForm };

  RequestBinder() = default;

  // Sets *json if the body is the JSON of one field.
  absl::Status BindBody(const Body& body, std::optional<JsonDocument>* json,
                        google::protobuf::Message* out) const;
  absl::Status BindForm(absl::string_view form,
                        google::protobuf::Message* out) const;
  absl::Status FillUpdateMask(const JsonValue& json,
                              google::protobuf::Message* out) const;
  bool IsForm(const Body& body) const;
  Reason ResolveParam(absl::string_view name, ParamSource source,
                      FieldChain* chain) const;
  Reason BindParam(const QueryParam& param, ParamSource source,
                   ParamState* state, google::protobuf::Message* out) const;
  Reason BindPathVariable(const PathVariable& variable,
                          google::protobuf::Message* out) const;

  const google::protobuf::Descriptor* request_ = nullptr;
  Options options_;
  bool whole_body_ = false;
  FieldChain body_path_;   // empty unless the body is a field
  bool raw_body_ = false;  // the body fills a google.api.HttpBody
  // Set only if options_.fills_update_mask applies.
  const google::protobuf::FieldDescriptor* update_mask_ = nullptr;
  // Keyed by the path variable's name in the template.
  std::vector<std::pair<std::string, FieldChain>> path_fields_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_
