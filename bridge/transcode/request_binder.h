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

// Makes a request message of one route's path variables, query and body, by
// the rules of google.api.HttpRule:
//
// - body "*": the body is the message; the query may name no field.
// - body "f": the body is the field f; the query may not name it or what is in
//   it.
// - body "": there is none; every field comes from path and query.
// - The query names the other fields, nested ones by dots ("a.b=1"), repeated
//   ones by repetition, in JSON names or those of the .proto. Maps and whole
//   messages cannot be named, but types with a text form can (Timestamp,
//   Duration, FieldMask, the wrappers). What names no field is refused, but
//   for Options::ignored_patterns.
// - A field that the path binds may also come from query or body, with the
//   same value.
//
// Immutable; Bind is safe for any number of threads. The descriptor must
// outlive it.
class RequestBinder {
 public:
  struct Options {
    // Query parameters that belong to the bridge ("access_token"): never
    // fields.
    absl::flat_hash_set<std::string> ignored_query_names;

    // Passed over where they name no field; null: none. Must outlive the
    // binder.
    const NamePatterns* ignored_patterns = nullptr;
  };

  // InvalidArgument when the body selector or a path variable does not fit the
  // message; the text says which and why, for whoever wrote the schema.
  static absl::StatusOr<RequestBinder> Create(
      const google::protobuf::Descriptor* request, std::string body_selector,
      std::vector<std::string> path_field_paths, Options options);

  // `out` is of the type `request`; what it held is cleared. `body_json` is
  // looked at only when `has_body`; a blank one counts as {} for body "*" and
  // as absent for body "f".
  //
  // The InvalidArgument carries a google.rpc.BadRequest: the first fault of the
  // body, or else all of those of query and path.
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
  // By the path variable's name in the template.
  std::vector<std::pair<std::string, FieldChain>> path_fields_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_REQUEST_BINDER_H_
