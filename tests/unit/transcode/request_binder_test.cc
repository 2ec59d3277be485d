#include "bridge/transcode/request_binder.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/update_mask.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

struct Request {
  std::vector<PathVariable> path;
  std::string query;
  std::optional<std::string> body;
  std::string content_type = {};
};

class Route {
 public:
  Route(RequestTestSchema& schema, std::string type, std::string body,
        std::vector<std::string> path_fields, bool patch = false)
      : schema_(schema), type_(std::move(type)) {
    absl::StatusOr<RequestBinder> binder = RequestBinder::Create(
        schema.Type(type_), std::move(body), std::move(path_fields),
        {.ignored_query_names = {"access_token", "a.token"},
         .ignored_patterns = nullptr,
         .fills_update_mask = patch});
    EXPECT_TRUE(binder.ok()) << binder.status();
    if (binder.ok()) binder_.emplace(*std::move(binder));
  }

  // Returns the message in text format, or all violations.
  std::string Bind(const Request& request) const {
    absl::StatusOr<std::vector<QueryParam>> query = ParseQuery(request.query);
    EXPECT_TRUE(query.ok()) << query.status();
    const auto message = schema_.New(type_);
    std::optional<RequestBinder::Body> body;
    if (request.body.has_value()) body = {*request.body, request.content_type};
    const absl::Status status =
        binder_->Bind(request.path, *query, body, message.get());
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      const std::string violations = Violations(status);
      EXPECT_EQ(violations.substr(0, status.message().size()),
                status.message());
      return violations;
    }
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    std::string text;
    printer.PrintToString(*message, &text);
    if (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  }

  std::string Query(const std::string& query) const {
    return Bind({.path = {}, .query = query, .body = std::nullopt});
  }
  std::string Body(const std::string& body) const {
    return Bind({.path = {}, .query = "", .body = body});
  }

 private:
  RequestTestSchema& schema_;
  const std::string type_;
  std::optional<RequestBinder> binder_;
};

// The messages of the examples in google.api.HttpRule's documentation.
RequestTestSchema& Documented() {
  static auto* const schema = new RequestTestSchema({R"(
    syntax = "proto3";
    package doc;
    message Sub { string subfield = 1; }
    message GetMessage {
      string message_id = 1;
      int64 revision = 2;
      Sub sub = 3;
      string user_id = 4;
    }
    message Message { string text = 1; }
    message UpdateMessage { string message_id = 1; Message message = 2; }
    message Whole { string message_id = 1; string text = 2; }
  )"});
  return *schema;
}

TEST(RequestBinderTest, DocumentedGetWithQuery) {
  const Route route(Documented(), "doc.GetMessage", "", {"message_id"});
  EXPECT_EQ(route.Bind({{{"message_id", "123456"}},
                        "revision=2&sub.subfield=foo",
                        std::nullopt}),
            "message_id: \"123456\" revision: 2 sub { subfield: \"foo\" }");
  EXPECT_EQ(route.Bind({{{"message_id", "123456"}}, "", std::nullopt}),
            "message_id: \"123456\"");
}

TEST(RequestBinderTest, DocumentedPatchOfABodyField) {
  const Route route(Documented(), "doc.UpdateMessage", "message",
                    {"message_id"});
  EXPECT_EQ(route.Bind({{{"message_id", "123456"}}, "", R"({"text":"Hi!"})"}),
            "message_id: \"123456\" message { text: \"Hi!\" }");
}

TEST(RequestBinderTest, DocumentedPatchOfTheWholeBody) {
  const Route route(Documented(), "doc.Whole", "*", {"message_id"});
  EXPECT_EQ(route.Bind({{{"message_id", "123456"}}, "", R"({"text":"Hi!"})"}),
            "message_id: \"123456\" text: \"Hi!\"");
}

TEST(RequestBinderTest, DocumentedAdditionalBinding) {
  const Route route(Documented(), "doc.GetMessage", "",
                    {"user_id", "message_id"});
  EXPECT_EQ(
      route.Bind(
          {{{"user_id", "me"}, {"message_id", "123456"}}, "", std::nullopt}),
      "message_id: \"123456\" user_id: \"me\"");
}

TEST(RequestBinderTest, QuerySetsEveryKindOfField) {
  const Route route(AllTypesSchema(), "test.All", "", {});
  const std::pair<std::string, std::string> kCases[] = {
      {"", ""},
      {"int32Value=1&int64_value=-2&uint32Value=3&uint64Value=4",
       "int32_value: 1 int64_value: -2 uint32_value: 3 uint64_value: 4"},
      {"floatValue=1.5&doubleValue=-Infinity",
       "float_value: 1.5 double_value: -inf"},
      {"boolValue=true", "bool_value: true"},
      {"stringValue=a+b%26c", "string_value: \"a b&c\""},
      {"bytesValue=-_8", "bytes_value: \"\\373\\377\""},
      {"color=RED", "color: RED"},
      {"color=2", "color: GREEN"},
      {"optionalInt32=0", "optional_int32: 0"},
      {"otherName=x", "renamed: \"x\""},
      {"renamed=x", "renamed: \"x\""},
      {"strings=a&strings=b&int32s=1",
       "int32s: 1 strings: \"a\" strings: "
       "\"b\""},
      {"strings=a,b", "strings: \"a,b\""},
      {"colors=RED&colors=2", "colors: RED colors: GREEN"},
      {"nested.name=a&nested.child.count=1&nested.tags=x&nested.tags=y",
       "nested { name: \"a\" child { count: 1 } tags: \"x\" tags: \"y\" }"},
      {"nested.at=1970-01-01T00:00:01Z", "nested { at { seconds: 1 } }"},
      {"timestamp=1970-01-01T01:00:00%2B01:00", "timestamp { }"},
      {"duration=1.5s", "duration { seconds: 1 nanos: 500000000 }"},
      {"fieldMask=aB,c_d", "field_mask { paths: \"a_b\" paths: \"c_d\" }"},
      {"int32Wrapper=5&stringWrapper=",
       "int32_wrapper { value: 5 } "
       "string_wrapper { }"},
      {"timestamps=1970-01-01T00:00:01Z&timestamps=1970-01-01T00:00:02Z",
       "timestamps { seconds: 1 } timestamps { seconds: 2 }"},
      {"int32Wrappers=1&int32Wrappers=2",
       "int32_wrappers { value: 1 } int32_wrappers { value: 2 }"},
      {"oneNested.name=x", "one_nested { name: \"x\" }"},
      {"access_token=x&a.token=y&boolValue=true", "bool_value: true"},
  };
  for (const auto& [query, want] : kCases) {
    EXPECT_EQ(route.Query(query), want) << query;
  }
}

TEST(RequestBinderTest, QueryErrorsNameTheParameter) {
  const Route route(AllTypesSchema(), "test.All", "", {});
  const std::pair<std::string, std::string> kCases[] = {
      {"symbolz=1", "symbolz: no such field in test.All"},
      {"nested.x=1", "nested.x: no such field in test.Nested"},
      {"nested..name=1", "nested..name: no such field in test.Nested"},
      {".=1", ".: no such field in test.All"},
      {"int32Value=", "int32Value: expected an integer"},
      {"int32Value=1x", "int32Value: expected an integer"},
      {"int32Value=2147483648", "int32Value: out of range"},
      {"boolValue=1", "boolValue: expected true or false"},
      {"boolValue", "boolValue: expected true or false"},
      {"color=PINK", "color: no value \"PINK\" in enum test.Color"},
      {"stringValue=%ff", "stringValue: not valid UTF-8"},
      {"bytesValue=!", "bytesValue: expected base64"},
      {"int32Value=1&int32Value=1",
       "int32Value: given twice, but not a repeated field"},
      {"int32Value=1&int32_value=1",
       "int32_value: given twice, but not a repeated field"},
      {"stringMap=x", "stringMap: a map needs a key: name[key]=value"},
      {"stringMap.a=x", "stringMap.a: string_map is a map"},
      {"nested=x",
       "nested: a whole message (test.Nested) cannot be given as text"},
      {"nesteds.name=x", "nesteds.name: nesteds is repeated"},
      {"nesteds=x",
       "nesteds: a whole message (test.Nested) cannot be given as text"},
      {"value=1",
       "value: a whole message (google.protobuf.Value) cannot be "
       "given as text"},
      {"any=1",
       "any: a whole message (google.protobuf.Any) cannot be given "
       "as text"},
      {"int32Value.x=1", "int32Value.x: int32_value is not a message"},
      {"timestamp=now",
       "timestamp: expected an RFC 3339 time such as "
       "\"2024-01-15T10:30:00Z\""},
      {"timestamp=1970-01-01T00:00:01Z&timestamp.seconds=5",
       "timestamp.seconds: overlaps timestamp"},
      {"timestamp.seconds=5&timestamp=1970-01-01T00:00:01Z",
       "timestamp: overlaps a parameter for a field within it"},
      {"oneInt=1&oneString=x",
       "oneString: only one of choice can be set, and one_int is already set"},
      {"nested.left=x&nested.right=1",
       "nested.right: only one of pick can be set, and left is already set"},
      {"oneNested.name=x&oneInt=1",
       "oneInt: only one of choice can be set, and one_nested is already set"},
      {"nested.deep.deep.left=x&nested.deep.right=1",
       "nested.deep.right: only one of pick can be set, and deep is already "
       "set"},
      {"a=1&int32Value=x&b=2",
       "a: no such field in test.All|int32Value: expected an integer|"
       "b: no such field in test.All"},
  };
  for (const auto& [query, want] : kCases) {
    EXPECT_EQ(route.Query(query), want) << query;
  }
}

TEST(RequestBinderTest, ViolationsAreBounded) {
  const Route route(AllTypesSchema(), "test.All", "", {});
  std::string query;
  for (size_t i = 0; i < kMaxFieldViolations + 50; ++i) query += "&x=1";
  const std::string violations = route.Query(query);
  EXPECT_EQ(std::count(violations.begin(), violations.end(), '|'),
            static_cast<ptrdiff_t>(kMaxFieldViolations) - 1);
}

TEST(RequestBinderTest, AWholeBodyAllowsNoQueryFields) {
  const Route route(AllTypesSchema(), "test.All", "*", {});
  EXPECT_EQ(route.Body(R"({"int32Value":1})"), "int32_value: 1");
  EXPECT_EQ(route.Body(""), "");
  EXPECT_EQ(route.Body(" \r\n"), "");
  EXPECT_EQ(route.Bind({}), "");
  EXPECT_EQ(route.Bind({{}, "int32Value=1", "{}"}),
            "int32Value: the body already contains all fields");
  EXPECT_EQ(route.Bind({{}, "x=1", "{}"}), "x: no such field in test.All");
  EXPECT_EQ(route.Bind({{}, "access_token=1", "{}"}), "");
  EXPECT_EQ(route.Body("[]"), "request body: expected an object");
  EXPECT_EQ(route.Body(R"({"strings":["a",1]})"),
            "strings[1]: expected a string");
}

TEST(RequestBinderTest, ABodyFieldAllowsOtherFieldsInTheQuery) {
  const Route route(AllTypesSchema(), "test.All", "nested", {});
  EXPECT_EQ(route.Bind({{}, "int32Value=1", R"({"name":"x"})"}),
            "int32_value: 1 nested { name: \"x\" }");
  EXPECT_EQ(route.Bind({{}, "int32Value=1", ""}), "int32_value: 1");
  EXPECT_EQ(route.Bind({{}, "nested.name=y", R"({"name":"x"})"}),
            "nested.name: the body already contains this field");
  EXPECT_EQ(route.Body(R"({"nme":"x"})"),
            "nested.nme: no such field in test.Nested");
  const Route list(AllTypesSchema(), "test.All", "int32s", {});
  EXPECT_EQ(list.Body("[1,2]"), "int32s: 1 int32s: 2");
  EXPECT_EQ(list.Body("{}"), "int32s: expected an array");
  const Route one(AllTypesSchema(), "test.All", "one_nested", {});
  EXPECT_EQ(
      one.Bind({{}, "oneInt=1", "{}"}),
      "oneInt: only one of choice can be set, and one_nested is already set");
}

TEST(RequestBinderTest, ABodyIsRefusedIfTheRouteHasNone) {
  const Route route(AllTypesSchema(), "test.All", "", {});
  EXPECT_EQ(route.Body(""), "");
  EXPECT_EQ(route.Body(" {} "), "");
  EXPECT_EQ(route.Body(R"({"int32Value":1})"),
            "request body: this method does not accept a body");
}

TEST(RequestBinderTest, PathVariablesOfEveryKindWithATextForm) {
  const Route route(AllTypesSchema(), "test.All", "",
                    {"int64_value", "nested.child.name", "color", "timestamp",
                     "uint32Wrapper", "bytes_value", "bool_value"});
  EXPECT_EQ(route.Bind({{{"int64_value", "-5"},
                         {"nested.child.name", "a/b"},
                         {"color", "RED"},
                         {"timestamp", "1970-01-01T00:00:01Z"},
                         {"uint32Wrapper", "7"},
                         {"bytes_value", "aGk"},
                         {"bool_value", "true"}},
                        "",
                        std::nullopt}),
            "int64_value: -5 bool_value: true bytes_value: \"hi\" color: RED "
            "nested { child { name: \"a/b\" } } timestamp { seconds: 1 } "
            "uint32_wrapper { value: 7 }");
  EXPECT_EQ(
      route.Bind(
          {{{"int64_value", "x"}, {"color", "PINK"}}, "y=1", std::nullopt}),
      "y: no such field in test.All|int64_value: expected an integer|"
      "color: no value \"PINK\" in enum test.Color");
  EXPECT_EQ(route.Bind({{{"nested.child.name", "\xff"}}, "", std::nullopt}),
            "nested.child.name: not valid UTF-8");
  EXPECT_EQ(route.Bind({{{"other", "x"}}, "", std::nullopt}),
            "other: not a variable of this route");
}

TEST(RequestBinderTest, QueryAndBodyMayOnlyRepeatThePath) {
  const Route query(AllTypesSchema(), "test.All", "",
                    {"string_value", "int32_value", "timestamp"});
  const std::vector<PathVariable> path = {
      {"string_value", "a"},
      {"int32_value", "0"},
      {"timestamp", "1970-01-01T00:00:01Z"}};
  const std::string bound = "string_value: \"a\" timestamp { seconds: 1 }";
  EXPECT_EQ(query.Bind({path, "", std::nullopt}), bound);
  EXPECT_EQ(query.Bind({path, "stringValue=a&int32Value=0", std::nullopt}),
            bound);
  EXPECT_EQ(query.Bind({path, "timestamp=1970-01-01T00:00:01Z", std::nullopt}),
            bound);
  EXPECT_EQ(query.Bind({path,
                        "stringValue=b&int32Value=1&"
                        "timestamp=1970-01-01T00:00:02Z",
                        std::nullopt}),
            "string_value: differs from the path|"
            "int32_value: differs from the path|"
            "timestamp: differs from the path");

  const Route body(AllTypesSchema(), "test.All", "*", {"string_value"});
  EXPECT_EQ(body.Bind({{{"string_value", "a"}}, "", R"({"stringValue":"a"})"}),
            "string_value: \"a\"");
  EXPECT_EQ(body.Bind({{{"string_value", "a"}}, "", R"({"stringValue":"b"})"}),
            "string_value: differs from the path");

  const Route part(AllTypesSchema(), "test.All", "nested", {"nested.name"});
  EXPECT_EQ(part.Bind({{{"nested.name", "a"}}, "", R"({"count":1})"}),
            "nested { name: \"a\" count: 1 }");
  EXPECT_EQ(part.Bind({{{"nested.name", "a"}}, "", R"({"name":"b"})"}),
            "nested.name: differs from the path");
}

// As in Argo CD's schema.
TEST(RequestBinderTest, AFieldMayBeBodyAndPathVariable) {
  const Route route(AllTypesSchema(), "test.All", "string_value",
                    {"string_value"});
  EXPECT_EQ(route.Bind({{{"string_value", "a"}}, "", R"("a")"}),
            "string_value: \"a\"");
  EXPECT_EQ(route.Bind({{{"string_value", "a"}}, "", ""}),
            "string_value: \"a\"");
  EXPECT_EQ(route.Bind({{{"string_value", "a"}}, "", R"("b")"}),
            "string_value: differs from the path");
}

TEST(RequestBinderTest, PathVariablesCountInOneofs) {
  const Route route(AllTypesSchema(), "test.All", "", {"one_string"});
  EXPECT_EQ(
      route.Bind({{{"one_string", "a"}}, "oneInt=1", std::nullopt}),
      "one_string: only one of choice can be set, and one_int is already set");
  EXPECT_EQ(route.Bind({{{"one_string", ""}}, "", std::nullopt}),
            "one_string: \"\"");
}

TEST(RequestBinderTest, RequiredFieldsMustBeSetAfterBinding) {
  const Route route(AllTypesSchema(), "test2.Old", "*", {"key"});
  EXPECT_EQ(route.Bind({{{"key", "k"}}, "", "{}"}), "key: \"k\"");
  EXPECT_EQ(route.Bind({{{"key", "k"}}, "", R"({"inner":{}})"}),
            "inner.key: required field is missing");
  EXPECT_EQ(route.Body("{}"), "key: required field is missing");
}

TEST(RequestBinderTest, EarlierContentsOfTheMessageAreCleared) {
  const auto binder =
      RequestBinder::Create(AllTypesSchema().Type("test.All"), "", {}, {});
  ASSERT_TRUE(binder.ok());
  const auto message = AllTypesSchema().New("test.All");
  ASSERT_TRUE(SetFieldFromText(message.get(), "int32_value", "5").ok());
  ASSERT_TRUE(binder->Bind({}, {}, std::nullopt, message.get()).ok());
  EXPECT_EQ(message->ByteSizeLong(), 0u);
}

TEST(RequestBinderTest, CreateRefusesBindingsThatDoNotFitTheSchema) {
  const struct {
    std::string body;
    std::vector<std::string> path;
    std::string want;
  } kCases[] = {
      {"none",
       {},
       "body: field path \"none\": there is no field \"none\" in test.All"},
      {"otherName",
       {},
       "body: field path \"otherName\": there is no field \"otherName\" in "
       "test.All"},
      {"", {"none"}, "path variable none: no such field in test.All"},
      {"",
       {"nested.x"},
       "path variable nested.x: no such field in "
       "test.Nested"},
      {"",
       {"timestamps"},
       "path variable timestamps: a list of messages cannot be bound by the "
       "path"},
      {"",
       {"string_map"},
       "path variable string_map: a map needs a key: name[key]=value"},
      {"",
       {"nested"},
       "path variable nested: a whole message (test.Nested) "
       "cannot be given as text"},
      {"",
       {"nesteds.name"},
       "path variable nesteds.name: nesteds is "
       "repeated"},
      {"",
       {"renamed", "otherName"},
       "path variable otherName: the field is "
       "bound twice"},
      {"",
       {"timestamp", "timestamp.seconds"},
       "path variable timestamp.seconds: overlaps timestamp"},
      {"",
       {"one_int", "one_string"},
       "path variable one_string: only one of "
       "choice can be set, and one_int is already bound"},
  };
  for (const auto& c : kCases) {
    const auto binder = RequestBinder::Create(AllTypesSchema().Type("test.All"),
                                              c.body, c.path, {});
    ASSERT_FALSE(binder.ok()) << c.want;
    EXPECT_EQ(binder.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(binder.status().message(), c.want);
  }
}

RequestTestSchema& All() { return AllTypesSchema(); }

TEST(RequestBinderTest, QuerySetsMapsEntryByEntry) {
  const Route route(All(), "test.All", "", {});
  EXPECT_EQ(route.Query("stringMap%5Ba%5D=x&string_map[b.c[d]]=y%26z"),
            "string_map { key: \"a\" value: \"x\" } "
            "string_map { key: \"b.c[d]\" value: \"y&z\" }");
  EXPECT_EQ(route.Query("int32Map[-7]=8&boolMap[true]=t&uint32Map[1]=GREEN"),
            "int32_map { key: -7 value: 8 } uint32_map { key: 1 value: GREEN } "
            "bool_map { key: true value: \"t\" }");
  EXPECT_EQ(route.Query("stringMap[]=x"),
            "string_map { key: \"\" value: \"x\" }");
}

TEST(RequestBinderTest, MapParametersThatDoNotFitAreRefused) {
  const Route route(All(), "test.All", "", {});
  const struct {
    std::string query, want;
  } kCases[] = {
      {"stringMap[a]=x&stringMap[a]=y",
       "stringMap[a]: given twice, but not a repeated field"},
      {"int32Map[1]=1&int32Map[1e0]=1",
       "int32Map[1e0]: given twice, but not a repeated field"},
      {"int32Map[x]=1", "int32Map[x]: invalid key"},
      {"int32Map[1]=x", "int32Map[1]: "},
      {"boolMap[1]=x", "boolMap[1]: invalid key: expected true or false"},
      {"int64Map[1]=x",
       "int64Map[1]: its values (test.Nested) cannot be given as text"},
      {"strings[0]=x", "strings[0]: strings is not a map"},
      {"nobody[a]=x", "nobody[a]: no such field in test.All"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(route.Query(c.query), testing::StartsWith(c.want)) << c.query;
  }
}

TEST(RequestBinderTest, PathBindsListsOfScalars) {
  const Route route(All(), "test.All", "", {"int32s", "colors"});
  EXPECT_EQ(
      route.Bind({{{"int32s", "1,-2,3"}, {"colors", "RED"}}, "", std::nullopt}),
      "int32s: 1 int32s: -2 int32s: 3 colors: RED");
  EXPECT_THAT(route.Bind({{{"int32s", "1,x"}}, "", std::nullopt}),
              testing::StartsWith("int32s: "));
  EXPECT_EQ(
      route.Bind({{{"int32s", "1,2"}}, "int32s=1&int32s=2", std::nullopt}),
      "int32s: 1 int32s: 2");
  EXPECT_EQ(route.Bind({{{"int32s", "1,2"}}, "int32s=1", std::nullopt}),
            "int32s: differs from the path");
}

TEST(RequestBinderTest, BodyMayBeANestedField) {
  const Route route(All(), "test.All", "nested.child", {"nested.name"});
  EXPECT_EQ(
      route.Bind({{{"nested.name", "n"}}, "nested.count=1", R"({"name":"c"})"}),
      "nested { name: \"n\" count: 1 child { name: \"c\" } }");
  EXPECT_EQ(route.Bind({{}, "nested.child.name=x", R"({"count":2})"}),
            "nested.child.name: the body already contains this field");
  EXPECT_EQ(route.Bind({{{"nested.name", "n"}}, "", " "}),
            "nested { name: \"n\" }");
}

constexpr char kForm[] = "application/x-www-form-urlencoded";

TEST(RequestBinderTest, FormsBindLikeQueries) {
  const Route whole(All(), "test.All", "*", {});
  EXPECT_EQ(whole.Bind({{},
                        "",
                        "stringValue=a+b%26&int32s=1&int32s=2&nested.name=n&"
                        "stringMap[k]=v",
                        kForm}),
            "string_value: \"a b&\" nested { name: \"n\" } int32s: 1 "
            "int32s: 2 string_map { key: \"k\" value: \"v\" }");
  const Route field(All(), "test.All", "nested", {});
  EXPECT_EQ(field.Bind({{},
                        "int32Value=1",
                        "name=n&child.count=2",
                        "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}),
            "int32_value: 1 nested { name: \"n\" child { count: 2 } }");
}

TEST(RequestBinderTest, FormsThatDoNotFitAreRefused) {
  const Route whole(All(), "test.All", "*", {});
  EXPECT_EQ(whole.Bind({{}, "", "nobody=1", kForm}),
            "nobody: no such field in test.All");
  EXPECT_EQ(whole.Bind({{}, "", "nested.name=a&nested.name=b", kForm}),
            "nested.name: given twice, but not a repeated field");
  EXPECT_THAT(whole.Bind({{}, "", "a=%zz", kForm}), HasSubstr("a"));
  const Route none(All(), "test.All", "", {});
  EXPECT_THAT(none.Bind({{}, "", "stringValue=a", kForm}),
              HasSubstr("does not accept a body"));
}

TEST(RequestBinderTest, JsonThatIsCalledAFormIsJson) {
  const Route whole(All(), "test.All", "*", {});
  EXPECT_EQ(whole.Bind({{}, "", R"( {"int32Value":1})", kForm}),
            "int32_value: 1");
  const Route scalar(All(), "test.All", "int32_value", {});
  EXPECT_EQ(scalar.Bind({{}, "", "5", kForm}), "int32_value: 5");
}

RequestTestSchema& Raw() {
  static auto* const schema = new RequestTestSchema({R"(
    syntax = "proto3";
    package google.api;
    message HttpBody { string content_type = 1; bytes data = 2; }
    message Upload { string name = 1; HttpBody file = 2; }
  )"});
  return *schema;
}

TEST(RequestBinderTest, HttpBodyTakesAnyBytes) {
  const Route whole(Raw(), "google.api.HttpBody", "*", {});
  EXPECT_EQ(whole.Bind({{}, "", "\xff{\n", "image/png"}),
            "content_type: \"image/png\" data: \"\\377{\\n\"");
  EXPECT_EQ(whole.Body(" "), "data: \" \"");
  EXPECT_EQ(whole.Bind({{}, "", "x", "a/b; c=\xff"}),
            "content_type: not valid UTF-8");
  const Route field(Raw(), "google.api.Upload", "file", {"name"});
  EXPECT_EQ(field.Bind({{{"name", "n"}}, "", "a=b", kForm}),
            "name: \"n\" file { content_type: "
            "\"application/x-www-form-urlencoded\" data: \"a=b\" }");
}

RequestTestSchema& Patch() {
  static auto* const schema = new RequestTestSchema({R"(
    syntax = "proto3";
    package p;
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/timestamp.proto";
    message Part { string a_name = 1; int32 b = 2; Part part = 3; }
    message Book {
      string title = 1; Part part = 2; repeated Part parts = 3;
      map<string, string> labels = 4; google.protobuf.Timestamp at = 5;
    }
    message Update { Book book = 1; google.protobuf.FieldMask update_mask = 2; }
  )"});
  return *schema;
}

std::string MaskOf(const std::string& bound) {
  const size_t at = bound.find("update_mask");
  return at == std::string::npos ? "" : bound.substr(at);
}

TEST(RequestBinderTest, PatchNamesTheFieldsOfItsBody) {
  const Route route(Patch(), "p.Update", "book", {}, /*patch=*/true);
  EXPECT_EQ(
      MaskOf(route.Body(
          R"({"title":"t","part":{"aName":"x","part":{"b":1}},"parts":[],)"
          R"("labels":{"k":"v"},"at":null})")),
      "update_mask { paths: \"title\" paths: \"part.a_name\" "
      "paths: \"part.part.b\" paths: \"parts\" paths: \"labels\" "
      "paths: \"at\" }");
  EXPECT_EQ(MaskOf(route.Body(R"({"part":{}})")),
            "update_mask { paths: \"part\" }");
}

TEST(RequestBinderTest, MaskOfTheClientCounts) {
  const Route route(Patch(), "p.Update", "book", {}, /*patch=*/true);
  EXPECT_EQ(MaskOf(route.Bind({{}, "updateMask=part", R"({"title":"t"})"})),
            "update_mask { paths: \"part\" }");
  EXPECT_EQ(MaskOf(route.Query("")), "");
  EXPECT_EQ(route.Body(" "), "");
  EXPECT_EQ(route.Bind({{}, "", "title=t", kForm}), "book { title: \"t\" }");
  const Route put(Patch(), "p.Update", "book", {});
  EXPECT_EQ(MaskOf(put.Body(R"({"title":"t"})")), "");
}

// A schema whose Update has a body with as many fields, and the whole body.
std::pair<RequestTestSchema*, std::string> Wide(size_t fields) {
  std::string proto =
      "syntax = \"proto3\"; package w; import "
      "\"google/protobuf/field_mask.proto\"; message Update { Wide wide = 1; "
      "google.protobuf.FieldMask update_mask = 2; } message Wide {";
  std::string body = "{";
  for (size_t i = 1; i <= fields; ++i) {
    absl::StrAppend(&proto, " int32 f", i, " = ", i, ";");
    absl::StrAppend(&body, i == 1 ? "" : ",", "\"f", i, "\":1");
  }
  return {new RequestTestSchema({proto + "}"}), body + "}"};
}

TEST(RequestBinderTest, MaskIsBounded) {
  for (const bool beyond : {false, true}) {
    const auto [schema, body] = Wide(kMaxMaskPaths + (beyond ? 1 : 0));
    const std::unique_ptr<RequestTestSchema> owned(schema);
    const Route route(*schema, "w.Update", "wide", {}, /*patch=*/true);
    EXPECT_THAT(route.Body(body),
                HasSubstr(beyond ? "set update_mask in the query"
                                 : "paths: \"f1000\""));
  }
}

}  // namespace
}  // namespace sse_bridge
