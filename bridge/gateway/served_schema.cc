#include "bridge/gateway/served_schema.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/gateway/own_params.h"
#include "bridge/schema/field_path_walk.h"
#include "bridge/schema/raw_bodies.h"
#include "bridge/transcode/json_options.h"
#include "bridge/upstream/call.h"
#include "bridge/web/schema_json.h"
#include "google/protobuf/any.pb.h"
#include "google/rpc/status.pb.h"

namespace sse_bridge {
namespace {

using google::protobuf::Any;

// The field that a query parameter with this name sets; null if none.
const google::protobuf::FieldDescriptor* QueryField(const Route& route,
                                                    const std::string& name) {
  const auto* field = FindField(*route.method->descriptor->input_type(), name,
                                FieldNames::kProtoAndJson);
  // The query cannot set fields that the body carries.
  if (field == nullptr || route.body == "*" || route.body == field->name()) {
    return nullptr;
  }
  return field;
}

JsonOptions OptionsOf(const sse::v1::Json& json) {
  JsonOptions options;
  options.preserve_proto_field_names = json.preserve_proto_field_names();
  options.always_print_fields_with_no_presence =
      json.always_print_fields_with_no_presence();
  options.always_print_enums_as_ints = json.always_print_enums_as_ints();
  // A value that this schema does not know must not fail the whole message.
  options.lenient = true;
  return options;
}

// The details of a status, from the bridge's payloads or from the backend's
// google.rpc.Status.
std::vector<Any> DetailsOf(const absl::Status& status) {
  std::vector<Any> details;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& bytes) {
    if (url == kStatusDetailsUrl) {
      google::rpc::Status whole;
      if (whole.ParseFromString(std::string(bytes))) {
        for (const Any& detail : whole.details()) details.push_back(detail);
      }
      return;
    }
    Any detail;
    detail.set_type_url(std::string(url));
    detail.set_value(std::string(bytes));
    details.push_back(std::move(detail));
  });
  return details;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ServedSchema>> ServedSchema::Create(
    std::shared_ptr<const Schema> schema, Options options) {
  std::shared_ptr<ServedSchema> served(
      new ServedSchema(std::move(schema), std::move(options)));
  for (const Route* route : served->schema_->routes()) {
    if (absl::Status added = served->Add(route); !added.ok()) return added;
  }
  return std::shared_ptr<const ServedSchema>(std::move(served));
}

ServedSchema::ServedSchema(std::shared_ptr<const Schema> schema,
                           Options options)
    : schema_(std::move(schema)),
      options_(std::move(options)),
      openapi_(schema_.get()) {
  JsonOptions json_options;
  json_options.unresolved_any_by_url = true;
  details_ = JsonEncoder::Create(&schema_->pool(), json_options);
  any_ = details_->TableFor(
      schema_->pool().FindMessageTypeByName("google.protobuf.Any"));
}

const std::string& ServedSchema::schema_json() const {
  std::call_once(schema_json_made_,
                 [this] { schema_json_ = SchemaJson(*schema_); });
  return schema_json_;
}

absl::Status ServedSchema::Add(const Route* route) {
  const Method& method = *route->method;
  const auto named = [&](const absl::Status& status) {
    return absl::Status(
        status.code(),
        absl::StrCat(method.descriptor->file()->name(), ": ",
                     method.descriptor->full_name(), ": ", status.message()));
  };
  ServedRoute served;
  served.route = route;
  RequestBinder::Options binder_options;
  binder_options.ignored_patterns = &options_.ignored_params;
  binder_options.fills_update_mask = route->verb == "PATCH";
  for (const auto& [name, is_own] :
       {std::pair(kTicketParam, &served.credentials.ticket),
        std::pair(kAccessTokenParam, &served.credentials.access_token),
        std::pair(kLastEventIdParam, &served.resume_params.last_event_id),
        std::pair(kLastEventIdParamOfPolyfills,
                  &served.resume_params.of_polyfills)}) {
    const auto* field = QueryField(*route, name);
    const bool resumes = is_own == &served.resume_params.last_event_id ||
                         is_own == &served.resume_params.of_polyfills;
    // If the field receives the id, field and parameter have the same meaning.
    *is_own = field == nullptr ||
              (resumes && field->name() == method.stream.resume_into());
    if (*is_own) binder_options.ignored_query_names.insert(name);
  }
  auto binder =
      RequestBinder::Create(method.descriptor->input_type(), route->body,
                            route->path_fields, std::move(binder_options));
  if (!binder.ok()) return named(binder.status());
  served.binder = std::make_unique<const RequestBinder>(*std::move(binder));

  const std::string& slow_key = method.stream.slow().key();
  const std::string& snapshot_key = method.stream.snapshot().key();
  const int json_key =
      (method.json.preserve_proto_field_names() ? 1 : 0) |
      (method.json.always_print_fields_with_no_presence() ? 2 : 0) |
      (method.json.always_print_enums_as_ints() ? 4 : 0);
  const auto* descriptors = method.descriptor->file()->pool();
  Pool& pool = pools_.try_emplace(descriptors, descriptors).first->second;
  std::shared_ptr<const JsonEncoder>& encoder = pool.encoders[json_key];
  if (encoder == nullptr) {
    encoder = JsonEncoder::Create(descriptors, OptionsOf(method.json));
  }
  FrameEncoder::Options options;
  options.response = method.descriptor->output_type();
  options.event = method.stream.event();
  options.event_from = method.stream.event_from();
  options.id_from = method.stream.id_from();
  options.key = slow_key.empty() ? snapshot_key : slow_key;
  options.only_to = method.stream.only_to();
  options.not_to = method.stream.not_to();
  options.data_field = route->response_body;
  auto frames = FrameEncoder::Create(encoder, options);
  if (!frames.ok()) return named(frames.status());
  served.encoder = *std::move(frames);
  served.request_prototype =
      pool.messages.GetPrototype(method.descriptor->input_type());
  if (const AdmissionRule* rule = method.admission.get()) {
    served.enter_prototype =
        pool.messages.GetPrototype(rule->enter.method->input_type());
    served.entered_prototype =
        pool.messages.GetPrototype(rule->enter.method->output_type());
    if (rule->leave.has_value()) {
      served.leave_prototype =
          pool.messages.GetPrototype(rule->leave->method->input_type());
    }
  }
  served.raw_response = IsRawResponse(*route);
  if (served.raw_response && method.server_streaming) {
    FrameEncoder::Options raw_options;
    raw_options.response = method.descriptor->output_type();
    raw_options.raw_body = true;
    auto raw = FrameEncoder::Create(encoder, raw_options);
    if (!raw.ok()) return named(raw.status());
    served.raw_stream = *std::move(raw);
  }
  routes_.emplace(route, std::move(served));
  return absl::OkStatus();
}

const ServedRoute& ServedSchema::Find(const Route* route) const {
  return routes_.at(route);
}

std::string ServedSchema::DetailsJson(const absl::Status& status) const {
  std::string json = "[";
  for (const Any& detail : DetailsOf(status)) {
    if (json.size() > 1) json.push_back(',');
    // Malformed details must not hide the error itself.
    if (!details_->Encode(any_, detail.SerializeAsString(), &json).ok()) {
      absl::StrAppend(&json, "{\"@type\":", JsonQuote(detail.type_url()), "}");
    }
  }
  return json + "]";
}

std::string ServedSchema::StatusJson(const absl::Status& status) const {
  const std::string details = DetailsJson(status);
  return absl::StrCat("{\"code\":", static_cast<int>(status.code()),
                      ",\"message\":", JsonQuote(status.message()),
                      details == "[]" ? "" : ",\"details\":",
                      details == "[]" ? "" : details, "}");
}

}  // namespace sse_bridge
