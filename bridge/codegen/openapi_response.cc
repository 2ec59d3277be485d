#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/event_names.h"
#include "bridge/codegen/json_form.h"
#include "bridge/codegen/openapi_parts.h"
#include "bridge/codegen/route_form.h"
#include "bridge/feed/formats/json_array.h"
#include "bridge/feed/formats/output_formats.h"
#include "bridge/feed/formats/sse.h"
#include "bridge/schema/raw_bodies.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using Version = OpenApiOptions::Version;

constexpr char kStatusSchema[] = "StatusEvent";
constexpr char kResetSchema[] = "ResetEvent";
constexpr char kUnreadableSchema[] = "UnreadableEvent";
constexpr char kUpstreamSchema[] = "UpstreamEvent";

// The data of these events.
constexpr char kStatusData[] = "StreamStatus";
constexpr char kResetData[] = "StreamReset";
constexpr char kOutageData[] = "StreamOutage";

// Schema of a route's response: the whole message, or a field of it.
Json DataSchema(const Route& route, const JsonSchemas& schemas) {
  const int json = JsonBits(route.method->json);
  return route.response_body_field == nullptr
             ? schemas.Message(route.method->descriptor->output_type(), false,
                               json)
             : schemas.Field(route.response_body_field, false, json);
}

// An event whose `data:` is JSON of this schema.
Json Event(const Json& name, bool named, bool has_id, const Json& data) {
  Json properties = {{"event", name}};
  if (has_id) {
    properties["id"] = {
        {"type", "string"},
        {"description", "Sent as Last-Event-ID to resume after this event."}};
  }
  properties["data"] = {{"type", "string"},
                        {"contentMediaType", "application/json"},
                        {"contentSchema", data}};
  Json required = Json::array();
  if (named) required.push_back("event");
  required.push_back("data");
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)}};
}

Json EventOf(const Route& route, const JsonSchemas& schemas) {
  const Method& method = *route.method;
  const auto names = EventNames(method);
  const bool unnamed =
      method.stream.event().empty() && method.event_from.empty();
  Json name = {{"type", "string"}};
  if (unnamed) {
    name = Json::object(
        {{"const", "message"},
         {"description", "Not sent: the default name of unnamed events."}});
  } else if (names.has_value()) {
    name["enum"] = *names;
  } else {
    name["not"] = {
        {"enum", std::vector<std::string>(std::begin(kReservedEventNames),
                                          std::end(kReservedEventNames))}};
  }
  // An empty value of event_from produces an unnamed event.
  const bool always = !method.stream.event().empty();
  return Event(name, always, !method.id_from.empty(),
               DataSchema(route, schemas));
}

Json Items(Json events, bool resumable, bool outages) {
  events.push_back(Component("schemas", kStatusSchema));
  events.push_back(Component("schemas", kUnreadableSchema));
  if (outages) events.push_back(Component("schemas", kUpstreamSchema));
  if (resumable) events.push_back(Component("schemas", kResetSchema));
  // Their names exclude each other, but not in a way that linters see.
  return {{"anyOf", std::move(events)}};
}

// Before 3.2, no keyword describes the items of a stream. Generators of clients
// take the `schema` of text/event-stream as that of one event's data.
Json EventData(const Json& data, bool resumable, bool outages) {
  Json any = data;
  any.push_back(Component("schemas", kStatusData));
  if (outages) any.push_back(Component("schemas", kOutageData));
  if (resumable) any.push_back(Component("schemas", kResetData));
  Json media = Json::object();
  media["schema"]["description"] =
      "The `data:` of one event, as JSON. The bridge's own events have the "
      "names `grpc-status` (the end of the stream), `unreadable`, `upstream` "
      "and `reset`.";
  media["schema"]["anyOf"] = std::move(any);
  return media;
}

Json HeadersOfStream() {
  Json schema = {{"type", "string"}, {"const", "no-store, no-transform"}};
  Json headers = Json::object();
  headers["Cache-Control"]["schema"] = std::move(schema);
  return headers;
}

void AddAccessErrors(const sse::v1::Access& access, std::vector<int>* errors) {
  if (!access.authenticated()) return;
  errors->push_back(401);
  errors->push_back(403);
}

Json StreamResponses(const Route& route, const JsonSchemas& schemas,
                     Version version) {
  const Json data = DataSchema(route, schemas);
  const bool resumable = !route.method->resume_into.empty();
  // The last element of a stream that fails.
  const Json element = {{"anyOf", {data, Component("schemas", "StreamError")}}};
  Json events;
  if (version == Version::k32) {
    events["itemSchema"] =
        Items(Json::array({EventOf(route, schemas)}), resumable,
              !route.method->stream.hide_outages());
  } else {
    events = EventData(Json::array({data}), resumable,
                       !route.method->stream.hide_outages());
  }
  if (IsRawResponse(route)) {
    Json ok = {
        {"description",
         absl::StrCat(
             "The bytes of the stream, with the content type of the backend's "
             "first message. If the stream fails later, the connection is cut: "
             "the body is incomplete. With ",
             SseFormat::kContentType, ", the messages are sent as events.")},
        {"headers", HeadersOfStream()},
        {"content",
         {{"*/*", Json::object()},
          {std::string(SseFormat::kContentType), std::move(events)}}}};
    return {{"200", std::move(ok)},
            {"204", {{"description", "The stream ended before any bytes."}}}};
  }
  std::string description =
      "The stream. It ends with the event `grpc-status`; without it, the "
      "connection was lost and can be reopened.";
  if (const AdmissionRule* rule = route.method->admission.get()) {
    absl::StrAppend(&description, " Before it begins, ",
                    rule->enter.method->full_name(),
                    " decides whether the client may join");
    absl::StrAppend(&description, rule->greeting == nullptr
                                      ? "."
                                      : "; the first event is its greeting.");
    if (rule->renew > absl::ZeroDuration()) {
      absl::StrAppend(&description,
                      " The stream ends if it later decides otherwise.");
    }
  }
  if (route.method->has_audiences()) {
    absl::StrAppend(&description, " Some events are only for some users.");
  }
  Json ok = {{"description", std::move(description)},
             {"headers", HeadersOfStream()},
             {"content", StreamContent(OutputFormats::BuiltIn(), events,
                                       element, version)}};
  return {
      {"200", std::move(ok)},
      {"204",
       {{"description",
         "The stream ended before any event; clients should not reconnect."}}}};
}

Json UnaryResponses(const Route& route, const JsonSchemas& schemas) {
  Json content;
  if (IsRawResponse(route)) {
    content["*/*"] = Json::object();
  } else {
    content["application/json"] = {{"schema", DataSchema(route, schemas)}};
  }
  return {{"200", {{"description", "OK"}, {"content", std::move(content)}}}};
}

// A google.rpc.Status in JSON; in `/events` also the name of its stream.
Json StatusSchema() {
  return {{"type", "object"},
          {"description",
           "How the stream ended, or why an event is missing, as a "
           "google.rpc.Status."},
          {"properties",
           {{"code",
             {{"type", "integer"},
              {"description", "google.rpc.Code; 0 means success."}}},
            {"message", {{"type", "string"}}},
            {"details", Component("schemas", "ErrorDetails")},
            {"stream",
             {{"type", "string"},
              {"description", "Name of the stream, on `/events`."}}}}},
          {"required", {"code", "message"}}};
}

}  // namespace

Json StreamContent(const OutputFormats& formats, const Json& events,
                   const Json& element, Version version) {
  Json content = Json::object();
  for (const OutputFormats::Entry& format : formats.entries()) {
    Json& media = content[format.content_type];
    switch (format.body) {
      case OutputFormat::Body::kEvents:
        media = events;
        break;
      case OutputFormat::Body::kJsonArray:
        if (version == Version::k31) {
          content.erase(format.content_type);
          break;
        }
        media["schema"] = {{"type", "array"}, {"items", element}};
        break;
      case OutputFormat::Body::kJsonLines:
        if (version == Version::k32) {
          media["itemSchema"] = element;
        } else {
          media["schema"] = element;  // of a line, as for events
        }
        break;
      case OutputFormat::Body::kText:
        media["schema"] = {{"type", "string"}};
        break;
    }
  }
  return content;
}

Json Component(const std::string& kind, const std::string& name) {
  return {{"$ref", absl::StrCat("#/components/", kind, "/", name)}};
}

Json ResponsesOf(const Route& route, const JsonSchemas& schemas,
                 Version version) {
  std::vector<int> errors = {400, 404, 500, 501, 503};
  AddAccessErrors(route.method->access, &errors);
  if (!route.body.empty()) errors.push_back(413);
  Json responses;
  if (route.method->server_streaming) {
    responses = StreamResponses(route, schemas, version);
    errors.push_back(429);
    if (!IsRawResponse(route)) errors.push_back(406);
  } else {
    responses = UnaryResponses(route, schemas);
    errors.insert(errors.end(), {409, 429, 504});
  }
  AddErrors(errors, &responses);
  return responses;
}

Json BundleResponses(
    const std::vector<std::pair<std::string, const Route*>>& streams,
    const JsonSchemas& schemas, Version version) {
  Json media;
  if (version == Version::k32) {
    Json events = Json::array();
    bool resumable = false, outages = false;
    for (const auto& [name, route] : streams) {
      events.push_back(Event({{"const", name}}, true,
                             !route->method->id_from.empty(),
                             DataSchema(*route, schemas)));
      resumable = resumable || !route->method->resume_into.empty();
      outages = outages || !route->method->stream.hide_outages();
    }
    // Clients may choose other names.
    events.push_back(
        Event({{"type", "string"}}, true, true, /*data=*/Json::object()));
    media["itemSchema"] = Items(std::move(events), resumable, outages);
  } else {
    Json data = Json::array();
    bool resumable = false, outages = false;
    for (const auto& [name, route] : streams) {
      Json each = DataSchema(*route, schemas);
      if (std::find(data.begin(), data.end(), each) == data.end()) {
        data.push_back(std::move(each));
      }
      resumable = resumable || !route->method->resume_into.empty();
      outages = outages || !route->method->stream.hide_outages();
    }
    media = EventData(data, resumable, outages);
  }
  Json responses = {
      {"200",
       {{"description",
         "The events of all streams; each event has the name of its stream. A "
         "stream ends with an event `grpc-status` whose `stream` contains that "
         "name."},
        {"content",
         {{std::string(SseFormat::kContentType), std::move(media)}}}}},
      {"204", {{"description", "All streams ended before any event."}}}};
  AddErrors({400, 401, 403, 404, 429, 500, 503}, &responses);
  return responses;
}

Json EventSchemas() {
  Json components = Json::object();
  components[kStatusData] = StatusSchema();
  components[kStatusSchema] = Event({{"const", kStatusEventName}}, true, true,
                                    Component("schemas", kStatusData));
  components[kStatusSchema]["description"] = "How the stream ended.";
  components[kResetData] = {
      {"type", "object"},
      {"description",
       "The stream could not be resumed after `requested`: it continues as on "
       "a first visit. `oldest` is the oldest id that is kept; it may be "
       "empty."},
      {"properties",
       {{"requested", {{"type", "string"}}},
        {"oldest", {{"type", "string"}}},
        {"stream", {{"type", "string"}}}}},
      {"required", {"requested", "oldest"}}};
  components[kResetSchema] = Event({{"const", kResetEventName}}, true, true,
                                   Component("schemas", kResetData));
  components[kResetSchema]["description"] = "The stream could not be resumed.";
  components[kUnreadableSchema] =
      Event({{"const", kUnreadableEventName}}, true, true,
            Component("schemas", kStatusData));
  components[kUnreadableSchema]["description"] =
      "Replaces an event that cannot be converted, with the reason.";
  components[kOutageData] = {
      {"type", "object"},
      {"description",
       "The backend was lost and the bridge is reconnecting, or it is back."},
      {"properties",
       {{"state", {{"type", "string"}, {"enum", {"away", "back"}}}},
        {"stream", {{"type", "string"}}}}},
      {"required", {"state"}}};
  components[kUpstreamSchema] = Event({{"const", kUpstreamEventName}}, true,
                                      false, Component("schemas", kOutageData));
  components[kUpstreamSchema]["description"] =
      "The backend was lost, or it is back.";
  components["StreamError"] = {
      {"type", "object"},
      {"description", "The last element of a stream that failed."},
      {"required", {"error"}},
      {"properties", {{"error", Component("schemas", kStatusData)}}}};
  return components;
}

}  // namespace sse_bridge
