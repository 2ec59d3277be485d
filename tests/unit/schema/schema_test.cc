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
  EXPECT_EQ(get->texts.summary, "Get");
  EXPECT_EQ(get->texts.description, "Says\nhello.\n\nMore words.");
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
  const RouteMatch up = (*schema)->Match("POST", "/test.S/Up");
  ASSERT_EQ(up.kind, RouteMatch::Kind::kUnserved);
  EXPECT_THAT(std::string(up.unserved->why.message()),
              HasSubstr("test.proto:11: test.S.Up"));
  EXPECT_THAT(std::string(up.unserved->why.message()),
              HasSubstr("client-streaming"));
  EXPECT_TRUE(
      LoadTestProto(kService, {.default_routes = true, .strict = true}).ok())
      << "nothing in the schema asks for it";
}

TEST(SchemaTest, ServicesOfGrpcGetDefaultRoutesOnlyByName) {
  const ProtoFiles files = {
      {"x.proto",
       "syntax = \"proto3\"; package grpc.health.v1; message A {}\n"
       "service S { rpc M(A) returns (A); }"}};
  const std::vector<SchemaSource> sources = {SourceOf(CompileProtos(files))};
  auto schema = Schema::Load(sources, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_TRUE((*schema)->routes().empty());
  schema = Schema::Load(
      sources, {.default_routes = true, .services = {"grpc.health.v1.S"}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->routes().size(), 2);
}

// Such as grpc-gateway's examples.
TEST(SchemaTest, OtherPackagesBelowGrpcGetDefaultRoutes) {
  const ProtoFiles files = {
      {"x.proto",
       "syntax = \"proto3\"; package grpc.gateway.examples; message A {}\n"
       "service S { rpc M(A) returns (A); }"}};
  const auto schema =
      Schema::Load({SourceOf(CompileProtos(files))}, {.default_routes = true});
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
    const auto schema = Schema::Load({SourceOf(set)});
    ASSERT_TRUE(schema.ok()) << schema.status();
    EXPECT_EQ((*schema)->routes().size(), 50000u);
    ASSERT_EQ((*schema)->unserved().size(), static_cast<size_t>(extra));
    if (extra == 0) continue;
    EXPECT_EQ((*schema)->unserved()[0].name, "S.M50000");
  }
}

TEST(SchemaTest, ErrorsWithoutLinesNameTheFile) {
  const auto set = CompileProtos(
      {{"test.proto", TestProto("service S { rpc M(A) returns (A) { option "
                                "(google.api.http).get = '/{gone}'; } }\n"
                                "message A {}")}},
      {.source_info = false});
  EXPECT_THAT(
      std::string(
          Schema::Load({SourceOf(set)}, {.strict = true}).status().message()),
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
            RouteMatch::Kind::kUnserved);
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
  EXPECT_FALSE(
      Schema::Load({source}, {.default_routes = true, .strict = true}).ok());
  EXPECT_NE(
      (*Schema::Load({source}, {.default_routes = true}))->FindMethod("b.B.M"),
      nullptr);
  source.lenient = true;
  source.warnings = {"something else"};
  const auto schema = Schema::Load({source}, {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_EQ((*schema)->unserved().size(), 1u);
  EXPECT_EQ((*schema)->unserved()[0].name, "a.A.M");
  EXPECT_NE((*schema)->FindMethod("b.B.M"), nullptr);
  EXPECT_EQ((*schema)->FindMethod("a.A.M"), nullptr);
  EXPECT_THAT(absl::StrJoin((*schema)->warnings(), "\n"),
              AllOf(HasSubstr("one: something else"),
                    HasSubstr("a.proto is skipped and does not provide a.A"),
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
  EXPECT_FALSE(Schema::Load({SourceOf(CompileProtos(files))},
                            {.default_routes = true, .strict = true})
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

// A service with three methods on routes of their own; the option is the second
// one's.
std::string WithBroken(const std::string& broken) {
  return "service S {\n"
         "  rpc Good(A) returns (A) { option (google.api.http).get = '/good'; "
         "}\n"
         "  rpc Bad" +
         broken +
         "\n"
         "  rpc Any(A) returns (A) { option (google.api.http).get = "
         "'/{name=**}'; }\n"
         "}\n"
         "message A { string name = 1; string other = 2; }\n"
         "message R { string id = 1 [(buf.validate.field).cel = "
         "{ id: 'x' }]; }\n";
}

TEST(SchemaTest, MethodThatCannotBeServedIsLeftOutByItself) {
  for (const auto& [broken, reason] :
       std::vector<std::pair<std::string, std::string>>{
           {"(stream A) returns (A) { option (google.api.http).get = '/bad'; }",
            "client-streaming"},
           {"(A) returns (A) { option (google.api.http).get = '/{gone}'; }",
            "no field \"gone\""},
           {"(A) returns (A) { option (google.api.http).get = 'bad'; }",
            "position"},
           {"(A) returns (A) { option (google.api.http).custom = "
            "{ kind: 'CONNECT' path: '/bad' }; }",
            "CONNECT"},
           {"(A) returns (A) { option (google.api.http).get = '/good'; }",
            "GET /good is already the route of test.S.Good (test.proto:3)"},
           {"(A) returns (A) { option (google.api.http) = { get: '/bad' "
            "additional_bindings { get: '/bad' } }; }",
            "GET /bad is already the route of test.S.Bad"},
           {"(R) returns (A) { option (google.api.http).get = '/bad'; }",
            "test.R.id"},
           {"(A) returns (A) { option (google.api.http).get = '/bad'; "
            "option (sse.v1.access).subject_into = 'gone'; }",
            "no field \"gone\""},
           {"(A) returns (stream A) { option (google.api.http).get = '/bad'; "
            "option (sse.v1.stream).event_from = 'gone'; }",
            "no field \"gone\""}}) {
    const std::string body = WithBroken(broken);
    const auto schema = LoadTestProto(body);
    ASSERT_TRUE(schema.ok()) << schema.status();
    EXPECT_EQ((*schema)->methods().size(), 2u) << broken;
    ASSERT_EQ((*schema)->unserved().size(), 1u) << broken;
    const UnservedMethod& bad = (*schema)->unserved()[0];
    EXPECT_EQ(bad.name, "test.S.Bad");
    EXPECT_EQ(bad.where, "test.proto:4");
    EXPECT_TRUE(absl::IsUnimplemented(bad.why));
    EXPECT_THAT(std::string(bad.why.message()),
                AllOf(HasSubstr("test.S.Bad is not served: test.proto:"),
                      HasSubstr(reason)));
    EXPECT_THAT(absl::StrJoin((*schema)->warnings(), "\n"), HasSubstr(reason));
    EXPECT_EQ((*schema)->Match("GET", "/good").kind, RouteMatch::Kind::kFound);
    EXPECT_THAT(LoadError(body), HasSubstr(reason)) << "strict";
  }
}

TEST(SchemaTest, RouteOfAnUnservedMethodDoesNotFallToAnother) {
  const auto schema = LoadTestProto(
      WithBroken("(R) returns (A) { option (google.api.http) = { get: '/bad' "
                 "additional_bindings { put: '/bad' } }; }"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  const RouteMatch match = (*schema)->Match("GET", "/bad");
  ASSERT_EQ(match.kind, RouteMatch::Kind::kUnserved);
  EXPECT_EQ(match.unserved->name, "test.S.Bad");
  EXPECT_EQ((*schema)->Match("HEAD", "/bad").kind, RouteMatch::Kind::kUnserved);
  EXPECT_EQ((*schema)->Match("GET", "/bad/x").kind, RouteMatch::Kind::kFound);
  EXPECT_THAT((*schema)->Match("DELETE", "/bad").allowed,
              ElementsAre("GET", "HEAD"))
      << "PUT is not served";
}

TEST(SchemaTest, EveryMethodIsLeftOutIfTheServicesAccessIsWrong) {
  const auto schema = LoadTestProto(
      "service S { option (sse.v1.default_access) = { scopes {} };\n"
      "  rpc M(A) returns (A) { option (google.api.http).get = '/m'; }\n"
      "  rpc N(A) returns (A) { option (google.api.http).get = '/n';\n"
      "    option (sse.v1.access).public = true; } }\n"
      "service T { rpc M(A) returns (A) { option (google.api.http).get = '/t'; "
      "} }\nmessage A {}");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->methods().size(), 1u);
  EXPECT_EQ((*schema)->unserved().size(), 2u);
  EXPECT_EQ((*schema)->Match("GET", "/n").kind, RouteMatch::Kind::kUnserved);
}

TEST(SchemaTest, LaterMethodWithABundleNameIsLeftOut) {
  const auto schema = LoadTestProto(
      "service S { rpc M(A) returns (stream A) { option "
      "(sse.v1.stream).bundle.event = 'e'; }\n"
      "rpc N(A) returns (stream A) { option (sse.v1.stream).bundle.event = "
      "'e'; } }\nmessage A {}");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->bundle().size(), 1u);
  ASSERT_EQ((*schema)->unserved().size(), 1u);
  EXPECT_THAT(std::string((*schema)->unserved()[0].why.message()),
              AllOf(HasSubstr("test.S.N is not served"),
                    HasSubstr("already that of test.S.M")));
}

TEST(SchemaTest, UnservedMethodReservesNeitherRouteNorBundleName) {
  const auto schema = LoadTestProto(
      "service S { rpc M(A) returns (stream A) {\n"
      "  option (google.api.http).get = '/m';\n"
      "  option (sse.v1.stream) = { event_from: 'gone' bundle { event: 'e' } "
      "}; }\n"
      "rpc N(A) returns (stream A) { option (google.api.http).get = '/m'; "
      "option (sse.v1.stream).bundle.event = 'e'; } }\nmessage A {}");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->unserved().size(), 1u);
  EXPECT_EQ((*schema)->bundle().size(), 1u);
  EXPECT_EQ((*schema)->Match("GET", "/m").route->method->grpc_path,
            "/test.S/N");
}

TEST(SchemaTest, SchemaThatServesNothingSaysWhy) {
  EXPECT_THAT(
      std::string(
          (*LoadTestProto("message A {}"))->CheckServesAnything().message()),
      HasSubstr("no method to serve"));
  EXPECT_THAT(
      std::string((*LoadTestProto("service S { rpc M(A) returns (A); }\n"
                                  "message A {}"))
                      ->CheckServesAnything()
                      .message()),
      HasSubstr("--default-routes"));
  EXPECT_THAT(
      std::string((*LoadTestProto("service S { rpc M(A) returns (A) { option "
                                  "(google.api.http).get = 'm'; } }\n"
                                  "message A {}"))
                      ->CheckServesAnything()
                      .message()),
      AllOf(HasSubstr("nothing can be served:\n"),
            HasSubstr("test.proto:2: test.S.M: google.api.http")));
  EXPECT_TRUE((*LoadTestProto(kService))->CheckServesAnything().ok());
}

TEST(SchemaTest, NoLongerServedAreMethodsThatTheNextSchemaLeavesOut) {
  const std::string good =
      "(A) returns (A) { option (google.api.http).get = '/bad'; }";
  const std::string bad =
      "(A) returns (A) { option (google.api.http).get = 'bad'; }";
  const auto now = LoadTestProto(WithBroken(good));
  const auto next = LoadTestProto(WithBroken(bad));
  ASSERT_TRUE(now.ok() && next.ok());
  const auto lost = NoLongerServed(**now, **next);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0]->name, "test.S.Bad");
  EXPECT_TRUE(NoLongerServed(**next, **next).empty());
  const auto hidden = LoadTestProto(WithBroken(bad), {.hide = {"test.S.Bad"}});
  EXPECT_TRUE(NoLongerServed(**now, **hidden).empty());
}

TEST(SchemaTest, ServeAndHideSelectServicesAndMethods) {
  const std::string body =
      "service S { rpc M(A) returns (A); rpc N(A) returns (A); }\n"
      "service T { rpc M(A) returns (A); }\nmessage A {}";
  const auto served = [&](std::vector<std::string> serve,
                          std::vector<std::string> hide) {
    const auto schema = LoadTestProto(body, {.default_routes = true,
                                             .serve = std::move(serve),
                                             .hide = std::move(hide)});
    std::vector<std::string> names;
    for (const Method* method : (*schema)->methods()) {
      names.push_back(method->descriptor->full_name());
    }
    return absl::StrJoin(names, " ");
  };
  EXPECT_EQ(served({}, {}), "test.S.M test.S.N test.T.M");
  EXPECT_EQ(served({"test.S"}, {}), "test.S.M test.S.N");
  EXPECT_EQ(served({"test.*"}, {"test.S"}), "test.T.M");
  EXPECT_EQ(served({"test.S.M", "test.T/M"}, {}), "test.S.M test.T.M");
  EXPECT_EQ(served({}, {"/test.S/M"}), "test.S.N test.T.M");
  EXPECT_EQ(served({"*.M"}, {}), "test.S.M test.T.M");
  EXPECT_EQ(served({"test.S"}, {"test.S"}), "");
  EXPECT_EQ(served({"test"}, {}), "") << "a package is written test.*";
}

TEST(SchemaTest, PatternThatMatchesNothingIsReported) {
  const LoadOptions options = {.serve = {"test.*"}, .hide = {"test.Gone"}};
  const auto schema = LoadTestProto(kService, options);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT((*schema)->warnings(),
              ElementsAre("hide: test.Gone matches no service or method"));
  EXPECT_THAT(LoadError(kService, options), HasSubstr("test.Gone"));
}

TEST(SchemaTest, HiddenMethodsAreNotChecked) {
  EXPECT_EQ(LoadError(WithBroken("(R) returns (A) { option "
                                 "(google.api.http).get = '/x'; }"),
                      {.hide = {"test.S/Bad"}}),
            "");
}

TEST(SchemaTest, RulesOfProtocGenValidateLeaveOutTheMethod) {
  const std::string validate =
      "syntax = 'proto2'; package validate;\n"
      "import 'google/protobuf/descriptor.proto';\n"
      "message FieldRules { optional bool required = 1; }\n"
      "extend google.protobuf.FieldOptions { optional FieldRules rules = 1071; "
      "}\n"
      "extend google.protobuf.MessageOptions { optional bool disabled = 1071; "
      "optional bool ignored = 1072; }\n"
      "extend google.protobuf.OneofOptions { optional bool required = 1071; "
      "}\n";
  for (const auto& [message, rule] :
       std::vector<std::pair<std::string, std::string>>{
           {"{ string a = 1 [(validate.rules).required = true]; }",
            "test.Deep.a: validate.rules"},
           {"{ option (validate.disabled) = true; }",
            "test.Deep: validate.disabled"},
           {"{ option (validate.ignored) = true; }",
            "test.Deep: validate.ignored"},
           {"{ oneof o { option (validate.required) = true; string a = 1; } }",
            "test.Deep.o: validate.required"}}) {
    const auto schema = Schema::Load(
        {SourceOf(CompileProtos(
            {{"validate/validate.proto", validate},
             {"a.proto",
              "syntax = 'proto3'; package test;\n"
              "import 'validate/validate.proto';\n"
              "service S { rpc M(A) returns (A); rpc N(A) returns (A); "
              "rpc Ok(B) returns (A); }\n"
              "message A { map<string, Deep> deep = 1; A self = 2; }\n"
              "message B {}\nmessage Deep " +
                  message}}))},
        {.default_routes = true});
    ASSERT_TRUE(schema.ok()) << schema.status();
    EXPECT_EQ((*schema)->methods().size(), 1u);
    EXPECT_NE((*schema)->FindMethod("test.S.Ok"), nullptr);
    ASSERT_EQ((*schema)->unserved().size(), 2u);
    for (const UnservedMethod& method : (*schema)->unserved()) {
      EXPECT_THAT(std::string(method.why.message()),
                  AllOf(HasSubstr("a.proto:"), HasSubstr(rule)));
    }
  }
}

TEST(SchemaTest, AnotherExtensionWithTheNumberOfProtocGenValidateIsNoRule) {
  const auto schema = Schema::Load(
      {SourceOf(CompileProtos(
          {{"a.proto",
            "syntax = 'proto3'; package test;\n"
            "import 'google/protobuf/descriptor.proto';\n"
            "extend google.protobuf.FieldOptions { string note = 1071; }\n"
            "service S { rpc M(A) returns (A); }\n"
            "message A { string a = 1 [(note) = 'x']; }"}}))},
      {.default_routes = true});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_TRUE((*schema)->unserved().empty());
}

}  // namespace
}  // namespace sse_bridge
