// The well-known types in a JSON body.

#include <memory>
#include <string>

#include "absl/strings/str_replace.h"
#include "bridge/transcode/json_request.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace sse_bridge {
namespace {

struct KnownCase {
  std::string json;
  std::string want;
};

std::string Read(RequestTestSchema& schema, const std::string& type,
                 const std::string& json) {
  const std::unique_ptr<google::protobuf::Message> message = schema.New(type);
  const absl::Status status = JsonToMessage(json, message.get());
  if (!status.ok()) return std::string(status.message());
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetExpandAny(true);
  std::string text;
  printer.PrintToString(*message, &text);
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Read(const std::string& json) {
  return Read(AllTypesSchema(), "test.All", json);
}

TEST(JsonKnownTest, TimesDurationsAndMasks) {
  const KnownCase kCases[] = {
      {R"({"timestamp":"1970-01-01T00:00:01.5Z"})",
       "timestamp { seconds: 1 nanos: 500000000 }"},
      {R"({"timestamp":"0001-01-01T00:00:00Z"})",
       "timestamp { seconds: -62135596800 }"},
      {R"({"timestamp":"yesterday"})",
       "timestamp: expected an RFC 3339 time such as "
       "\"2024-01-15T10:30:00Z\""},
      {R"({"timestamp":5})", "timestamp: expected a string"},
      {R"({"timestamp":{"seconds":1}})", "timestamp: expected a string"},
      {R"({"timestamp":"0000-01-01T00:00:00Z"})", "timestamp: out of range"},
      {R"({"timestamps":["1970-01-01T00:00:01Z",null]})",
       "timestamps[1]: null is not allowed here"},
      {R"({"duration":"-1.5s"})", "duration { seconds: -1 nanos: -500000000 }"},
      {R"({"duration":"1h"})",
       "duration: expected a duration such as "
       "\"1.5s\""},
      {R"({"duration":1})", "duration: expected a string"},
      {R"({"fieldMask":"fooBar,baz.qux"})",
       "field_mask { paths: \"foo_bar\" paths: \"baz.qux\" }"},
      {R"({"fieldMask":""})", "field_mask { }"},
      {R"({"fieldMask":"foo_bar"})",
       "fieldMask: expected field names such as \"userName,address.city\""},
      {R"({"empty":{}})", "empty { }"},
      {R"({"empty":{"a":1}})",
       "empty.a: no such field in google.protobuf.Empty"},
  };
  for (const KnownCase& c : kCases) EXPECT_EQ(Read(c.json), c.want) << c.json;
}

TEST(JsonKnownTest, Wrappers) {
  const KnownCase kCases[] = {
      {R"({"boolWrapper":false})", "bool_wrapper { }"},
      {R"({"boolWrapper":true})", "bool_wrapper { value: true }"},
      {R"({"int32Wrapper":"5"})", "int32_wrapper { value: 5 }"},
      {R"({"int64Wrapper":"-5"})", "int64_wrapper { value: -5 }"},
      {R"({"uint32Wrapper":5})", "uint32_wrapper { value: 5 }"},
      {R"({"uint64Wrapper":"5"})", "uint64_wrapper { value: 5 }"},
      {R"({"floatWrapper":"NaN"})", "float_wrapper { value: nan }"},
      {R"({"doubleWrapper":1e3})", "double_wrapper { value: 1000 }"},
      {R"({"stringWrapper":"x"})", "string_wrapper { value: \"x\" }"},
      {R"({"bytesWrapper":"aGk"})", "bytes_wrapper { value: \"hi\" }"},
      {R"({"int32Wrapper":{"value":1}})", "int32Wrapper: expected an integer"},
      {R"({"int32Wrapper":"x"})", "int32Wrapper: expected an integer"},
      {R"({"int32Wrappers":[1,null]})",
       "int32Wrappers[1]: null is not allowed here"},
  };
  for (const KnownCase& c : kCases) EXPECT_EQ(Read(c.json), c.want) << c.json;
}

TEST(JsonKnownTest, StructsListsAndValues) {
  const KnownCase kCases[] = {
      {R"({"value":1.5})", "value { number_value: 1.5 }"},
      {R"({"value":"x"})", "value { string_value: \"x\" }"},
      {R"({"value":true})", "value { bool_value: true }"},
      {R"({"value":[]})", "value { list_value { } }"},
      {R"({"value":{}})", "value { struct_value { } }"},
      {R"({"value":{"a":[null,{"b":1}]}})",
       "value { struct_value { fields { key: \"a\" value { list_value { "
       "values { null_value: NULL_VALUE } values { struct_value { fields { "
       "key: \"b\" value { number_value: 1 } } } } } } } } }"},
      {R"({"value":{"a":1,"a":2}})", "value[\"a\"]: duplicate key"},
      {R"({"structValue":{"a":"b"}})",
       "struct_value { fields { key: \"a\" value { string_value: \"b\" } } }"},
      {R"({"structValue":[]})", "structValue: expected an object"},
      {R"({"listValue":[1,null]})",
       "list_value { values { number_value: 1 } values { null_value: "
       "NULL_VALUE } }"},
      {R"({"listValue":{}})", "listValue: expected an array"},
  };
  for (const KnownCase& c : kCases) EXPECT_EQ(Read(c.json), c.want) << c.json;
  EXPECT_EQ(Read(AllTypesSchema(), "google.protobuf.Value", "null"),
            "null_value: NULL_VALUE");
  EXPECT_EQ(Read(AllTypesSchema(), "google.protobuf.Int64Value", "\"7\""),
            "value: 7");
  EXPECT_EQ(Read(AllTypesSchema(), "google.protobuf.Int64Value", "null"),
            "request body: null is not allowed here");
}

TEST(JsonKnownTest, Any) {
  const KnownCase kCases[] = {
      {R"({"any":{}})", "any { }"},
      {R"({"any":{"@type":"type.googleapis.com/test.Nested","name":"x"}})",
       "any { [type.googleapis.com/test.Nested] { name: \"x\" } }"},
      {R"({"any":{"name":"x","@type":"example.com/a/test.Nested"}})",
       "any { type_url: \"example.com/a/test.Nested\" value: "
       "\"\\n\\001x\" }"},
      {R"({"any":{"@type":"t/google.protobuf.Duration","value":"1s"}})",
       "any { [t/google.protobuf.Duration] { seconds: 1 } }"},
      {R"({"any":{"@type":"t/google.protobuf.Int32Value","value":5}})",
       "any { [t/google.protobuf.Int32Value] { value: 5 } }"},
      {R"({"any":{"@type":"t/google.protobuf.Value","value":null}})",
       "any { [t/google.protobuf.Value] { null_value: NULL_VALUE } }"},
      {R"({"any":{"@type":"t/google.protobuf.Struct","value":{"a":1}}})",
       "any { [t/google.protobuf.Struct] { fields { key: \"a\" value { "
       "number_value: 1 } } } }"},
      {R"({"any":{"@type":"t/google.protobuf.Empty"}})",
       "any { [t/google.protobuf.Empty] { } }"},
      {R"({"any":{"@type":"t/google.protobuf.Empty","value":{}}})",
       "any { [t/google.protobuf.Empty] { } }"},
      {R"({"any":{"@type":"t/google.protobuf.Any","value":)"
       R"({"@type":"t/test.Nested","count":1}}})",
       "any { [t/google.protobuf.Any] { [t/test.Nested] { count: 1 } } }"},
      {R"({"any":{"@type":"t/test2.Old","key":"k","[test2.extra]":1}})",
       "any { [t/test2.Old] { key: \"k\" [test2.extra]: 1 } }"},
      {R"({"any":[]})", "any: expected an object"},
      {R"({"any":{"name":"x"}})", "any.@type: missing in this Any"},
      {R"({"any":{"@type":5}})", "any.@type: expected a string"},
      {R"({"any":{"@type":"test.Nested"}})",
       "any.@type: expected a type URL such as "
       "\"type.googleapis.com/package.Message\""},
      {R"({"any":{"@type":"/test.Nested"}})",
       "any.@type: expected a type URL such as "
       "\"type.googleapis.com/package.Message\""},
      {R"({"any":{"@type":"t/test.None"}})",
       "any.@type: unknown type \"t/test.None\""},
      {R"({"any":{"@type":"t/test.Nested","@type":"t/test.Nested"}})",
       "any.@type: duplicate field"},
      {R"({"any":{"@type":"t/test.Nested","x":1}})",
       "any.x: no such field in test.Nested"},
      {R"({"any":{"@type":"t/test.Nested","count":"x"}})",
       "any.count: expected an integer"},
      {R"({"any":{"@type":"t/google.protobuf.Duration"}})",
       "any.value: missing in this Any"},
      {R"({"any":{"@type":"t/google.protobuf.Duration","value":"1s","x":1}})",
       "any.x: no such field in an Any of google.protobuf.Duration"},
      {R"({"any":{"@type":"t/google.protobuf.Duration","value":"1s",)"
       R"("value":"1s"}})",
       "any.value: duplicate field"},
      {R"({"any":{"@type":"t/google.protobuf.Duration","value":"x"}})",
       "any.value: expected a duration such as \"1.5s\""},
      {R"({"any":{"@type":"t/test2.Old"}})",
       "any: missing required fields: key"},
  };
  // "t/" stands for the only prefix that the text format can print.
  const auto full = [](const std::string& text) {
    return absl::StrReplaceAll(text, {{"t/", "type.googleapis.com/"}});
  };
  for (const KnownCase& c : kCases) {
    EXPECT_EQ(Read(full(c.json)), full(c.want)) << c.json;
  }
}

TEST(JsonKnownTest, ATypeWithOnlyAWellKnownNameIsRefused) {
  google::protobuf::DescriptorPool pool;
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(name: "google/protobuf/x.proto" package: "google.protobuf"
         syntax: "proto3"
         message_type { name: "Timestamp" }
         message_type { name: "Any"
           field { name: "value" number: 1 type: TYPE_INT32
                   label: LABEL_OPTIONAL } }
         message_type { name: "Struct"
           field { name: "fields" number: 1 type: TYPE_INT32
                   label: LABEL_REPEATED } })",
      &file));
  ASSERT_NE(pool.BuildFile(file), nullptr);
  google::protobuf::DynamicMessageFactory factory(&pool);
  for (const char* name : {"Timestamp", "Any", "Struct"}) {
    const auto* type =
        pool.FindMessageTypeByName(std::string("google.protobuf.") + name);
    const std::unique_ptr<google::protobuf::Message> message(
        factory.GetPrototype(type)->New());
    for (const char* json : {"{}", "\"1970-01-01T00:00:00Z\"", "null"}) {
      EXPECT_EQ(JsonToMessage(json, message.get()).message(),
                "request body: the schema's google.protobuf." +
                    std::string(name) +
                    " does not match the well-known type of that name");
    }
  }
}

}  // namespace
}  // namespace sse_bridge
