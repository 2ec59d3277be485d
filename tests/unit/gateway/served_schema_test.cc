#include "bridge/gateway/served_schema.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/query_params.h"
#include "bridge/upstream/call.h"
#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Served = std::shared_ptr<const ServedSchema>;

constexpr char kMessages[] =
    "message Request { string a = 1; string ticket = 2; "
    "string last_event_id = 3; string access_token = 4; }\n"
    "message Response { string some_text = 1; string id = 2; string key = 3; "
    "string other = 4; }\n";

absl::StatusOr<Served> Create(const std::string& body,
                              ServedSchema::Options options = {}) {
  auto schema = LoadTestProto(body);
  EXPECT_TRUE(schema.ok()) << schema.status();
  if (!schema.ok()) return schema.status();
  return ServedSchema::Create(*std::move(schema), std::move(options));
}

// A schema whose one service has these methods.
Served WithMethods(const std::string& methods,
                   const std::string& service_options = "",
                   ServedSchema::Options options = {}) {
  auto served = Create(
      absl::StrCat("service S {\n", service_options, methods, "}\n", kMessages),
      std::move(options));
  EXPECT_TRUE(served.ok()) << served.status();
  return served.ok() ? *served : nullptr;
}

std::string Get(const std::string& name, const std::string& more = "",
                const std::string& request = "Request",
                const std::string& response = "stream Response") {
  return absl::StrCat("rpc ", name, "(", request, ") returns (", response,
                      ") { option (google.api.http) = { get: '/", name, "' }; ",
                      more, " }\n");
}

// C strings, because GCC 13 and later suspect a reference to a temporary where
// an argument is one.
const ServedRoute& RouteOf(const ServedSchema& served, const char* verb,
                           const char* path) {
  const RouteMatch match = served.schema().Match(verb, path);
  EXPECT_EQ(match.kind, RouteMatch::Kind::kFound) << path;
  return served.Find(match.route);
}

// The `data` of an event of this route.
std::string Body(const ServedRoute& route, const std::string& wire) {
  std::string text;
  const absl::string_view slices[] = {wire};
  EXPECT_TRUE(route.encoder->EncodeBody(slices, &text).ok());
  return text;
}

absl::Status Bind(const ServedRoute& route, const std::string& query) {
  const auto params = ParseQuery(query);
  EXPECT_TRUE(params.ok()) << params.status();
  const std::unique_ptr<google::protobuf::Message> message(
      route.request_prototype->New());
  return route.binder->Bind({}, *params, std::nullopt, message.get());
}

TEST(ServedSchemaTest, EveryRouteOfAMethodIsServed) {
  const Served served = WithMethods(
      "rpc M(Request) returns (Response) { option (google.api.http) = {"
      " get: '/m' additional_bindings { post: '/m' body: '*' } }; }\n");
  ASSERT_NE(served, nullptr);
  const ServedRoute& get = RouteOf(*served, "GET", "/m");
  const ServedRoute& post = RouteOf(*served, "POST", "/m");
  EXPECT_NE(&get, &post);
  EXPECT_EQ(&get.method(), &post.method());
  EXPECT_EQ(get.request_prototype->GetDescriptor()->full_name(),
            "test.Request");
  EXPECT_FALSE(get.raw_response);
}

// A field has precedence, so that no client loses a part of its request.
TEST(ServedSchemaTest, ParameterThatIsAFieldIsNotTheBridges) {
  const Served served = WithMethods(
      Get("fields") + Get("none", "", "Response") +
      "rpc B(Request) returns (Response) { option (google.api.http) = {"
      " post: '/body' body: '*' additional_bindings {"
      " post: '/part' body: 'ticket' } }; }\n");
  ASSERT_NE(served, nullptr);
  const ServedRoute& fields = RouteOf(*served, "GET", "/fields");
  EXPECT_FALSE(fields.credentials.ticket);
  EXPECT_FALSE(fields.credentials.access_token);
  EXPECT_FALSE(fields.resume_params.last_event_id);
  const ServedRoute& none = RouteOf(*served, "GET", "/none");
  EXPECT_TRUE(none.credentials.ticket);
  EXPECT_TRUE(none.credentials.access_token);
  EXPECT_TRUE(none.resume_params.last_event_id);
  EXPECT_TRUE(none.resume_params.of_polyfills);
  // The query cannot set what the body carries.
  EXPECT_TRUE(RouteOf(*served, "POST", "/body").credentials.ticket);
  EXPECT_TRUE(RouteOf(*served, "POST", "/body").credentials.access_token);
  EXPECT_TRUE(RouteOf(*served, "POST", "/part").credentials.ticket);
  EXPECT_FALSE(RouteOf(*served, "POST", "/part").credentials.access_token);
}

TEST(ServedSchemaTest, FieldThatReceivesTheIdMeansTheSameAsTheParameter) {
  const Served served =
      WithMethods(Get("resumes",
                      "option (sse.v1.stream) = { id_from: 'id' "
                      "resume_into: 'last_event_id' };"));
  ASSERT_NE(served, nullptr);
  const ServedRoute& route = RouteOf(*served, "GET", "/resumes");
  EXPECT_TRUE(route.resume_params.last_event_id);
  // The same field by its JSON name.
  EXPECT_TRUE(route.resume_params.of_polyfills);
}

TEST(ServedSchemaTest, BridgesParametersAreNotUnknownFields) {
  const Served served = WithMethods(Get("none", "", "Response"));
  ASSERT_NE(served, nullptr);
  const ServedRoute& route = RouteOf(*served, "GET", "/none");
  EXPECT_TRUE(Bind(route, "ticket=x&lastEventId=1&access_token=y&id=2").ok());
  EXPECT_THAT(std::string(Bind(route, "utm_source=x").message()),
              HasSubstr("utm_source"));
  ServedSchema::Options options;
  options.ignored_params = *NamePatterns::Create({"utm_*", "id[*"});
  const Served tolerant =
      WithMethods(Get("none", "", "Response"), "", std::move(options));
  ASSERT_NE(tolerant, nullptr);
  const ServedRoute& ignoring = RouteOf(*tolerant, "GET", "/none");
  EXPECT_TRUE(Bind(ignoring, "utm_source=x").ok());
  EXPECT_TRUE(Bind(ignoring, "utm_source[]=x").ok());
  // A field, but not a map.
  EXPECT_TRUE(Bind(ignoring, "id[]=x").ok());
  EXPECT_FALSE(Bind(ignoring, "nobody=x").ok());
}

TEST(ServedSchemaTest, ServiceSelectsTheFormOfItsJson) {
  const std::string kWire = "\x0a\x01x";  // some_text
  const std::string method = Get("m");
  const Served plain = WithMethods(method);
  const Served own =
      WithMethods(method,
                  "option (sse.v1.json) = { preserve_proto_field_names: true "
                  "always_print_fields_with_no_presence: true };\n");
  ASSERT_TRUE(plain != nullptr && own != nullptr);
  EXPECT_EQ(json::parse(Body(RouteOf(*plain, "GET", "/m"), kWire)),
            json({{"someText", "x"}}));
  EXPECT_EQ(json::parse(Body(RouteOf(*own, "GET", "/m"), kWire)),
            json({{"some_text", "x"}, {"id", ""}, {"key", ""}, {"other", ""}}));
}

TEST(ServedSchemaTest, EventsHaveTheirNameIdAndKey) {
  const Served served =
      WithMethods(Get("m",
                      "option (sse.v1.stream) = { event: 'tick' id_from: 'id' "
                      "shared: true slow: { policy: CONFLATE key: 'key' } };"));
  ASSERT_NE(served, nullptr);
  EncodedFrame frame;
  const absl::string_view wire[] = {
      "\x12\x01"
      "7"
      "\x1a\x01k"};
  ASSERT_TRUE(RouteOf(*served, "GET", "/m").encoder->Encode(wire, &frame).ok());
  EXPECT_EQ(frame.name(), "tick");
  EXPECT_EQ(frame.id(), "7");
  EXPECT_EQ(frame.key, "k");
}

TEST(ServedSchemaTest, OneStreamHasOneKey) {
  const auto stream = [](const char* slow_key) {
    return absl::StrCat(
        "service S {\n",
        Get("m", absl::StrCat("option (sse.v1.stream) = { shared: true "
                              "slow: { policy: CONFLATE key: '",
                              slow_key,
                              "' } snapshot: { what: LAST_PER_KEY "
                              "key: 'key' } };")),
        "}\n", kMessages);
  };
  EXPECT_TRUE(Create(stream("key")).ok());
  const auto schema = LoadTestProto(stream("other"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_EQ((*schema)->unserved().size(), 1u);
  EXPECT_THAT(std::string((*schema)->unserved()[0].why.message()),
              AllOf(HasSubstr("test.S.m is not served: "),
                    HasSubstr("slow.key and snapshot.key")));
}

TEST(ServedSchemaTest, HttpBodyIsRawBytes) {
  auto served = Create(
      absl::StrCat("import \"google/api/httpbody.proto\";\nservice S {\n",
                   Get("one", "", "Request", "google.api.HttpBody"),
                   Get("many", "", "Request", "stream google.api.HttpBody"),
                   "}\n", kMessages));
  ASSERT_TRUE(served.ok()) << served.status();
  const ServedRoute& one = RouteOf(**served, "GET", "/one");
  EXPECT_TRUE(one.raw_response);
  EXPECT_EQ(one.raw_stream, nullptr);
  const ServedRoute& many = RouteOf(**served, "GET", "/many");
  EXPECT_TRUE(many.raw_response);
  ASSERT_NE(many.raw_stream, nullptr);
  EXPECT_TRUE(many.raw_stream->raw_body());
  EXPECT_FALSE(many.encoder->raw_body()) << "for clients that ask for events";
}

TEST(ServedSchemaTest, StatusJsonHasCodeMessageAndDetails) {
  const Served served = WithMethods(Get("m"));
  ASSERT_NE(served, nullptr);
  EXPECT_EQ(served->StatusJson(absl::NotFoundError("a \"b\"\n")),
            "{\"code\":5,\"message\":\"a \\\"b\\\"\\n\"}");

  absl::Status status = absl::InternalError("x");
  google::rpc::Status details;
  google::protobuf::StringValue known;
  known.set_value("v");
  details.add_details()->PackFrom(known);
  google::protobuf::Any* unknown = details.add_details();
  unknown->set_type_url("type.googleapis.com/test.Nobody");
  unknown->set_value("\x08\x01");
  google::protobuf::Any* malformed = details.add_details();
  malformed->set_type_url("type.googleapis.com/google.protobuf.StringValue");
  malformed->set_value("\xff\xff");
  status.SetPayload(kStatusDetailsUrl,
                    absl::Cord(absl::string_view(details.SerializeAsString())));
  const json parsed = json::parse(served->StatusJson(status));
  ASSERT_EQ(parsed["details"].size(), 3u) << parsed;
  EXPECT_EQ(parsed["details"][0],
            json({{"@type", "type.googleapis.com/google.protobuf.StringValue"},
                  {"value", "v"}}));
  EXPECT_EQ(parsed["details"][1]["@type"], "type.googleapis.com/test.Nobody");
  // Details that cannot be shown must not hide the error.
  EXPECT_EQ(
      parsed["details"][2],
      json({{"@type", "type.googleapis.com/google.protobuf.StringValue"}}));
}

TEST(ServedSchemaTest, ErrorsOfTheBridgeHaveTheirDetailsToo) {
  const Served served = WithMethods(Get("m"));
  ASSERT_NE(served, nullptr);
  EXPECT_EQ(served->DetailsJson(absl::InternalError("x")), "[]");
  const absl::Status unknown = Bind(RouteOf(*served, "GET", "/m"), "nobody=1");
  const json details = json::parse(served->DetailsJson(unknown));
  ASSERT_EQ(details.size(), 1u);
  EXPECT_EQ(details[0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
}

}  // namespace
}  // namespace sse_bridge
