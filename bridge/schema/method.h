#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/validator.h"
#include "google/protobuf/descriptor.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

struct Route;

// A unary or server-streaming method and all that its options say, checked.
// Owned by a Schema and immutable with it; the pointers within lead into that
// Schema, which must outlive every use.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string grpc_path;  // "/package.Service/Method"
  bool server_streaming = false;

  // As written, except that `share_by` sets `shared`, and that a `bundle` has
  // its default event name. Default values for a method without the option.
  sse::v1::Stream stream;

  // In force: the method's own, else the service's default. `authenticated` is
  // set where anything else in it implies it, and where it names nothing and
  // LoadOptions::default_access says so.
  sse::v1::Access access;

  // The service's.
  sse::v1::Json json;

  // The field paths of `stream` and `access`, resolved; empty where the option
  // is. Those "into" belong to the request, the others to the response.
  FieldPath event_from;
  FieldPath id_from;
  FieldPath snapshot_key;
  FieldPath slow_key;
  FieldPath resume_into;
  FieldPath subject_into;

  // Repeated field of the request; null without `share_by`.
  const google::protobuf::FieldDescriptor* share_by = nullptr;

  // The durations of `stream`; nullopt where it does not say.
  std::optional<absl::Duration> keep_alive;
  std::optional<absl::Duration> retry;
  std::optional<absl::Duration> max_age;

  // `stream.reconnect`: how long (nullopt where it does not say), and the codes
  // as bits (1 << google.rpc.Code).
  std::optional<absl::Duration> give_up_after;
  uint32_t reconnect_codes = kDefaultReconnectCodes;
  static constexpr uint32_t kDefaultReconnectCodes = 1u << 14;  // UNAVAILABLE

  // In the order of the option: the rule itself, then its additional bindings.
  // Empty for a method that HTTP does not reach.
  std::vector<const Route*> routes;

  // buf.validate's rules of the request. Null when there are none to check.
  std::shared_ptr<const Validator> validator;

  // From the comment above the method: its first paragraph on one line, and
  // the whole. Empty without comments in the descriptors.
  std::string summary;
  std::string description;

  bool in_bundle() const { return stream.has_bundle(); }
};

// One way to reach a method over HTTP. Owned by a Schema, like Method.
struct Route {
  const Method* method = nullptr;

  // "GET", "POST", ... or "*" for every verb.
  std::string verb;
  std::string path_template;  // the text

  // "" (the HTTP body is not used), "*" or a field of the request.
  std::string body;
  const google::protobuf::FieldDescriptor* body_field = nullptr;

  // "" (the whole response) or a field of it.
  std::string response_body;
  const google::protobuf::FieldDescriptor* response_body_field = nullptr;

  // The template's variables: names, and the request fields they fill.
  std::vector<std::string> path_fields;
  std::vector<FieldPath> resolved_path_fields;

  // Made because the method has no google.api.http option.
  bool is_default = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_H_
