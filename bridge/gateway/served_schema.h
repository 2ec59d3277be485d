#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_SERVED_SCHEMA_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_SERVED_SCHEMA_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/gateway/authenticator.h"
#include "bridge/schema/schema.h"
#include "bridge/transcode/frame_encoder.h"
#include "bridge/transcode/json_encoder.h"
#include "bridge/transcode/name_patterns.h"
#include "bridge/transcode/request_binder.h"
#include "bridge/web/openapi_documents.h"
#include "google/protobuf/dynamic_message.h"

namespace sse_bridge {

// Which query parameters carry the last event id.
struct ResumeParams {
  bool last_event_id = false;  // kLastEventIdParam
  bool of_polyfills = false;   // kLastEventIdParamOfPolyfills
};

// A route with everything needed to serve it, created once when the schema is
// loaded.
struct ServedRoute {
  const Route* route = nullptr;
  std::unique_ptr<const RequestBinder> binder;
  std::unique_ptr<const FrameEncoder> encoder;
  const google::protobuf::Message* request_prototype = nullptr;

  // Of a stream with an admission: the requests of `enter` and `leave`, and the
  // response of `enter`. Otherwise null, as is what the admission does not
  // have.
  const google::protobuf::Message* enter_prototype = nullptr;
  const google::protobuf::Message* entered_prototype = nullptr;
  const google::protobuf::Message* leave_prototype = nullptr;

  // Query parameters of the bridge that are not fields of the request.
  QueryCredentials credentials;
  ResumeParams resume_params;

  // The response is a google.api.HttpBody, sent as raw bytes unless a client
  // asks for a stream as events.
  bool raw_response = false;
  std::unique_ptr<const FrameEncoder> raw_stream;  // for server streams

  const Method& method() const { return *route->method; }
};

// A schema prepared for serving, with binders and encoders for each route.
// Immutable and thread-safe. Requests and feeds hold a reference while they use
// it, so that a reload can replace it at any time.
class ServedSchema {
 public:
  struct Options {
    // Unknown query parameters to ignore.
    NamePatterns ignored_params;
  };

  static absl::StatusOr<std::shared_ptr<const ServedSchema>> Create(
      std::shared_ptr<const Schema> schema, Options options);

  ServedSchema(const ServedSchema&) = delete;
  ServedSchema& operator=(const ServedSchema&) = delete;

  const Schema& schema() const { return *schema_; }
  const ServedRoute& Find(const Route* route) const;

  // See schema_json.h. Made on first use: for a large schema it takes a second
  // and many megabytes.
  const std::string& schema_json() const;

  const OpenApiDocuments& openapi() const { return openapi_; }

  const NamePatterns& ignored_params() const { return options_.ignored_params; }

  // The JSON of a google.rpc.Status: {"code", "message", "details"}. Details of
  // unknown types have their type URL and bytes.
  std::string StatusJson(const absl::Status& status) const;

  // The JSON of the list of details; "[]" if there are none.
  std::string DetailsJson(const absl::Status& status) const;

 private:
  ServedSchema(std::shared_ptr<const Schema> schema, Options options);

  absl::Status Add(const Route* route);

  const std::shared_ptr<const Schema> schema_;
  const Options options_;
  mutable std::once_flag schema_json_made_;
  mutable std::string schema_json_;
  const OpenApiDocuments openapi_;
  // For one pool: prototypes of requests, and encoders by options.
  struct Pool {
    explicit Pool(const google::protobuf::DescriptorPool* pool)
        : messages(pool) {}
    google::protobuf::DynamicMessageFactory messages;
    std::map<int, std::shared_ptr<const JsonEncoder>> encoders;
  };
  std::map<const google::protobuf::DescriptorPool*, Pool> pools_;
  std::unique_ptr<const JsonEncoder> details_;
  const MessageTable* any_ = nullptr;  // google.protobuf.Any, for details_
  absl::flat_hash_map<const Route*, ServedRoute> routes_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_SERVED_SCHEMA_H_
