#include "bridge/schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
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

TEST(SchemaTest, TrailingSlashesAreIgnored) {
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

TEST(SchemaTest, OtherVerbIsNotAllowedAndGetsTheAllowedOnes) {
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

TEST(SchemaTest, BundleContainsMethodsWithTheOption) {
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

TEST(SchemaTest, ValidatorExistsOnlyIfThereAreRules) {
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

constexpr char kHandshakeThreads[] =
    "service S {"
    " rpc Silent(Q) returns (Q) { option (google.api.http).get = '/silent'; }"
    " rpc Nothing(Q) returns (Q) { option (google.api.http).get = '/nothing';"
    "  option (sse.v1.access) = {}; }"
    " rpc Open(Q) returns (Q) { option (google.api.http).get = '/open';"
    "  option (sse.v1.access).public = true; }"
    " rpc Own(Q) returns (Q) { option (google.api.http).get = '/own';"
    "  option (sse.v1.access).authenticated = true; }"
    " rpc Unrouted(Q) returns (Q); }"
    "service T { option (sse.v1.default_access).public = true;"
    " rpc Silent(Q) returns (Q) { option (google.api.http).get = '/t'; }"
    " rpc Nothing(Q) returns (Q) { option (google.api.http).get = '/t/nothing';"
    "  option (sse.v1.access) = {}; } }"
    "message Q { string id = 1; }";

TEST(SchemaTest, DefaultAccessAppliesToMethodsWithoutARule) {
  for (const DefaultAccess access :
       {DefaultAccess::kPublic, DefaultAccess::kAuthenticated}) {
    const auto schema =
        LoadTestProto(kHandshakeThreads, {.default_access = access});
    ASSERT_TRUE(schema.ok()) << schema.status();
    const bool closed = access == DefaultAccess::kAuthenticated;
    const auto authenticated = [&](const char* name) {
      return (*schema)->FindMethod(name)->access.authenticated();
    };
    EXPECT_EQ(authenticated("test.S.Silent"), closed);
    EXPECT_EQ(authenticated("test.S.Nothing"), closed);
    EXPECT_EQ(authenticated("test.T.Nothing"), closed);
    EXPECT_FALSE(authenticated("test.S.Open"));
    EXPECT_FALSE(authenticated("test.T.Silent"));
    EXPECT_TRUE(authenticated("test.S.Own"));
    EXPECT_TRUE((*schema)->unserved().empty());
  }
}

TEST(SchemaTest, DeniedByDefaultIsNotServedAndReported) {
  const auto schema = LoadTestProto(kHandshakeThreads,
                                    {.default_access = DefaultAccess::kDenied});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->Match("GET", "/silent").kind,
            RouteMatch::Kind::kNotFound);
  const UnservedMethod* silent = (*schema)->FindUnserved("GET", "/silent");
  ASSERT_NE(silent, nullptr);
  EXPECT_EQ(silent->name, "test.S.Silent");
  EXPECT_TRUE(absl::IsPermissionDenied(silent->why));
  EXPECT_NE((*schema)->FindUnserved("GET", "/nothing"), nullptr);
  EXPECT_NE((*schema)->FindUnserved("GET", "/t/nothing"), nullptr);
  EXPECT_EQ((*schema)->unserved().size(), 3u) << "without a route: no matter";
  EXPECT_EQ((*schema)->warnings().size(), 3u);
  for (const char* path : {"/open", "/own", "/t"}) {
    EXPECT_EQ((*schema)->Match("GET", path).kind, RouteMatch::Kind::kFound);
  }
}

// A schema as reported by a backend.
SchemaSource Reflected(const std::string& name, const ProtoFiles& files) {
  SchemaSource source = SourceOf(CompileProtos(files), name);
  source.lenient = true;
  return source;
}

constexpr char kA[] =
    "syntax = 'proto3'; package a; import 'common.proto'; "
    "service A { rpc M(c.Money) returns (c.Money); }";
constexpr char kB[] =
    "syntax = 'proto3'; package b; import 'common.proto'; "
    "service B { rpc M(c.Money) returns (c.Money); }";
constexpr char kOld[] =
    "syntax = 'proto3'; package c; message Money { int64 units = 1; }";
constexpr char kNew[] =
    "syntax = 'proto3'; package c; "
    "message Money { int64 units = 1; int32 nanos = 2; }";

TEST(SchemaTest, BackendsWithOtherFilesOfOneNameKeepTheirOwn) {
  const SchemaSource a =
      Reflected("one", {{"a.proto", kA}, {"common.proto", kOld}});
  const SchemaSource b =
      Reflected("two", {{"b.proto", kB}, {"common.proto", kNew}});
  const auto schema = Schema::Load({a, b}, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Method* of_a = (*schema)->FindMethod("a.A.M");
  const Method* of_b = (*schema)->FindMethod("b.B.M");
  ASSERT_NE(of_a, nullptr);
  ASSERT_NE(of_b, nullptr);
  EXPECT_EQ(of_a->descriptor->input_type()->field_count(), 1);
  EXPECT_EQ(of_b->descriptor->input_type()->field_count(), 2);
  ASSERT_EQ((*schema)->warnings().size(), 1u);
  EXPECT_THAT((*schema)->warnings()[0], HasSubstr("common.proto"));
  // Files given by the operator are not lenient.
  EXPECT_FALSE(
      Schema::Load(
          {SourceOf(CompileProtos({{"a.proto", kA}, {"common.proto", kOld}})),
           SourceOf(CompileProtos({{"b.proto", kB}, {"common.proto", kNew}}))})
          .ok());
}

TEST(SchemaTest, ServiceIsServedAsItsBackendDefinesIt) {
  SchemaSource first =
      Reflected("one", {{"a.proto", kA}, {"common.proto", kOld}});
  SchemaSource second =
      Reflected("two", {{"a.proto", kA}, {"common.proto", kNew}});
  const auto fields = [&] {
    const auto schema = Schema::Load({first, second}, {.default_routes = true});
    EXPECT_TRUE(schema.ok()) << schema.status();
    return (*schema)
        ->FindMethod("a.A.M")
        ->descriptor->input_type()
        ->field_count();
  };
  EXPECT_EQ(fields(), 1);
  first.except = {"a.A"};
  second.only = {"a.A"};
  EXPECT_EQ(fields(), 2);
}

TEST(SchemaTest, BackendErrorsAffectOnlyWhatDependsOnThem) {
  google::protobuf::FileDescriptorSet set =
      CompileProtos({{"a.proto", kA},
                     {"common.proto", kOld},
                     {"user.proto",
                      "syntax = 'proto3'; package u; import 'a.proto'; "
                      "import 'common.proto'; message U { c.Money m = 1; }"},
                     {"b.proto",
                      "syntax = 'proto3'; package b; "
                      "service B { rpc M(Q) returns (Q); } message Q {}"}});
  for (auto& file : *set.mutable_file()) {
    if (file.name() == "common.proto")
      file.mutable_message_type(0)->set_name("X");
  }
  SchemaSource source = SourceOf(set, "one");
  EXPECT_FALSE(Schema::Load({source}, {.default_routes = true}).ok());
  source.lenient = true;
  source.warnings = {"something else"};
  const auto schema = Schema::Load({source}, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_NE((*schema)->FindMethod("b.B.M"), nullptr);
  EXPECT_EQ((*schema)->FindMethod("a.A.M"), nullptr);
  EXPECT_THAT(
      absl::StrJoin((*schema)->warnings(), "\n"),
      AllOf(HasSubstr("one: something else"), HasSubstr("a.proto is skipped"),
            HasSubstr("user.proto is skipped")));
}

TEST(SchemaTest, InvalidOptionOfABackendDisablesItsMethod) {
  const ProtoFiles files = {
      {"a.proto",
       "syntax = 'proto3'; package a; import 'sse/v1/sse.proto'; "
       "import 'buf/validate/validate.proto'; "
       "service A { rpc Good(Q) returns (stream Q); "
       "rpc Bad(Q) returns (stream Q) { "
       "option (sse.v1.stream).event_from = 'gone'; } "
       "rpc Rule(R) returns (Q); rpc Again(R) returns (Q); } "
       "message Q { string id = 1; } "
       "message R { string id = 1 [(buf.validate.field) = { cel { id: 'x' } "
       "}]; }"}};
  EXPECT_FALSE(
      Schema::Load({SourceOf(CompileProtos(files))}, {.default_routes = true})
          .ok());
  const auto schema =
      Schema::Load({Reflected("one", files)}, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_NE((*schema)->FindMethod("a.A.Good"), nullptr);
  // A rule that cannot be enforced is not dropped for the second method either.
  EXPECT_EQ((*schema)->methods().size(), 1u);
  EXPECT_EQ((*schema)->unserved().size(), 3u);
  EXPECT_THAT(
      std::string((*schema)->FindUnserved("GET", "/a.A/Bad")->why.message()),
      HasSubstr("no field \"gone\""));
}

}  // namespace
}  // namespace sse_bridge
