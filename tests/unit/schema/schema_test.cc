#include "bridge/schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/api/annotations.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kService[] =
    "// About all of it.\n"
    "service S {\n"
    "  // Says\n"
    "  // hello.\n"
    "  //\n"
    "  // More words.\n"
    "  rpc Get(A) returns (A) { option (google.api.http).get = '/a/{name}'; }\n"
    "  rpc Put(A) returns (A) { option (google.api.http) = { put: '/a/{name}' "
    "body: '*' }; }\n"
    "  rpc Bare(A) returns (stream A);\n"
    "  rpc Up(stream A) returns (A);\n"
    "}\n"
    "message A { string name = 1; }\n";

TEST(SchemaTest, MethodsAndRoutesComeInTheirOrder) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  std::vector<std::string> paths;
  for (const Method* m : (*schema)->methods()) paths.push_back(m->grpc_path);
  EXPECT_THAT(paths, ElementsAre("/test.S/Get", "/test.S/Put", "/test.S/Bare"));
  EXPECT_EQ((*schema)->routes().size(), 2);
  const Method* get = (*schema)->FindMethod("test.S.Get");
  EXPECT_THAT(get->routes, ElementsAre((*schema)->routes()[0]));
  EXPECT_EQ(get->routes[0]->method, get);
  EXPECT_FALSE(get->server_streaming);
  EXPECT_EQ((*schema)->FindMethod("test.S.Gone"), nullptr);
  EXPECT_EQ(&(*schema)->pool(), get->descriptor->file()->pool());
}

TEST(SchemaTest, CommentsBecomeSummaryAndDescription) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Method* get = (*schema)->FindMethod("test.S.Get");
  EXPECT_EQ(get->summary, "Says hello.");
  EXPECT_EQ(get->description, "Says\nhello.\n\nMore words.");
}

TEST(SchemaTest, MatchFindsRouteAndVariables) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  const RouteMatch match = (*schema)->Match("PUT", "/a/x%20y");
  ASSERT_EQ(match.kind, RouteMatch::Kind::kFound);
  EXPECT_EQ(match.route->method->grpc_path, "/test.S/Put");
  EXPECT_THAT(match.variables, ElementsAre(PathVariable{"name", "x y"}));
}

TEST(SchemaTest, TrailingSlashesMeanNothing) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  const RouteMatch match = (*schema)->Match("PUT", "/a/x//");
  ASSERT_EQ(match.kind, RouteMatch::Kind::kFound);
  EXPECT_THAT(match.variables, ElementsAre(PathVariable{"name", "x"}));
  EXPECT_EQ((*schema)->Match("PUT", "/a//").kind, RouteMatch::Kind::kNotFound);
  EXPECT_EQ((*schema)->Match("PUT", "//a/x").kind, RouteMatch::Kind::kNotFound);
}

TEST(SchemaTest, UnknownPathIsNotFound) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->Match("GET", "/b").kind, RouteMatch::Kind::kNotFound);
  EXPECT_EQ((*schema)->Match("GET", "/test.S/Bare").kind,
            RouteMatch::Kind::kNotFound);
}

TEST(SchemaTest, OtherVerbIsNotAllowedAndToldWhatIs) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  const RouteMatch match = (*schema)->Match("DELETE", "/a/x");
  EXPECT_EQ(match.kind, RouteMatch::Kind::kMethodNotAllowed);
  EXPECT_THAT(match.allowed, ElementsAre("GET", "HEAD", "PUT"));
}

TEST(SchemaTest, HeadIsServedByGet) {
  const auto schema = LoadTestProto(kService);
  ASSERT_TRUE(schema.ok()) << schema.status();
  const RouteMatch match = (*schema)->Match("HEAD", "/a/x");
  ASSERT_EQ(match.kind, RouteMatch::Kind::kFound);
  EXPECT_EQ(match.route->verb, "GET");
}

TEST(SchemaTest, MethodsWithoutRuleGetDefaultRoutesIfAsked) {
  const auto schema = LoadTestProto(kService, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  const RouteMatch get = (*schema)->Match("GET", "/test.S/Bare");
  ASSERT_EQ(get.kind, RouteMatch::Kind::kFound);
  EXPECT_TRUE(get.route->is_default);
  EXPECT_EQ(get.route->body, "");
  const RouteMatch post = (*schema)->Match("POST", "/test.S/Bare");
  ASSERT_EQ(post.kind, RouteMatch::Kind::kFound);
  EXPECT_EQ(post.route->body, "*");
  EXPECT_EQ((*schema)->Match("GET", "/test.S/Get").kind,
            RouteMatch::Kind::kNotFound)
      << "it has a rule";
  EXPECT_EQ((*schema)->Match("POST", "/test.S/Up").kind,
            RouteMatch::Kind::kNotFound)
      << "it is client-streaming";
}

TEST(SchemaTest, ServicesOfGrpcGetDefaultRoutesOnlyByName) {
  const ProtoFiles files = {
      {"x.proto",
       "syntax = \"proto3\"; package grpc.x; message A {}\n"
       "service S { rpc M(A) returns (A); }"}};
  const std::vector<SchemaSource> sources = {SourceOf(CompileProtos(files))};
  auto schema = Schema::Load(sources, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_TRUE((*schema)->routes().empty());
  schema =
      Schema::Load(sources, {.default_routes = true, .services = {"grpc.x.S"}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->routes().size(), 2);
}

TEST(SchemaTest, OnlyTheNamedServicesAreServedAndChecked) {
  const std::string two =
      std::string(kService) +
      "service Bad { rpc M(A) returns (A) { option (google.api.http).get = "
      "'/{gone}'; } }\n";
  EXPECT_NE(LoadError(two), "");
  const auto schema = LoadTestProto(two, {.services = {"test.S"}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->methods().size(), 3);
  EXPECT_THAT(LoadError(two, {.services = {"test.Gone"}}),
              AllOf(HasSubstr("test.Gone"), HasSubstr("no such service")));
}

TEST(SchemaTest, TwoMethodsOnOneRouteAreBothNamed) {
  EXPECT_THAT(
      LoadError("service S {\n"
                "  rpc M(A) returns (A) { option (google.api.http).get = "
                "'/a/{name}'; }\n"
                "  rpc N(A) returns (A) { option (google.api.http).get = "
                "'/a/{other}'; }\n"
                "}\nmessage A { string name = 1; string other = 2; }"),
      AllOf(HasSubstr("test.proto:4: test.S.N: "),
            HasSubstr("GET /a/{other} is already the route of test.S.M "
                      "(test.proto:3), as GET /a/{name}")));
}

TEST(SchemaTest, ClientStreamingMethodWithRouteIsRefused) {
  for (const char* input :
       {"stream A) returns (A", "stream A) returns (stream A"}) {
    EXPECT_THAT(LoadError("service S { rpc M(" + std::string(input) +
                          ") {\n option (google.api.http).post = '/m'; } }\n"
                          "message A {}"),
                AllOf(HasSubstr("test.proto:3: test.S.M"),
                      HasSubstr("client-streaming")));
  }
}

TEST(SchemaTest, RoutesAreBounded) {
  for (const int extra : {0, 1}) {
    google::protobuf::FileDescriptorSet set;
    auto* file = set.add_file();
    file->set_name("a.proto");
    file->add_message_type()->set_name("A");
    auto* service = file->add_service();
    service->set_name("S");
    for (int i = 0; i < 50000 + extra; ++i) {
      const std::string name = absl::StrCat("M", i);
      auto* method = service->add_method();
      method->set_name(name);
      method->set_input_type(".A");
      method->set_output_type(".A");
      method->mutable_options()
          ->MutableExtension(google::api::http)
          ->set_get("/" + name);
    }
    EXPECT_EQ(Schema::Load({SourceOf(set)}).ok(), extra == 0) << extra;
  }
}

TEST(SchemaTest, ErrorsWithoutLinesNameTheFile) {
  const auto set = CompileProtos(
      {{"test.proto", TestProto("service S { rpc M(A) returns (A) { option "
                                "(google.api.http).get = '/{gone}'; } }\n"
                                "message A {}")}},
      {.source_info = false});
  EXPECT_THAT(std::string(Schema::Load({SourceOf(set)}).status().message()),
              HasSubstr("test.proto: test.S.M: "));
}

TEST(SchemaTest, BundleHasTheMethodsThatSaySo) {
  const auto schema = LoadTestProto(
      "service S { rpc M(A) returns (stream A) { option "
      "(sse.v1.stream).bundle = { event: 'm' by_default: true }; }\n"
      "rpc N(A) returns (stream A); }\nmessage A {}");
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_EQ((*schema)->bundle().size(), 1);
  EXPECT_EQ((*schema)->bundle()[0]->stream.bundle().event(), "m");
}

TEST(SchemaTest, SeveralSourcesMakeOneSchema) {
  const auto set = [](const std::string& name) {
    return SourceOf(CompileProtos(
        {{name + ".proto",
          "syntax = \"proto3\"; package " + name +
              "; import \"google/api/annotations.proto\"; message A {}\n"
              "service S { rpc M(A) returns (A) { option "
              "(google.api.http).get = '/" +
              name + "'; } }"}}));
  };
  const auto schema = Schema::Load({set("one"), set("two")});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->routes().size(), 2);
}

TEST(SchemaTest, ValidatorIsThereOnlyWhereThereAreRules) {
  const auto schema = LoadTestProto(
      "service S { rpc M(A) returns (B) { option (google.api.http).get = '/m'; "
      "}\nrpc N(B) returns (A) { option (google.api.http).get = '/n'; } }\n"
      "message A { string a = 1 [(buf.validate.field).required = true]; }\n"
      "message B {}");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_NE((*schema)->FindMethod("test.S.M")->validator, nullptr);
  EXPECT_EQ((*schema)->FindMethod("test.S.N")->validator, nullptr);
}

TEST(SchemaTest, RulesOfResponsesAreNotCompiled) {
  EXPECT_EQ(LoadError("service S { rpc M(A) returns (B) { option "
                      "(google.api.http).get = '/m'; } }\nmessage A {}\n"
                      "message B { string b = 1 [(buf.validate.field).cel = "
                      "{ id: 'x' }]; }"),
            "");
}

}  // namespace
}  // namespace sse_bridge
