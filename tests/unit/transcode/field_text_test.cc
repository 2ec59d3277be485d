#include "bridge/transcode/field_text.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

std::string Set(const std::string& path, const std::string& text) {
  const auto message = AllTypesSchema().New("test.All");
  const absl::Status status = SetFieldFromText(message.get(), path, text);
  if (!status.ok()) return std::string(status.message());
  EXPECT_TRUE(IsFieldSet(*message, path) || message->ByteSizeLong() == 0)
      << path;
  return message->ShortDebugString();
}

TEST(FieldTextTest, SetsFieldsOfEveryTypeWithATextForm) {
  EXPECT_EQ(Set("string_value", "x y"), "string_value: \"x y\"");
  EXPECT_EQ(Set("stringValue", ""), "");
  EXPECT_EQ(Set("otherName", "x"), "renamed: \"x\"");
  EXPECT_EQ(Set("int32_value", "-5"), "int32_value: -5");
  EXPECT_EQ(Set("uint64Value", "18446744073709551615"),
            "uint64_value: 18446744073709551615");
  EXPECT_EQ(Set("double_value", "Infinity"), "double_value: inf");
  EXPECT_EQ(Set("bool_value", "true"), "bool_value: true");
  EXPECT_EQ(Set("bytes_value", "aGk"), "bytes_value: \"hi\"");
  EXPECT_EQ(Set("color", "RED"), "color: RED");
  EXPECT_EQ(Set("color", "-1"), "color: MINUS");
  EXPECT_EQ(Set("nested.child.name", "x"), "nested { child { name: \"x\" } }");
  EXPECT_EQ(Set("nested.at", "1970-01-01T00:00:01Z"),
            "nested { at { seconds: 1 } }");
  EXPECT_EQ(Set("duration", "1s"), "duration { seconds: 1 }");
  EXPECT_EQ(Set("field_mask", "aB,c_d"),
            "field_mask { paths: \"a_b\" paths: \"c_d\" }");
  EXPECT_EQ(Set("int64_wrapper", "5"), "int64_wrapper { value: 5 }");
}

TEST(FieldTextTest, ErrorsNameThePath) {
  EXPECT_EQ(Set("none", "x"), "none: no such field in test.All");
  EXPECT_EQ(Set("", "x"), ": no such field in test.All");
  EXPECT_EQ(Set("nested.", "x"), "nested.: no such field in test.Nested");
  EXPECT_EQ(Set("nested.none", "x"),
            "nested.none: no such field in test.Nested");
  EXPECT_EQ(Set("int32_value.x", "x"),
            "int32_value.x: int32_value is not a message");
  EXPECT_EQ(Set("nesteds.name", "x"), "nesteds.name: nesteds is repeated");
  EXPECT_EQ(Set("string_map.key", "x"), "string_map.key: string_map is a map");
  EXPECT_EQ(Set("string_map", "x"),
            "string_map: a map needs a key: name[key]=value");
  EXPECT_EQ(Set("strings", "x"),
            "strings: a repeated field cannot be set from one text");
  EXPECT_EQ(Set("nested", "x"),
            "nested: a whole message (test.Nested) cannot be given as text");
  EXPECT_EQ(Set("struct_value", "x"),
            "struct_value: a whole message (google.protobuf.Struct) cannot be "
            "given as text");
  EXPECT_EQ(Set("int32_value", "x"), "int32_value: expected an integer");
  EXPECT_EQ(Set("bool_value", "1"), "bool_value: expected true or false");
  EXPECT_EQ(Set("string_value", "\xff"), "string_value: not valid UTF-8");
  EXPECT_EQ(Set("color", "PINK"),
            "color: no value \"PINK\" in enum test.Color");
}

TEST(FieldTextTest, DepthIsBounded) {
  std::string path;
  for (size_t i = 1; i < kMaxFieldPathDepth; ++i) path += "child.";
  const auto message = AllTypesSchema().New("test.Nested");
  EXPECT_TRUE(SetFieldFromText(message.get(), path + "name", "x").ok());
  EXPECT_EQ(*GetFieldAsText(*message, path + "name"), "x");
  EXPECT_THAT(
      SetFieldFromText(message.get(), path + "child.name", "x").message(),
      HasSubstr("a path of more than 32 fields"));
}

TEST(FieldTextTest, ReadsFieldsThatWereSet) {
  const auto message = AllTypesSchema().New("test.All");
  const struct {
    std::string path;
    std::string text;
  } kCases[] = {
      {"string_value", "x"},
      {"int32_value", "-5"},
      {"uint32_value", "5"},
      {"int64_value", "-9223372036854775808"},
      {"uint64_value", "5"},
      {"float_value", "0.1"},
      {"double_value", "-1e+300"},
      {"double_value", "NaN"},
      {"double_value", "-Infinity"},
      {"bool_value", "true"},
      {"bytes_value", "aGk="},
      {"color", "GREEN"},
      {"color", "77"},
      {"nested.child.count", "7"},
      {"one_string", "s"},
  };
  for (const auto& c : kCases) {
    ASSERT_TRUE(SetFieldFromText(message.get(), c.path, c.text).ok()) << c.path;
    EXPECT_EQ(*GetFieldAsText(*message, c.path), c.text) << c.path;
  }
  EXPECT_EQ(*GetFieldAsText(*message, "nested.child.name"), "");
  EXPECT_EQ(*GetFieldAsText(*message, "nested.child.child.name"), "");
  EXPECT_FALSE(GetFieldAsText(*message, "nested").ok());
  EXPECT_FALSE(GetFieldAsText(*message, "int32s").ok());
  EXPECT_FALSE(GetFieldAsText(*message, "none").ok());
}

TEST(FieldTextTest, ReportsWhetherAFieldIsSet) {
  const auto message = AllTypesSchema().New("test.All");
  for (const char* path : {"string_value", "optional_int32", "nested",
                           "nested.name", "strings", "none", "one_int"}) {
    EXPECT_FALSE(IsFieldSet(*message, path)) << path;
  }
  ASSERT_TRUE(SetFieldFromText(message.get(), "optional_int32", "0").ok());
  ASSERT_TRUE(SetFieldFromText(message.get(), "one_int", "0").ok());
  ASSERT_TRUE(SetFieldFromText(message.get(), "int32_value", "0").ok());
  ASSERT_TRUE(SetFieldFromText(message.get(), "nested.name", "x").ok());
  EXPECT_TRUE(IsFieldSet(*message, "optional_int32"));
  EXPECT_TRUE(IsFieldSet(*message, "oneInt"));
  EXPECT_FALSE(IsFieldSet(*message, "int32_value"));
  EXPECT_TRUE(IsFieldSet(*message, "nested"));
  EXPECT_TRUE(IsFieldSet(*message, "nested.name"));
  EXPECT_FALSE(IsFieldSet(*message, "nested.child.name"));
}

}  // namespace
}  // namespace sse_bridge
