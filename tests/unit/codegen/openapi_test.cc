// The OpenAPI document: what it says of the API, and which components it has.

#include "bridge/codegen/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::ordered_json;

constexpr char kImport[] = "import \"openapiv3/annotations.proto\";\n";

Json DocumentOf(const std::string& body, OpenApiOptions options = {}) {
  const auto schema = LoadTestProto(absl::StrCat(kImport, body));
  EXPECT_TRUE(schema.ok()) << schema.status();
  if (!schema.ok()) return Json();
  return Json::parse(MakeOpenApi(**schema, options, OpenApiFormat::kJson));
}

OpenApiOptions Of31() {
  OpenApiOptions options;
  options.version = OpenApiOptions::Version::k31;
  return options;
}

constexpr char kService[] = R"(
  // About S.
  service S {
    rpc Get(A) returns (B) { option (google.api.http).get = "/a"; }
    rpc Watch(A) returns (stream B) {
      option (google.api.http).get = "/a/watch";
      option (openapi.v3.operation).tags = "live";
    }
  }
  message A {}
  message B { string name = 1; }
)";

TEST(OpenApiTest, TheDocumentOptionSetsTheInfo) {
  const std::string option = R"(
    option (openapi.v3.document) = {
      info: {
        title: "The API" version: "7" summary: "Short." description: "Long."
        terms_of_service: "https://example.com/terms"
        contact: { name: "Us" url: "https://example.com" email: "u@example.com" }
        license: { name: "MIT" url: "https://example.com/mit" }
      }
      external_docs: { url: "https://example.com/docs" }
    };)";
  const Json document = DocumentOf(option + kService);
  EXPECT_EQ(document["info"], Json::parse(R"({
    "title": "The API", "version": "7", "summary": "Short.",
    "description": "Long.", "termsOfService": "https://example.com/terms",
    "contact": {"name": "Us", "url": "https://example.com",
                "email": "u@example.com"},
    "license": {"name": "MIT", "url": "https://example.com/mit"}})"));
  EXPECT_EQ(document["externalDocs"]["url"], "https://example.com/docs");
  // A caller's choice has precedence.
  OpenApiOptions options;
  options.title = "Mine";
  options.api_version = "8";
  const Json mine = DocumentOf(option + kService, options)["info"];
  EXPECT_EQ(mine["title"], "Mine");
  EXPECT_EQ(mine["version"], "8");
}

TEST(OpenApiTest, WithoutItTheTitleIsThePackage) {
  const Json info = DocumentOf(kService)["info"];
  EXPECT_EQ(info["title"], "test");
  EXPECT_EQ(info["version"], "test");
  EXPECT_TRUE(info.contains("description"));
  EXPECT_FALSE(info.contains("contact"));
}

TEST(OpenApiTest, EveryTagOfAnOperationIsListed) {
  const Json document =
      DocumentOf(absl::StrCat("option (openapi.v3.document).tags = "
                              "{ name: \"extra\" description: \"Words.\" };",
                              kService));
  EXPECT_EQ(document["tags"], Json::parse(R"([
    {"name": "extra", "description": "Words."},
    {"name": "S", "description": "About S."},
    {"name": "live"},
    {"name": "events", "description": "Several streams on one connection."}])"));
  EXPECT_THAT(document["paths"]["/a"]["get"]["tags"], ElementsAre("S"));
  EXPECT_THAT(document["paths"]["/a/watch"]["get"]["tags"],
              ElementsAre("live"));
}

TEST(OpenApiTest, SchemasHaveTheirTextsAndExamples) {
  const Json document = DocumentOf(R"(
    service S {
      rpc Put(P) returns (P) {
        option (google.api.http) = { put: "/p/{first_name}" body: "*" };
      }
    }
    message P {
      option (openapi.v3.schema) = {
        title: "Person"
        example: { yaml: "{first_name: Ann, age: 7, gone: 1, list: [a, '1']}" }
      };
      string first_name = 1 [(openapi.v3.property) = {
        description: "How she is called."
        example: { yaml: "Ann" }
      }];
      // In years.
      int32 age = 2;
      repeated string list = 3;
    })");
  const Json& person = document["components"]["schemas"]["test.P"];
  EXPECT_EQ(person["title"], "Person");
  EXPECT_EQ(person["examples"], Json::parse(R"([
    {"firstName": "Ann", "age": 7, "list": ["a", "1"]}])"));
  EXPECT_EQ(person["properties"]["firstName"], Json::parse(R"({
    "type": "string", "description": "How she is called.",
    "examples": ["Ann"]})"));
  EXPECT_EQ(person["properties"]["age"]["description"], "In years.");
  const Json& put = document["paths"]["/p/{firstName}"]["put"];
  EXPECT_EQ(put["parameters"][0]["description"], "How she is called.");
  EXPECT_EQ(put["parameters"][0]["schema"]["examples"],
            Json::parse(R"(["Ann"])"));
  // Without what the path sets.
  EXPECT_EQ(
      put["requestBody"]["content"]["application/json"]["schema"]["examples"],
      Json::parse(R"([{"age": 7, "list": ["a", "1"]}])"));
}

TEST(OpenApiTest, UnreadableExamplesAreLeftOut) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const std::string& yaml :
       {std::string("{"), std::string(), deep, std::string(70000, 'x')}) {
    const Json document = DocumentOf(absl::StrCat(
        "service S { rpc Get(A) returns (A) { option (google.api.http).get = "
        "\"/a\"; } } message A { option (openapi.v3.schema).example.yaml = \"",
        yaml, "\"; string name = 1; }"));
    EXPECT_FALSE(
        document["components"]["schemas"]["test.A"].contains("examples"))
        << yaml.substr(0, 10);
  }
}

// Every "#/components/..." within a value.
void CollectReferences(const Json& value, std::set<std::string>* found) {
  if (value.is_object() && value.contains("$ref")) {
    found->insert(value["$ref"].get<std::string>());
  }
  if (value.is_structured()) {
    for (const Json& each : value) CollectReferences(each, found);
  }
}

TEST(OpenApiTest, EveryComponentIsReferredToAndEveryReferenceResolves) {
  for (const OpenApiOptions& options : {OpenApiOptions(), Of31()}) {
    const Json document = DocumentOf(R"(
      service S {
        rpc Get(Request) returns (Wrapper) {
          option (google.api.http) = { get: "/a/{id}" response_body: "b" };
        }
      }
      message Request { string id = 1; Nested nested = 2; }
      message Nested { string x = 1; }
      message Wrapper { B b = 1; Unused unused = 2; }
      message B { C c = 1; B again = 2; }
      message C {}
      message Unused {})",
                                     options);
    std::set<std::string> referred;
    CollectReferences(document, &referred);
    std::set<std::string> present;
    for (const char* kind : {"schemas", "responses", "parameters"}) {
      if (!document["components"].contains(kind)) continue;
      for (const auto& [name, each] : document["components"][kind].items()) {
        present.insert(absl::StrCat("#/components/", kind, "/", name));
      }
    }
    EXPECT_EQ(referred, present);
    EXPECT_TRUE(present.contains("#/components/schemas/test.C"));
  }
}

TEST(OpenApiTest, GeneratorsFindTheTypeOfEventsIn31) {
  const Json content = DocumentOf(
      kService,
      Of31())["paths"]["/a/watch"]["get"]["responses"]["200"]["content"];
  // No array: a generator would choose it and wait for its end.
  ASSERT_EQ(content.size(), 2u);
  EXPECT_EQ(content.begin().key(), "text/event-stream");
  EXPECT_EQ(content["text/event-stream"]["schema"]["anyOf"], Json::parse(R"([
    {"$ref": "#/components/schemas/test.B"},
    {"$ref": "#/components/schemas/StreamStatus"},
    {"$ref": "#/components/schemas/StreamOutage"}])"));
  EXPECT_EQ(content["application/x-ndjson"]["schema"]["anyOf"],
            Json::parse(R"([{"$ref": "#/components/schemas/test.B"},
                            {"$ref": "#/components/schemas/StreamError"}])"));
  const Json newer = DocumentOf(
      kService)["paths"]["/a/watch"]["get"]["responses"]["200"]["content"];
  EXPECT_EQ(newer.size(), 3u);
  EXPECT_TRUE(newer["text/event-stream"].contains("itemSchema"));
}

TEST(OpenApiTest, ParametersOfNestedFieldsHaveNamesThatToolsTake) {
  const Json document = DocumentOf(R"(
    service S {
      rpc Get(A) returns (A) {
        option (google.api.http).get = "/a/{b.id}/{b_id}";
      }
    }
    message A { B b = 1; string b_id = 2 [json_name = "b_id"]; }
    message B { string id = 1; })");
  ASSERT_TRUE(document["paths"].contains("/a/{b_id}/{b_id_}")) << document;
  const Json& get = document["paths"]["/a/{b_id}/{b_id_}"]["get"];
  EXPECT_EQ(get["parameters"][0]["name"], "b_id");
  EXPECT_EQ(get["parameters"][0]["description"], "The field `b.id`.");
  EXPECT_EQ(get["parameters"][1]["name"], "b_id_");
}

}  // namespace
}  // namespace sse_bridge
