#include "bridge/schema/service_config_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/schema/schema.h"
#include "google/protobuf/descriptor.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A schema without any option.
constexpr char kPlain[] =
    "service S {\n"
    "  rpc Get(A) returns (A);\n"
    "  rpc Watch(A) returns (stream A);\n"
    "  rpc Up(stream A) returns (A);\n"
    "}\n"
    "service T { rpc Get(A) returns (A); }\n"
    "message A { string name = 1; string user = 2; int32 id = 3; }\n";

std::shared_ptr<const ServiceConfig> Config(
    const std::string& text, const std::string& name = "s.yaml") {
  auto config = ServiceConfig::Parse(name, text);
  EXPECT_TRUE(config.ok()) << config.status();
  return *std::move(config);
}

absl::StatusOr<std::shared_ptr<const Schema>> LoadWith(
    const std::string& body, const std::vector<std::string>& configs,
    LoadOptions options = {}) {
  for (const std::string& text : configs) {
    options.service_configs.push_back(Config(
        text, absl::StrCat("s", options.service_configs.size(), ".yaml")));
  }
  return LoadTestProto(body, options);
}

std::string ErrorWith(const std::string& body, const std::string& config) {
  const auto schema = LoadWith(body, {config});
  return schema.ok() ? "" : std::string(schema.status().message());
}

std::vector<std::string> RoutesOf(const Schema& schema) {
  std::vector<std::string> out;
  for (const Route* route : schema.routes()) {
    out.push_back(absl::StrCat(route->method->descriptor->full_name(), " ",
                               route->verb, " ", route->path_template));
  }
  return out;
}

TEST(ServiceConfigWriterTest, MethodsGetRoutesStreamsAccessAndJson) {
  const auto schema = LoadWith(kPlain, {R"(
http:
  rules:
  - selector: test.S.Get
    get: /a/{name}
    additional_bindings: [{post: /a, body: "*"}]
  - {selector: test.S.Watch, get: '/a/{name}/stream'}
sse:
  rules:
  - selector: test.S
    access: {roles: [{any_of: [admin]}], subject_into: user}
    json: {always_print_enums_as_ints: true}
  - selector: test.S.Watch
    stream: {id_from: id, resume_into: id, keep_alive: 7s}
)"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(RoutesOf(**schema),
              ElementsAre("test.S.Get GET /a/{name}", "test.S.Get POST /a",
                          "test.S.Watch GET /a/{name}/stream"));
  EXPECT_THAT((*schema)->unserved(), IsEmpty());
  const Method* get = (*schema)->FindMethod("test.S.Get");
  const Method* watch = (*schema)->FindMethod("test.S.Watch");
  for (const Method* method : {get, watch}) {
    EXPECT_TRUE(method->access.authenticated());
    EXPECT_EQ(method->access.roles(0).any_of(0), "admin");
    EXPECT_THAT(method->subject_into, SizeIs(1));
    EXPECT_TRUE(method->json.always_print_enums_as_ints());
  }
  EXPECT_EQ(watch->keep_alive, absl::Seconds(7));
  EXPECT_THAT(watch->resume_into, SizeIs(1));
  const Method* other = (*schema)->FindMethod("test.T.Get");
  EXPECT_FALSE(other->access.authenticated());
  EXPECT_FALSE(other->json.always_print_enums_as_ints());
}

TEST(ServiceConfigWriterTest, RoutesAndStreamsOfTheSchemaAreReplaced) {
  const auto schema = LoadWith(
      "service S { rpc W(A) returns (stream A) {\n"
      "  option (google.api.http) = { get: '/old' "
      "additional_bindings { get: '/older' } };\n"
      "  option (sse.v1.stream) = { event: 'old' shared: true }; } }\n"
      "message A { string name = 1; }",
      {"http: {rules: [{selector: test.S.W, get: /new}]}\n"
       "sse: {rules: [{selector: test.S.W, stream: {event: new}}]}"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(RoutesOf(**schema), ElementsAre("test.S.W GET /new"));
  const Method* method = (*schema)->FindMethod("test.S.W");
  EXPECT_EQ(method->stream.event(), "new");
  EXPECT_FALSE(method->stream.shared());
}

TEST(ServiceConfigWriterTest, TheLastRuleWinsAlsoAcrossFiles) {
  const auto schema = LoadWith(
      kPlain, {"http: {rules: [{selector: test.S.Get, get: /one},\n"
               "               {selector: test.S.Get, get: /two},\n"
               "               {selector: test.T.Get, get: /t}]}",
               "http: {rules: [{selector: test.S.Get, get: /three}]}"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(RoutesOf(**schema),
              ElementsAre("test.S.Get GET /three", "test.T.Get GET /t"));
}

TEST(ServiceConfigWriterTest, WildcardsSelectOneOrMoreComponents) {
  for (const std::string selector :
       {"*", "test.*", "test.S.*", "test.S", "test.T.Get, test.S"}) {
    const auto schema =
        LoadWith(kPlain, {absl::StrCat("sse: {rules: [{selector: '", selector,
                                       "', access: {authenticated: true}}]}")});
    ASSERT_TRUE(schema.ok()) << selector << schema.status();
    EXPECT_TRUE((*schema)->FindMethod("test.S.Get")->access.authenticated())
        << selector;
    EXPECT_EQ((*schema)->FindMethod("test.T.Get")->access.authenticated(),
              selector.substr(0, 6) != "test.S")
        << selector;
  }
}

TEST(ServiceConfigWriterTest, StreamByWildcardIsOnlyForStreams) {
  const auto schema = LoadWith(
      kPlain, {"sse: {rules: [{selector: test.S.*, stream: {shared: true}}]}"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_TRUE((*schema)->FindMethod("test.S.Watch")->stream.shared());
  EXPECT_FALSE((*schema)->FindMethod("test.S.Get")->stream.shared());
}

TEST(ServiceConfigWriterTest, SelectorsThatMatchNothingAreErrors) {
  EXPECT_THAT(ErrorWith(kPlain,
                        "http:\n  rules:\n"
                        "  - {selector: test.S.Gone, get: /a}\n"
                        "  - {selector: test.S, get: /b}\n"
                        "sse:\n  rules:\n"
                        "  - {selector: other.*, access: {public: true}}\n"
                        "  - {selector: 'test.S.Get, test.U.Get', "
                        "access: {public: true}}\n"),
              AllOf(HasSubstr("s0.yaml:3: http.rules[test.S.Gone].selector: "
                              "\"test.S.Gone\" matches no method"),
                    HasSubstr("s0.yaml:4: http.rules[test.S].selector: "
                              "\"test.S\""),
                    HasSubstr("s0.yaml:7: sse.rules[other.*].selector: "
                              "\"other.*\""),
                    HasSubstr("s0.yaml:8: sse.rules[test.S.Get, test.U.Get]"
                              ".selector: \"test.U.Get\"")));
}

TEST(ServiceConfigWriterTest, RulesWithoutEffectAreErrors) {
  EXPECT_THAT(
      ErrorWith(kPlain,
                "sse:\n  rules:\n"
                "  - {selector: test.S.Get, stream: {shared: true}}\n"
                "  - {selector: test.T, stream: {shared: true}}\n"
                "  - {selector: test.S.Get, json: "
                "{always_print_enums_as_ints: true}}\n"),
      AllOf(HasSubstr("s0.yaml:3: sse.rules[test.S.Get].stream: test.S.Get is "
                      "not server-streaming"),
            HasSubstr("s0.yaml:4: sse.rules[test.T].stream: it selects no"),
            HasSubstr("s0.yaml:5: sse.rules[test.S.Get].json: it selects no "
                      "service")));
}

TEST(ServiceConfigWriterTest, HiddenMethodsCanBeSelected) {
  const auto schema =
      LoadWith(kPlain, {"http: {rules: [{selector: test.T.Get, get: /t}]}"},
               {.hide = {"test.T"}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT((*schema)->routes(), IsEmpty());
}

constexpr char kGuarded[] =
    "service S {\n"
    "  option (sse.v1.default_access) = { roles { any_of: 'admin' } };\n"
    "  rpc Guarded(A) returns (A);\n"
    "  rpc Scoped(A) returns (A) { option (sse.v1.access) = "
    "{ scopes { any_of: 'read' } subject_into: 'user' }; }\n"
    "  rpc Open(A) returns (A) { option (sse.v1.access) = "
    "{ public: true }; }\n"
    "  rpc Silent(A) returns (A) { option (sse.v1.access) = {}; }\n"
    "}\n"
    "message A { string user = 1; string name = 2; }\n";

TEST(ServiceConfigWriterTest, AccessIsAddedToThatOfTheSchema) {
  const auto schema = LoadWith(
      kGuarded, {"sse: {rules: [{selector: test.S, access: {scopes: [{any_of: "
                 "[write]}]}}]}"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  const auto access = [&](const std::string& name) {
    return (*schema)->FindMethod("test.S." + name)->access;
  };
  EXPECT_EQ(access("Guarded").roles(0).any_of(0), "admin");
  EXPECT_EQ(access("Guarded").scopes(0).any_of(0), "write");
  ASSERT_EQ(access("Scoped").scopes_size(), 2);
  EXPECT_EQ(access("Scoped").scopes(0).any_of(0), "read");
  EXPECT_EQ(access("Scoped").scopes(1).any_of(0), "write");
  EXPECT_EQ(access("Scoped").subject_into(), "user");
  EXPECT_EQ(access("Scoped").roles_size(), 0);
  for (const char* name : {"Open", "Silent"}) {
    EXPECT_FALSE(access(name).public_()) << name;
    EXPECT_TRUE(access(name).authenticated()) << name;
    EXPECT_EQ(access(name).scopes_size(), 1) << name;
  }
}

TEST(ServiceConfigWriterTest, AccessIsNeverMadeWeaker) {
  const std::string open = ErrorWith(
      kGuarded, "sse: {rules: [{selector: test.S, access: {public: true}}]}");
  EXPECT_THAT(open, AllOf(HasSubstr("s0.yaml:1: sse.rules[test.S].access: "
                                    "test.S.Guarded: public would remove"),
                          HasSubstr("test.S.Scoped: public would remove"),
                          Not(HasSubstr("test.S.Open")),
                          Not(HasSubstr("test.S.Silent"))));
  EXPECT_THAT(ErrorWith(kGuarded,
                        "sse: {rules: [{selector: test.S.Scoped, access: "
                        "{subject_into: name}}]}"),
              HasSubstr("subject_into is \"user\" in the schema"));
  EXPECT_EQ(ErrorWith(kGuarded,
                      "sse: {rules: [{selector: test.S.Open, access: {public: "
                      "true}}, {selector: test.S.Silent, access: {public: "
                      "true}}]}"),
            "");
}

TEST(ServiceConfigWriterTest, AConditionOfANewerContractIsNotRemoved) {
  FileDescriptorSet set = CompileProtos({{"test.proto", TestProto(kGuarded)}});
  for (FileDescriptorProto& file : *set.mutable_file()) {
    if (file.name() != "test.proto") continue;
    auto* unknown = file.mutable_service(0)
                        ->mutable_method(3)
                        ->mutable_options()
                        ->mutable_unknown_fields();
    unknown->DeleteByNumber(50502);
    unknown->AddLengthDelimited(50502, std::string("\x48\x01", 2));
    file.mutable_service(0)
        ->mutable_method(3)
        ->mutable_options()
        ->ClearExtension(sse::v1::access);
  }
  LoadOptions options;
  options.service_configs = {Config(
      "sse: {rules: [{selector: test.S.Silent, access: {public: true}}]}")};
  EXPECT_THAT(
      std::string(Schema::Load({SourceOf(set)}, options).status().message()),
      HasSubstr("test.S.Silent: public would remove"));
  // Another condition can be added, but the method is still not served.
  options.service_configs = {
      Config("sse: {rules: [{selector: test.S.Silent, access: {authenticated: "
             "true}}]}")};
  const auto schema = Schema::Load({SourceOf(set)}, options);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->FindMethod("test.S.Silent"), nullptr);
  ASSERT_THAT((*schema)->unserved(), SizeIs(1));
  EXPECT_THAT(
      (*schema)->unserved()[0].errors,
      ElementsAre(HasSubstr("s.yaml:1: sse.rules[test.S.Silent].access: "
                            "test.S.Silent: sse.v1.access: "
                            "this bridge does not know")));
}

TEST(ServiceConfigWriterTest, AGeneralRuleDoesNotCancelASpecificOne) {
  const std::string special =
      "{selector: test.S.Get, access: {roles: [{any_of: [admin]}]}}";
  const std::string general = "{selector: test.*, access: {public: true}}";
  EXPECT_THAT(ErrorWith(kPlain, absl::StrCat("sse:\n  rules:\n  - ", special,
                                             "\n  - ", general, "\n")),
              HasSubstr("s0.yaml:4: sse.rules[test.*].access: it replaces the "
                        "more specific rule for test.S.Get (s0.yaml:3: "
                        "sse.rules[test.S.Get])"));
  const auto schema = LoadWith(
      kPlain,
      {absl::StrCat("sse:\n  rules:\n  - ", general, "\n  - ", special, "\n")});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ((*schema)->FindMethod("test.S.Get")->access.roles_size(), 1);
  EXPECT_TRUE((*schema)->FindMethod("test.T.Get")->access.public_());
}

TEST(ServiceConfigWriterTest, ErrorsInItsOptionsNameTheConfiguration) {
  const auto schema =
      LoadWith(kPlain, {"http:\n  rules:\n"
                        "  - {selector: test.S.Get, get: '/a/{gone}'}\n"
                        "  - {selector: test.S.Watch, get: /w}\n"
                        "  - {selector: test.S.Up, post: /up, body: '*'}\n"
                        "sse:\n  rules:\n"
                        "  - {selector: test.S.*, stream: {id_from: gone}}\n"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_THAT((*schema)->unserved(), SizeIs(3));
  EXPECT_THAT((*schema)->unserved()[0].errors,
              ElementsAre(HasSubstr("s0.yaml:3: http.rules[test.S.Get]: "
                                    "test.S.Get: google.api.http: "
                                    "path variable")));
  EXPECT_EQ((*schema)->unserved()[0].where, "test.proto:3");
  EXPECT_THAT((*schema)->unserved()[1].errors,
              ElementsAre(HasSubstr(
                  "s0.yaml:8: sse.rules[test.S.*].stream: test.S.Watch: "
                  "sse.v1.stream: id_from")));
  EXPECT_THAT(
      (*schema)->unserved()[2].errors,
      ElementsAre(HasSubstr("s0.yaml:5: http.rules[test.S.Up]: test.S.Up: "
                            "google.api.http: ")));
}

// Every check of an option, whatever finds it, names the rule that set it.
TEST(ServiceConfigWriterTest, EveryErrorInAnOptionNamesTheRuleThatSetIt) {
  for (const auto& [rule, origin, reason] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"{selector: test.S.*, stream: {keep_alive: 0s}}",
            "sse.rules[test.S.*].stream: test.S.Watch: ", "keep_alive: 0 s"},
           {"{selector: test.S, stream: {share_by: name}}",
            "sse.rules[test.S].stream: test.S.Watch: ", "share_by: "},
           {"{selector: '*', stream: {reconnect: {codes: [LOST]}}}",
            "sse.rules[*].stream: test.S.Watch: ", "reconnect.codes: "},
           {"{selector: test.*, access: {subject_into: id}}",
            "sse.rules[test.*].access: test.S.Watch: ", "subject_into: "},
           {"{selector: test.S, access: {scopes: [{}]}}",
            "sse.rules[test.S].access: test.S.Watch: ", "an empty group"},
       }) {
    const auto schema =
        LoadWith(kPlain, {"http: {rules: [{selector: test.S.Watch, get: /w}]}\n"
                          "sse:\n  rules:\n  - " +
                          rule + "\n"});
    ASSERT_TRUE(schema.ok()) << schema.status();
    std::vector<std::string> errors;
    for (const UnservedMethod& method : (*schema)->unserved()) {
      errors.insert(errors.end(), method.errors.begin(), method.errors.end());
    }
    EXPECT_THAT(errors, ::testing::Contains(
                            AllOf(::testing::StartsWith("s0.yaml:4: " + origin),
                                  HasSubstr(reason))))
        << rule;
  }
}

TEST(ServiceConfigWriterTest, AClashNamesTheRulesOfBothRoutes) {
  const auto schema =
      LoadWith(kPlain, {"http:\n  rules:\n"
                        "  - {selector: test.S.Get, get: /same}\n"
                        "  - {selector: test.T.Get, get: /same}\n"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_THAT((*schema)->unserved(), SizeIs(1));
  EXPECT_THAT((*schema)->unserved()[0].errors,
              ElementsAre(AllOf(
                  HasSubstr("s0.yaml:4: http.rules[test.T.Get]: test.T.Get: "),
                  HasSubstr("already the route of test.S.Get (s0.yaml:3: "
                            "http.rules[test.S.Get])"))));
}

TEST(ServiceConfigWriterTest, WarningsAreReportedAndStrictRefusesThem) {
  const std::string config =
      "quota: {}\nhttp: {rules: [{selector: test.S.Get, get: /a}]}";
  const auto schema = LoadWith(kPlain, {config});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT((*schema)->warnings(),
              ::testing::Contains(HasSubstr("s0.yaml:1: the bridge does not "
                                            "enforce \"quota\"")));
  EXPECT_FALSE(LoadWith(kPlain, {config}, {.strict = true}).ok());
}

TEST(ServiceConfigWriterTest, MethodsOfASkippedFileCanBeSelected) {
  FileDescriptorSet set =
      CompileProtos({{"good.proto",
                      "syntax = 'proto3'; package good; message A {}\n"
                      "service S { rpc M(A) returns (A); }"},
                     {"bad.proto",
                      "syntax = 'proto3'; package bad; message A {}\n"
                      "service S { rpc M(A) returns (A); }"}});
  for (FileDescriptorProto& file : *set.mutable_file()) {
    if (file.name() == "bad.proto") file.add_dependency("gone.proto");
  }
  LoadOptions options;
  options.service_configs = {
      Config("http: {rules: [{selector: good.S.M, get: /good},\n"
             "               {selector: bad.S.M, get: /bad}]}")};
  const auto schema = Schema::Load({SourceOf(set)}, options);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(RoutesOf(**schema), ElementsAre("good.S.M GET /good"));
}

// As a lossy reflection service describes a file with options.
FileDescriptorSet Lossy(const std::string& imports, const std::string& body) {
  return CompileProtos(
      {{"a.proto", absl::StrCat("syntax = 'proto3'; package t;\n", imports,
                                "service S { rpc M(Q) returns (Q); rpc N(Q) "
                                "returns (Q); }\n",
                                body)}});
}

std::vector<std::string> ServedOf(const FileDescriptorSet& set,
                                  const std::string& config) {
  LoadOptions options;
  options.default_routes = true;
  options.service_configs = {Config(config)};
  const auto schema = Schema::Load({SourceOf(set)}, options);
  EXPECT_TRUE(schema.ok()) << schema.status();
  std::vector<std::string> names;
  if (!schema.ok()) return names;
  for (const Method* method : (*schema)->methods()) {
    names.push_back(method->descriptor->name());
  }
  return names;
}

TEST(ServiceConfigWriterTest, LostOptionsAreRestoredOnlyWhereAllAreGiven) {
  constexpr char kHttp[] = "import 'google/api/annotations.proto';\n";
  constexpr char kSse[] = "import 'sse/v1/sse.proto';\n";
  constexpr char kQ[] = "message Q { string id = 1; }\n";
  const std::string route = "http: {rules: [{selector: t.S.M, get: /m}]}\n";
  const std::string access =
      "sse: {rules: [{selector: t.S.M, access: {public: true}}]}\n";
  const std::string stream =
      "sse: {rules: [{selector: t.*, json: "
      "{always_print_enums_as_ints: true}}]}\n";
  EXPECT_THAT(ServedOf(Lossy(kHttp, kQ), route), ElementsAre("M"));
  EXPECT_THAT(ServedOf(Lossy(kHttp, kQ), access), IsEmpty());
  EXPECT_THAT(ServedOf(Lossy(kSse, kQ), access), ElementsAre("M"));
  EXPECT_THAT(ServedOf(Lossy(kSse, kQ), route), IsEmpty());
  EXPECT_THAT(ServedOf(Lossy(kSse, kQ), stream), IsEmpty());
  const std::string both = absl::StrCat(kHttp, kSse);
  EXPECT_THAT(ServedOf(Lossy(both, kQ), route), IsEmpty());
  EXPECT_THAT(ServedOf(Lossy(both, kQ), route + access), ElementsAre("M"));
  // Rules of requests may have been lost too.
  EXPECT_THAT(ServedOf(Lossy(absl::StrCat(both,
                                          "import "
                                          "'buf/validate/validate.proto';\n"),
                             kQ),
                       route + access),
              IsEmpty());
}

TEST(ServiceConfigWriterTest, EmptyOptionsStayASignOfLoss) {
  const std::string json =
      "sse: {rules: [{selector: t.S, json: "
      "{always_print_enums_as_ints: true}}]}\n";
  const std::string access =
      "sse: {rules: [{selector: t.S.M, access: {public: true}}]}\n";
  FileDescriptorSet set = Lossy("", "message Q { string id = 1; }\n");
  for (FileDescriptorProto& file : *set.mutable_file()) {
    if (file.name() == "a.proto") file.mutable_service(0)->mutable_options();
  }
  EXPECT_THAT(ServedOf(set, json), IsEmpty());
  EXPECT_THAT(ServedOf(set, access), ElementsAre("M"));
}

TEST(ServiceConfigWriterTest, BackendsThatConflictAreBothGivenTheirOptions) {
  const auto source = [](const std::string& name, const std::string& field) {
    SchemaSource source = SourceOf(
        CompileProtos({{"common.proto",
                        absl::StrCat("syntax = 'proto3'; package t; message A "
                                     "{ string ",
                                     field, " = 1; }")},
                       {name + ".proto",
                        absl::StrCat("syntax = 'proto3'; package ", name,
                                     "; import 'common.proto'; service S { rpc "
                                     "M(t.A) returns (t.A); }")}}),
        name);
    source.lenient = true;
    return source;
  };
  LoadOptions options;
  options.service_configs = {
      Config("http: {rules: [{selector: one.S.M, get: '/one/{x}'},\n"
             "               {selector: two.S.M, get: '/two/{y}'}]}")};
  const auto schema =
      Schema::Load({source("one", "x"), source("two", "y")}, options);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(RoutesOf(**schema),
              ElementsAre("one.S.M GET /one/{x}", "two.S.M GET /two/{y}"));
}

}  // namespace
}  // namespace sse_bridge
