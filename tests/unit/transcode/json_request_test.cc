#include "bridge/transcode/json_request.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

struct RequestCase {
  std::string json;
  std::string want;  // text format on one line, or the error's message
};

// Returns the message in text format without a trailing space, or the error.
std::string Read(const std::string& type, const std::string& json) {
  const std::unique_ptr<google::protobuf::Message> message =
      AllTypesSchema().New(type);
  const absl::Status status = JsonToMessage(json, message.get());
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Violations(status), status.message());
    return std::string(status.message());
  }
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(*message, &text);
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

TEST(JsonRequestTest, Scalars) {
  const RequestCase kCases[] = {
      {"{}", ""},
      {R"({"int32Value":1})", "int32_value: 1"},
      {R"({"int32_value":"-1"})", "int32_value: -1"},
      {R"({"int32Value":1.0})", "int32_value: 1"},
      {R"({"int32Value":1e3})", "int32_value: 1000"},
      {R"({"int32Value":"1e3"})", "int32_value: 1000"},
      {R"({"int32Value":2147483648})", "int32Value: out of range"},
      {R"({"int32Value":1.5})", "int32Value: expected an integer"},
      {R"({"int32Value":true})", "int32Value: expected an integer"},
      {R"({"int32Value":" 1"})", "int32Value: expected an integer"},
      {R"({"int32Value":""})", "int32Value: expected an integer"},
      {R"({"int32Value":[1]})", "int32Value: expected an integer"},
      {R"({"int64Value":9223372036854775807})",
       "int64_value: 9223372036854775807"},
      {R"({"int64Value":"-9223372036854775808"})",
       "int64_value: -9223372036854775808"},
      {R"({"int64Value":9223372036854775808})", "int64Value: out of range"},
      {R"({"int64Value":9007199254740993.0})", "int64_value: 9007199254740993"},
      {R"({"uint32Value":4294967295})", "uint32_value: 4294967295"},
      {R"({"uint32Value":-1})", "uint32Value: out of range"},
      {R"({"uint64Value":18446744073709551615})",
       "uint64_value: 18446744073709551615"},
      {R"({"uint64Value":18446744073709551616})", "uint64Value: out of range"},
      {R"({"sint32Value":-5,"sint64Value":"-6","fixed32Value":7,)"
       R"("fixed64Value":"8","sfixed32Value":-9,"sfixed64Value":-10})",
       "sint32_value: -5 sint64_value: -6 fixed32_value: 7 fixed64_value: 8 "
       "sfixed32_value: -9 sfixed64_value: -10"},
      {R"({"floatValue":1.5e-1})", "float_value: 0.15"},
      {R"({"floatValue":"Infinity"})", "float_value: inf"},
      {R"({"floatValue":3.5e38})", "floatValue: out of range"},
      {R"({"doubleValue":"NaN"})", "double_value: nan"},
      {R"({"doubleValue":"-Infinity"})", "double_value: -inf"},
      {R"({"doubleValue":-0})", "double_value: -0"},
      {R"({"doubleValue":"1.5"})", "double_value: 1.5"},
      {R"({"doubleValue":"x"})", "doubleValue: expected a number"},
      {R"({"doubleValue":false})", "doubleValue: expected a number"},
      {R"({"boolValue":true})", "bool_value: true"},
      {R"({"boolValue":"true"})", "boolValue: expected true or false"},
      {R"({"boolValue":1})", "boolValue: expected true or false"},
      {R"({"stringValue":"a€\u0041\ud83d\ude00"})",
       "string_value: \"a€A\U0001F600\""},
      {R"({"stringValue":1})", "stringValue: expected a string"},
      {R"({"bytesValue":"aGk="})", "bytes_value: \"hi\""},
      {R"({"bytesValue":"aGk"})", "bytes_value: \"hi\""},
      {R"({"bytesValue":"-_-_"})", "bytes_value: \"\\373\\377\\277\""},
      {R"({"bytesValue":"!"})", "bytesValue: expected base64"},
      {R"({"bytesValue":[1]})", "bytesValue: expected a string of base64"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, Enums) {
  const RequestCase kCases[] = {
      {R"({"color":"GREEN"})", "color: GREEN"},
      {R"({"color":2})", "color: GREEN"},
      {R"({"color":-1})", "color: MINUS"},
      {R"({"color":7})", "color: 7"},
      {R"({"color":1.0})", "color: RED"},
      {R"({"color":"green"})", "color: no value \"green\" in enum test.Color"},
      {R"({"color":"2"})", "color: no value \"2\" in enum test.Color"},
      {R"({"color":2147483648})", "color: out of range"},
      {R"({"color":1.5})", "color: expected an integer"},
      {R"({"color":true})",
       "color: expected the name of an enum value, or its number"},
      {R"({"colors":["RED",2]})", "colors: RED colors: GREEN"},
      {R"({"colors":["RED","X"]})",
       "colors[1]: no value \"X\" in enum test.Color"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, NamesAndUnknownFields) {
  const RequestCase kCases[] = {
      {R"({"otherName":"x"})", "renamed: \"x\""},
      {R"({"renamed":"x"})", "renamed: \"x\""},
      {R"({"int32value":1})", "int32value: no such field in test.All"},
      {R"({"":1})", "\"\": no such field in test.All"},
      {R"({"nested":{"child":{"x":1}}})",
       "nested.child.x: no such field in test.Nested"},
      {R"({"unknown":null})", "unknown: no such field in test.All"},
      {R"({"int32Value":1,"int32Value":2})", "int32Value: duplicate field"},
      {R"({"int32Value":1,"int32_value":1})", "int32_value: duplicate field"},
      {R"({"int32Value":null,"int32_value":1})",
       "int32_value: duplicate field"},
      {R"([])", "request body: expected an object"},
      {R"(null)", "request body: expected an object"},
      {R"("x")", "request body: expected an object"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, LongOrUnprintableNamesAreEscapedInErrors) {
  const std::string told =
      Read("test.All",
           absl::StrCat(R"({"a\n\u0001)", std::string(5000, 'x'), "\":1}"));
  EXPECT_LT(told.size(), 300u);
  EXPECT_THAT(told, HasSubstr("a\\n\\001xxx"));
}

TEST(JsonRequestTest, MessagesAndRepeated) {
  const RequestCase kCases[] = {
      {R"({"nested":{}})", "nested { }"},
      {R"({"nested":{"name":"a","child":{"count":"2"}}})",
       "nested { name: \"a\" child { count: 2 } }"},
      {R"({"nested":[]})", "nested: expected an object"},
      {R"({"nested":"x"})", "nested: expected an object"},
      {R"({"int32s":[1,"2",3.0]})", "int32s: 1 int32s: 2 int32s: 3"},
      {R"({"int32s":[]})", ""},
      {R"({"int32s":1})", "int32s: expected an array"},
      {R"({"int32s":{}})", "int32s: expected an array"},
      {R"({"strings":["a","b",3]})", "strings[2]: expected a string"},
      {R"({"strings":["a",null]})", "strings[1]: null is not allowed here"},
      {R"({"nesteds":[{"name":"a"},{"tags":["x",1]}]})",
       "nesteds[1].tags[1]: expected a string"},
      {R"({"nesteds":[{"name":"a"},{}]})",
       "nesteds { name: \"a\" } nesteds { }"},
      {R"({"nesteds":[null]})", "nesteds[0]: null is not allowed here"},
      {R"({"bytess":["aGk="],"doubles":["NaN",1],"bools":[true,false]})",
       "bytess: \"hi\" doubles: nan doubles: 1 bools: true bools: false"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, NullIsAbsence) {
  const RequestCase kCases[] = {
      {R"({"int32Value":null,"stringValue":null,"nested":null,"color":null,)"
       R"("int32s":null,"stringMap":null,"timestamp":null,"any":null,)"
       R"("structValue":null,"listValue":null,"int32Wrapper":null,)"
       R"("optionalInt32":null,"values":null,"nullValues":null,"empty":null})",
       ""},
      {R"({"optionalInt32":0})", "optional_int32: 0"},
      {R"({"value":null})", "value { null_value: NULL_VALUE }"},
      {R"({"values":[null,1]})",
       "values { null_value: NULL_VALUE } values { number_value: 1 }"},
      {R"({"nullValues":[null,"NULL_VALUE",0]})",
       "null_values: NULL_VALUE null_values: NULL_VALUE "
       "null_values: NULL_VALUE"},
      {R"({"oneNull":null})", "one_null: NULL_VALUE"},
      {R"({"oneValue":null})", "one_value { null_value: NULL_VALUE }"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, Oneofs) {
  const RequestCase kCases[] = {
      {R"({"oneInt":0})", "one_int: 0"},
      {R"({"oneInt":1,"oneString":"a"})",
       "oneString: only one of choice can be set, and one_int is already set"},
      {R"({"oneInt":null,"oneString":"a"})", "one_string: \"a\""},
      {R"({"oneString":"a","oneInt":null})", "one_string: \"a\""},
      {R"({"oneNull":null,"oneInt":1})",
       "oneInt: only one of choice can be set, and one_null is already set"},
      {R"({"oneInt":1,"oneValue":null})",
       "oneValue: only one of choice can be set, and one_int is already set"},
      {R"({"nesteds":[{"left":"a"},{"right":1}]})",
       "nesteds { left: \"a\" } nesteds { right: 1 }"},
      {R"({"optionalInt32":1,"oneInt":1})", "optional_int32: 1 one_int: 1"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, Maps) {
  const RequestCase kCases[] = {
      {R"({"stringMap":{"b":"2","a":"1"}})",
       "string_map { key: \"a\" value: \"1\" } "
       "string_map { key: \"b\" value: \"2\" }"},
      {R"({"stringMap":{"":""}})", "string_map { key: \"\" value: \"\" }"},
      {R"({"int32Map":{"-1":"5"}})", "int32_map { key: -1 value: 5 }"},
      {R"({"int64Map":{"9223372036854775807":{"name":"x"}}})",
       "int64_map { key: 9223372036854775807 value { name: \"x\" } }"},
      {R"({"uint32Map":{"4294967295":"RED"}})",
       "uint32_map { key: 4294967295 value: RED }"},
      {R"({"uint64Map":{"18446744073709551615":"aGk="}})",
       "uint64_map { key: 18446744073709551615 value: \"hi\" }"},
      {R"({"boolMap":{"true":"t","false":"f"}})",
       "bool_map { key: false value: \"f\" } "
       "bool_map { key: true value: \"t\" }"},
      {R"({"valueMap":{"1":null}})",
       "value_map { key: 1 value { null_value: NULL_VALUE } }"},
      {R"({"nullMap":{"a":null}})",
       "null_map { key: \"a\" value: NULL_VALUE }"},
      {R"({"stringMap":[]})", "stringMap: expected an object"},
      {R"({"stringMap":{"a":1}})", "stringMap[\"a\"]: expected a string"},
      {R"({"stringMap":{"a":null}})",
       "stringMap[\"a\"]: null is not allowed here"},
      {R"({"stringMap":{"a":"1","a":"2"}})", "stringMap[\"a\"]: duplicate key"},
      {R"({"int32Map":{"1":1,"1.0":1}})", "int32Map[\"1.0\"]: duplicate key"},
      {R"({"int32Map":{"x":1}})",
       "int32Map[\"x\"]: invalid key: expected an integer"},
      {R"({"int32Map":{"2147483648":1}})",
       "int32Map[\"2147483648\"]: invalid key: out of range"},
      {R"({"boolMap":{"1":"x"}})",
       "boolMap[\"1\"]: invalid key: expected true or false"},
      {R"({"int64Map":{"1":{"x":1}}})",
       "int64Map[\"1\"].x: no such field in test.Nested"},
      {R"({"uint32Map":{"1":"X"}})",
       "uint32Map[\"1\"]: no value \"X\" in enum test.Color"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test.All", c.json), c.want) << c.json;
  }
}

TEST(JsonRequestTest, Proto2) {
  const RequestCase kCases[] = {
      {R"({"size":"LARGE"})", "size: LARGE"},
      {R"({"size":2})", "size: LARGE"},
      {R"({"size":3})", "size: no value 3 in enum test2.Size"},
      {R"({"sizes":[1,5]})", "sizes[1]: no value 5 in enum test2.Size"},
      {R"({"sizeMap":{"a":9}})",
       "sizeMap[\"a\"]: no value 9 in enum test2.Size"},
      {R"({"data":{"groupInt":5}})", "Data { group_int: 5 }"},
      {R"({"item":[{"n":1},{"n":2}]})", "Item { n: 1 } Item { n: 2 }"},
      {R"({"[test2.extra]":5})", "[test2.extra]: 5"},
      {R"({"[test2.extras]":["a","b"]})",
       "[test2.extras]: \"a\" [test2.extras]: \"b\""},
      {R"({"[test2.Scope.scoped]":{"text":"x"}})",
       "[test2.Scope.scoped] { text: \"x\" }"},
      {R"({"[test2.extra]":5,"[test2.extra]":6})",
       "[test2.extra]: duplicate field"},
      {R"({"[test2.none]":5})", "[test2.none]: no such field in test2.Old"},
      {R"({"[]":5})", "[]: no such field in test2.Old"},
      {R"({"extra":5})", "extra: no such field in test2.Old"},
      {R"({"[test2.extras]":["a",1]})", "[test2.extras][1]: expected a string"},
  };
  for (const RequestCase& c : kCases) {
    EXPECT_EQ(Read("test2.Old", c.json), c.want) << c.json;
  }
  EXPECT_EQ(Read("test2.Scope", R"({"[test2.extra]":5})"),
            "[test2.extra]: no such field in test2.Scope");
}

TEST(JsonRequestTest, DepthOfTheBodyIsBounded) {
  const auto nested = [](int depth) {
    std::string json = R"({"count":1})";
    for (int i = 1; i < depth; ++i)
      json = absl::StrCat("{\"child\":", json, "}");
    return json;
  };
  EXPECT_THAT(Read("test.Nested", nested(100)), HasSubstr("count: 1"));
  EXPECT_EQ(Read("test.Nested", nested(101)),
            "request body: nested deeper than 100");
}

TEST(JsonRequestTest, GeneratedMessagesWorkToo) {
  google::rpc::BadRequest message;
  const absl::Status status = JsonToMessage(
      R"({"fieldViolations":[{"field":"a"},{"description":"b"}]})", &message);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(message.field_violations_size(), 2);
  EXPECT_EQ(message.field_violations(1).description(), "b");
}

TEST(JsonRequestTest, OneFieldOfAMessage) {
  const auto read = [](const std::string& field, const std::string& json) {
    const auto message = AllTypesSchema().New("test.All");
    const auto parsed = ParseJson(json);
    if (!parsed.ok()) return std::string(parsed.status().message());
    const absl::Status status = JsonToField(
        parsed->root(), message->GetDescriptor()->FindFieldByName(field),
        message.get());
    return status.ok() ? message->ShortDebugString()
                       : std::string(status.message());
  };
  EXPECT_EQ(read("nested", R"({"name":"x"})"), "nested { name: \"x\" }");
  EXPECT_EQ(read("nested", "null"), "");
  EXPECT_EQ(read("int32s", "[1,2]"), "int32s: 1 int32s: 2");
  EXPECT_EQ(read("string_value", "\"x\""), "string_value: \"x\"");
  EXPECT_EQ(read("string_map", R"({"a":"b"})"),
            "string_map { key: \"a\" value: \"b\" }");
  EXPECT_EQ(read("nested", R"({"nme":"x"})"),
            "nested.nme: no such field in test.Nested");
  EXPECT_EQ(read("nesteds", R"([{},{"count":"x"}])"),
            "nesteds[1].count: expected an integer");
  EXPECT_EQ(read("nesteds", R"({})"), "nesteds: expected an array");
}

}  // namespace
}  // namespace sse_bridge
