#include "bridge/schema/option_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "bridge/base/event_names.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kMessages[] =
    "message Request { string text = 1; int64 number = 2; repeated string many "
    "= 3; Inner inner = 4; repeated Inner inners = 5; double real = 6; "
    "map<string, string> pairs = 7; string user = 8; }\n"
    "message Response { string text = 1; int64 number = 2; repeated string "
    "many = 3; Inner inner = 4; repeated Inner inners = 5; double real = 6; "
    "Kind kind = 7; bytes raw = 8; }\n"
    "message Inner { string text = 1; Kind kind = 2; }\n"
    "enum Kind { UNKNOWN = 0; }\n";

// A server-streaming method on line 3 with these options.
std::string WithOptions(const std::string& options) {
  return "service S { rpc M(Request) returns (stream Response) {\n" + options +
         "\noption (google.api.http).get = '/m'; } }\n" + kMessages;
}

std::string Stream(const std::string& fields) {
  return WithOptions("option (sse.v1.stream) = {" + fields + "};");
}

void ExpectStreamRefused(const std::string& fields, const std::string& reason) {
  EXPECT_THAT(LoadError(Stream(fields)),
              AllOf(HasSubstr("test.proto:3: test.S.M: sse.v1.stream: "),
                    HasSubstr(reason)))
      << fields;
}

void ExpectAccessRefused(const std::string& fields, const std::string& reason) {
  EXPECT_THAT(
      LoadError(WithOptions("option (sse.v1.access) = {" + fields + "};")),
      AllOf(HasSubstr("test.proto:3: test.S.M: sse.v1.access: "),
            HasSubstr(reason)))
      << fields;
}

TEST(OptionChecksTest, ValidOptionsResolve) {
  const auto schema = LoadTestProto(
      WithOptions("option (sse.v1.stream) = { event_from: 'inner.kind' "
                  "id_from: 'number' resume_into: 'inner.text' share_by: "
                  "'many' snapshot { what: LAST_PER_KEY key: 'text' } slow { "
                  "policy: CONFLATE key: 'text' } keep_alive { seconds: "
                  "5 } retry { nanos: 1000000 } max_age { seconds: 60 } bundle "
                  "{ by_default: true query: 'many=a&inner.text=b' } };\n"
                  "option (sse.v1.access) = { roles { any_of: 'r' } "
                  "subject_into: 'user' };"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Method* m = (*schema)->FindMethod("test.S.M");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(m->event_from.back()->full_name(), "test.Inner.kind");
  EXPECT_EQ(m->id_from.back()->full_name(), "test.Response.number");
  EXPECT_EQ(m->resume_into.back()->full_name(), "test.Inner.text");
  EXPECT_EQ(m->share_by->full_name(), "test.Request.many");
  EXPECT_EQ(m->snapshot_key.back()->full_name(), "test.Response.text");
  EXPECT_EQ(m->slow_key.back()->full_name(), "test.Response.text");
  EXPECT_EQ(m->subject_into.back()->full_name(), "test.Request.user");
  EXPECT_EQ(m->keep_alive, absl::Seconds(5));
  EXPECT_EQ(m->retry, absl::Milliseconds(1));
  EXPECT_EQ(m->max_age, absl::Minutes(1));
  EXPECT_TRUE(m->stream.shared()) << "share_by implies it";
  EXPECT_TRUE(m->access.authenticated()) << "roles imply it";
  EXPECT_EQ(m->stream.bundle().event(), "M");
}

TEST(OptionChecksTest, StreamOptionOnUnaryMethodIsRefused) {
  EXPECT_THAT(
      LoadError("service S { rpc M(Request) returns (Response) {\n"
                "option (sse.v1.stream).event = 'e'; } }\n" +
                std::string(kMessages)),
      HasSubstr("test.proto:3: test.S.M: sse.v1.stream: the method is not "
                "server-streaming"));
}

TEST(OptionChecksTest, EventAndEventFromTogetherAreRefused) {
  ExpectStreamRefused("event: 'e' event_from: 'text'", "both set");
}

TEST(OptionChecksTest, EventThatBreaksTheLineIsRefused) {
  ExpectStreamRefused("event: 'a\\nb'", "line break");
  ExpectStreamRefused("event: 'a\\rb'", "line break");
  ExpectStreamRefused("event: 'a\\0b'", "NUL");
  ExpectStreamRefused("bundle { event: 'a\\nb' }", "bundle.event");
}

TEST(OptionChecksTest, EventOfTheBridgeIsRefused) {
  for (absl::string_view name : kReservedEventNames) {
    ExpectStreamRefused(absl::StrCat("event: '", name, "'"),
                        "reserved for the bridge");
    ExpectStreamRefused(absl::StrCat("bundle { event: '", name, "' }"),
                        "reserved for the bridge");
  }
}

TEST(OptionChecksTest, AMethodNamedLikeAnEventOfTheBridgeNeedsABundleEvent) {
  const auto service = [](const std::string& bundle) {
    return "service S { rpc reset(Request) returns (stream Response) {\n"
           "option (sse.v1.stream) = { bundle { " +
           bundle + " } }; } }\n" + std::string(kMessages);
  };
  EXPECT_THAT(LoadError(service("")),
              HasSubstr("bundle.event: \"reset\" is reserved for the bridge"));
  EXPECT_EQ(LoadError(service("event: 'again'")), "");
}

TEST(OptionChecksTest, EventFromMustBeStringOrEnum) {
  ExpectStreamRefused("event_from: 'gone'", "no field \"gone\"");
  ExpectStreamRefused("event_from: 'number'", "is a int64");
  ExpectStreamRefused("event_from: 'many'", "is a repeated string");
  ExpectStreamRefused("event_from: 'inner'", "is a message test.Inner");
  ExpectStreamRefused("event_from: 'inners.text'", "leads through");
  ExpectStreamRefused("event_from: 'text.text'", "leads through");
}

TEST(OptionChecksTest, IdFromMustBeStringOrInteger) {
  ExpectStreamRefused("id_from: 'gone'", "no field \"gone\"");
  ExpectStreamRefused("id_from: 'inner'", "is a message test.Inner");
  ExpectStreamRefused("id_from: 'real'", "is a double");
  ExpectStreamRefused("id_from: 'kind'", "is a enum");
  ExpectStreamRefused("id_from: 'raw'", "is a bytes");
  ExpectStreamRefused("id_from: 'many'", "is a repeated string");
}

TEST(OptionChecksTest, ResumeIntoMustBeStringOrIntegerOfTheRequest) {
  EXPECT_EQ(LoadError(Stream("id_from: 'text' resume_into: 'number'")), "");
  ExpectStreamRefused("id_from: 'text' resume_into: 'kind'",
                      "no field \"kind\" in test.Request");
  ExpectStreamRefused("id_from: 'text' resume_into: 'many'", "repeated string");
  ExpectStreamRefused("id_from: 'text' resume_into: 'real'", "is a double");
}

TEST(OptionChecksTest, ResumeWithoutIdIsRefused) {
  ExpectStreamRefused("resume_into: 'text'", "without id_from");
}

TEST(OptionChecksTest, ResumeIntoTheSubjectIsRefused) {
  EXPECT_THAT(
      LoadError(WithOptions(
          "option (sse.v1.stream) = { id_from: 'text' resume_into: 'user' }; "
          "option (sse.v1.access).subject_into = 'user';")),
      HasSubstr("the same field"));
}

TEST(OptionChecksTest, ShareByMustBeRepeatedScalarAtTheTop) {
  ExpectStreamRefused("share_by: 'gone'", "no field \"gone\" at the top");
  ExpectStreamRefused("share_by: 'text'", "is a string; it must be");
  ExpectStreamRefused("share_by: 'inners'", "is a repeated message");
  ExpectStreamRefused("share_by: 'pairs'", "is a map");
  ExpectStreamRefused("share_by: 'inner.text'", "at the top");
}

TEST(OptionChecksTest, SnapshotNeedsSharing) {
  EXPECT_EQ(LoadError(Stream("shared: true snapshot { what: LAST }")), "");
  ExpectStreamRefused("snapshot { what: LAST }",
                      "only allowed for a shared stream");
}

TEST(OptionChecksTest, SnapshotPerKeyNeedsAKeyAndOnlyThatHasOne) {
  ExpectStreamRefused("shared: true snapshot { what: LAST_PER_KEY }",
                      "needs a key");
  ExpectStreamRefused("shared: true snapshot { what: LAST key: 'text' }",
                      "only allowed with LAST_PER_KEY");
}

TEST(OptionChecksTest, KeysMustBeSingleValues) {
  const std::string per_key =
      "shared: true snapshot { what: LAST_PER_KEY key: ";
  ExpectStreamRefused(per_key + "'gone' }", "snapshot.key");
  ExpectStreamRefused(per_key + "'inner' }", "snapshot.key");
  ExpectStreamRefused(per_key + "'many' }", "snapshot.key");
  ExpectStreamRefused("slow { policy: CONFLATE key: 'gone' }", "slow.key");
  ExpectStreamRefused("slow { policy: CONFLATE key: 'inner' }", "slow.key");
  ExpectStreamRefused(
      per_key + "'text' } slow { policy: CONFLATE key: 'number' }",
      "slow.key and snapshot.key must be the same");
  ExpectStreamRefused("slow { policy: DROP_OLDEST key: 'text' }",
                      "only allowed with CONFLATE");
}

TEST(OptionChecksTest, ValuesOfANewerContractAreRefused) {
  // protoc accepts only known enum values; the wire format accepts any.
  auto set = CompileProtos({{"test.proto", TestProto(Stream("event: 'e'"))}});
  auto* stream = set.mutable_file(set.file_size() - 1)
                     ->mutable_service(0)
                     ->mutable_method(0)
                     ->mutable_options()
                     ->MutableExtension(sse::v1::stream);
  stream->mutable_snapshot()->set_what(static_cast<sse::v1::Snapshot::What>(7));
  stream->mutable_slow()->set_policy(
      static_cast<sse::v1::SlowConsumer::Policy>(8));
  stream->GetReflection()->MutableUnknownFields(stream)->AddVarint(99, 1);
  const std::string error(
      Schema::Load({SourceOf(set)}, {.strict = true}).status().message());
  EXPECT_THAT(error, HasSubstr("snapshot.what: this bridge does not know the "
                               "value 7"));
  EXPECT_THAT(error, HasSubstr("slow.policy: this bridge does not know the "
                               "value 8"));
  EXPECT_THAT(error, HasSubstr("this bridge does not know field 99"));
}

TEST(OptionChecksTest, UnknownFieldsOfServiceOptionsAreRefused) {
  auto set = CompileProtos(
      {{"test.proto",
        TestProto("service S { option (sse.v1.default_access).authenticated = "
                  "true; option (sse.v1.json).preserve_proto_field_names = "
                  "true; }")}});
  auto* options = set.mutable_file(set.file_size() - 1)
                      ->mutable_service(0)
                      ->mutable_options();
  auto* json = options->MutableExtension(sse::v1::json);
  json->GetReflection()->MutableUnknownFields(json)->AddVarint(77, 1);
  auto* access = options->MutableExtension(sse::v1::default_access);
  access->GetReflection()->MutableUnknownFields(access)->AddVarint(78, 1);
  const std::string error(
      Schema::Load({SourceOf(set)}, {.strict = true}).status().message());
  EXPECT_THAT(error, HasSubstr("test.S: sse.v1.json: this bridge does not know "
                               "field 77"));
  EXPECT_THAT(error, HasSubstr("sse.v1.default_access: this bridge does not "
                               "know field 78"));
}

TEST(OptionChecksTest, DurationsAreBounded) {
  for (const char* name : {"keep_alive", "retry", "max_age"}) {
    const auto with = [&](const std::string& value) {
      return std::string(name) + " {" + value + "}";
    };
    ExpectStreamRefused(with(""), name);
    ExpectStreamRefused(with("seconds: -1"), name);
    ExpectStreamRefused(with("nanos: 999999"), name);
    ExpectStreamRefused(with("seconds: 1 nanos: 1000000000"), name);
    ExpectStreamRefused(with("seconds: 31536001"), name);
    EXPECT_EQ(LoadError(Stream(with("nanos: 1000000"))), "");
    EXPECT_EQ(LoadError(Stream(with("seconds: 31536000"))), "");
  }
}

TEST(OptionChecksTest, ReconnectIsChecked) {
  ExpectStreamRefused("reconnect { codes: 'unavailable' }",
                      "reconnect.codes: \"unavailable\" is not an error code "
                      "of google.rpc.Code");
  ExpectStreamRefused("reconnect { codes: 'OK' }", "\"OK\" is no");
  ExpectStreamRefused("reconnect { give_up_after { seconds: -1 } }",
                      "reconnect.give_up_after");
  ExpectStreamRefused("reconnect { give_up_after { nanos: 999999 } }",
                      "reconnect.give_up_after");
  EXPECT_EQ(LoadError(Stream("reconnect { give_up_after { } }")), "");
  EXPECT_EQ(LoadError(Stream("reconnect { give_up_after { seconds: 60 } codes: "
                             "'UNAVAILABLE' codes: 'UNAUTHENTICATED' }")),
            "");
}

TEST(OptionChecksTest, QueryOfTheBundleIsChecked) {
  ExpectStreamRefused("bundle { query: 'text=a' }",
                      "only used with by_default");
  ExpectStreamRefused("bundle { by_default: true query: 'gone=a' }",
                      "no field \"gone\"");
}

TEST(OptionChecksTest, BundleNamesAreUnique) {
  EXPECT_THAT(LoadError("service S {\n"
                        "rpc M(Request) returns (stream Response) { option "
                        "(sse.v1.stream).bundle = {}; }\n"
                        "rpc N(Request) returns (stream Response) { option "
                        "(sse.v1.stream).bundle.event = 'M'; }\n}\n" +
                        std::string(kMessages)),
              AllOf(HasSubstr("test.proto:4: test.S.N"),
                    HasSubstr("test.S.M (test.proto:3)")));
}

TEST(OptionChecksTest, GroupsThatCannotBeMetAreRefused) {
  ExpectAccessRefused("scopes {}", "an empty group of scopes");
  ExpectAccessRefused("roles {}", "an empty group of roles");
  ExpectAccessRefused("scopes { any_of: '' }", "an empty name in scopes");
}

TEST(OptionChecksTest, SubjectIntoMustBeAStringOfTheRequest) {
  ExpectAccessRefused("subject_into: 'gone'", "no field \"gone\"");
  ExpectAccessRefused("subject_into: 'number'", "is a int64");
  ExpectAccessRefused("subject_into: 'many'", "is a repeated string");
  ExpectAccessRefused("subject_into: 'inner'", "is a message");
}

TEST(OptionChecksTest, AccessOfTheMethodReplacesThatOfTheService) {
  const auto schema = LoadTestProto(
      "service S { option (sse.v1.default_access) = { scopes { any_of: 's' } "
      "};\n"
      "rpc Own(Request) returns (Response) { option (sse.v1.access) = {}; }\n"
      "rpc Default(Request) returns (Response); }\n" +
      std::string(kMessages));
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Method* own = (*schema)->FindMethod("test.S.Own");
  const Method* by_default = (*schema)->FindMethod("test.S.Default");
  EXPECT_FALSE(own->access.authenticated());
  EXPECT_TRUE(own->access.scopes().empty());
  EXPECT_TRUE(by_default->access.authenticated()) << "scopes imply it";
  EXPECT_EQ(by_default->access.scopes_size(), 1);
}

TEST(OptionChecksTest, DefaultSubjectMustFitEveryExposedMethod) {
  const auto service = [](const std::string& rule) {
    return "service S { option (sse.v1.default_access).subject_into = "
           "'user';\n"
           "rpc M(Inner) returns (Response) {" +
           rule + "} }\n" + kMessages;
  };
  EXPECT_EQ(LoadError(service("")), "") << "nobody can call it";
  EXPECT_THAT(LoadError(service("option (google.api.http).get = '/m';")),
              AllOf(HasSubstr("test.proto:3: test.S.M: sse.v1.default_access"),
                    HasSubstr("no field \"user\" in test.Inner")));
}

TEST(OptionChecksTest, AllErrorsAreReportedUpToALimit) {
  const std::string two =
      LoadError(Stream("id_from: 'inner' share_by: 'text'"));
  EXPECT_THAT(two, AllOf(HasSubstr("id_from"), HasSubstr("share_by")));
  std::string methods;
  for (int i = 0; i < 1005; ++i) {
    methods += "rpc M" + std::to_string(i) +
               "(Request) returns (Response) { option (sse.v1.stream) = {}; } ";
  }
  EXPECT_THAT(LoadError("service S {" + methods + "}\n" + kMessages),
              HasSubstr("(5 more)"));
}

TEST(OptionChecksTest, PublicExcludesEverythingElse) {
  for (const char* other : {"authenticated: true", "scopes { any_of: 's' }",
                            "roles { any_of: 'r' }", "subject_into: 'user'"}) {
    for (const char* place : {"option (sse.v1.default_access)", ""}) {
      const std::string access =
          absl::StrCat("(sse.v1.", *place == '\0' ? "access" : "default_access",
                       ") = { public: true ", other, " };\n");
      const std::string rule = "option (google.api.http).get = '/m';";
      const std::string service =
          *place == '\0'
              ? absl::StrCat("service S { rpc M(Request) returns (Response) { ",
                             rule, "option ", access, "} }\n", kMessages)
              : absl::StrCat("service S { option ", access,
                             "rpc M(Request) returns (Response) { ", rule,
                             "} }\n", kMessages);
      EXPECT_THAT(LoadError(service), HasSubstr("public excludes")) << other;
    }
  }
  EXPECT_EQ(LoadError(WithOptions("option (sse.v1.access).public = true;")),
            "");
}

}  // namespace
}  // namespace sse_bridge
