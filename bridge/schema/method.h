#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/validator.h"
#include "google/protobuf/descriptor.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

struct Route;

// `stream.admission`, resolved. The fields of the requests of `enter` and
// `leave` are filled from the stream's request.
struct AdmissionRule {
  // A unary method that the bridge calls for a stream's client.
  struct Call {
    const google::protobuf::MethodDescriptor* method = nullptr;
    std::string grpc_path;

    // Fields of the same name and type: of the stream's request, and of this
    // method's.
    std::vector<std::pair<const google::protobuf::FieldDescriptor*,
                          const google::protobuf::FieldDescriptor*>>
        copied;

    // The method's own access rule, else its service's default. Its
    // `subject_into` is resolved; empty if not set.
    sse::v1::Access access;
    FieldPath subject_into;

    // Receives the session id; null if not set.
    const google::protobuf::FieldDescriptor* session_into = nullptr;
  };

  Call enter;
  std::optional<Call> leave;

  // google.protobuf.Duration in the request of `enter`; null if not set.
  const google::protobuf::FieldDescriptor* lease_into = nullptr;

  // Of the response of `enter`, and of the stream's response type; null if not
  // set.
  const google::protobuf::FieldDescriptor* greeting = nullptr;

  absl::Duration renew = absl::ZeroDuration();  // zero: never
  absl::Duration lease = absl::ZeroDuration();  // zero if never renewed
  absl::Duration timeout = absl::Seconds(5);
};

// What documents, clients and pages say of a method (method_texts.h).
struct MethodTexts {
  // A short title, never empty: the option's, else the method's name in words
  // ("Stream prices").
  std::string summary;
  // The option's, else the comment above the method. May be empty.
  std::string description;
  std::vector<std::string> tags;  // empty: the service is the only one
  std::string operation_id;       // empty: made from the method's name
  std::string docs_url;           // of further documentation; may be empty
  std::string docs_description;
  bool deprecated = false;
};

// A unary or server-streaming method and its options, validated. Owned by a
// Schema and immutable. Its pointers refer to that Schema, which must outlive
// every use.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string grpc_path;  // "/package.Service/Method"
  bool server_streaming = false;

  // As written, except that `share_by` sets `shared`, and a `bundle` has its
  // default event name. Default values if the option is absent.
  sse::v1::Stream stream;

  // The effective rule: the method's own, else the service's default.
  // `authenticated` is also set if another field implies it, or if the rule is
  // empty and LoadOptions::default_access requires it.
  sse::v1::Access access;

  // From the service.
  sse::v1::Json json;

  // The resolved field paths of `stream` and `access`; empty if not set. Names
  // with "into" refer to the request, the others to the response.
  FieldPath event_from;
  FieldPath id_from;
  FieldPath snapshot_key;
  FieldPath slow_key;
  FieldPath resume_into;
  FieldPath subject_into;
  FieldPath only_to;
  FieldPath not_to;

  // Null without `stream.admission`.
  std::shared_ptr<const AdmissionRule> admission;

  // Repeated field of the request; null without `share_by`.
  const google::protobuf::FieldDescriptor* share_by = nullptr;

  // The durations of `stream`; nullopt if not set.
  std::optional<absl::Duration> keep_alive;
  std::optional<absl::Duration> retry;
  std::optional<absl::Duration> max_age;

  // `stream.reconnect`: duration (nullopt if not set), and codes as a bit set
  // (1 << google.rpc.Code).
  std::optional<absl::Duration> give_up_after;
  uint32_t reconnect_codes = kDefaultReconnectCodes;
  static constexpr uint32_t kDefaultReconnectCodes = 1u << 14;  // UNAVAILABLE

  // In the order of the option: the rule itself, then its additional bindings.
  // Empty if the method is not reachable over HTTP.
  std::vector<const Route*> routes;

  // buf.validate rules of the request. Null if there are none.
  std::shared_ptr<const Validator> validator;

  MethodTexts texts;

  // A field that its messages may contain is marked `debug_redact`.
  bool answers_secrets = false;

  // Whether its messages may be compressed together.
  bool compressible() const {
    return !answers_secrets && (!stream.has_compress() || stream.compress());
  }

  bool in_bundle() const { return stream.has_bundle(); }

  // Whether some events are only for some subjects.
  bool has_audiences() const { return !only_to.empty() || !not_to.empty(); }
};

// One way to reach a method over HTTP. Owned by a Schema, like Method.
struct Route {
  const Method* method = nullptr;

  // "GET", "POST", ... or "*" for any verb.
  std::string verb;
  std::string path_template;  // source text

  // "" (the HTTP body is ignored), "*" or a field of the request ("a.b" if it
  // is nested), which `body_path` leads to and `body_field` is.
  std::string body;
  FieldPath body_path;
  const google::protobuf::FieldDescriptor* body_field = nullptr;

  // "" (the whole response) or a field of it.
  std::string response_body;
  const google::protobuf::FieldDescriptor* response_body_field = nullptr;

  // The template's variables: the names of the request fields they fill.
  std::vector<std::string> path_fields;
  std::vector<FieldPath> resolved_path_fields;

  // Created because the method has no google.api.http option.
  bool is_default = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_H_
