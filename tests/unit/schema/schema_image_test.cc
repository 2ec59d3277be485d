#include "bridge/schema/schema_image.h"

#include <gmock/gmock.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/schema.h"
#include "bridge/schema/text_image.h"
#include "google/protobuf/descriptor.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Zip(const std::string& text, size_t copies = 1) {
  std::string out;
  {
    google::protobuf::io::StringOutputStream bytes(&out);
    google::protobuf::io::GzipOutputStream gzip(&bytes);
    for (size_t n = 0; n < copies; ++n) {
      size_t at = 0;
      void* data;
      int size;
      while (at < text.size() && gzip.Next(&data, &size)) {
        const size_t part =
            std::min(static_cast<size_t>(size), text.size() - at);
        std::memcpy(data, text.data() + at, part);
        gzip.BackUp(size - static_cast<int>(part));
        at += part;
      }
    }
  }
  return out;
}

std::string ErrorOf(const std::string& content) {
  const auto image = ReadSchemaImage("a.binpb", content);
  return image.ok() ? "" : std::string(image.status().message());
}

std::string Set() {
  return CompileProtos({{"a.proto", "syntax = 'proto3'; message A {}"}})
      .SerializeAsString();
}

TEST(SchemaImageTest, BinaryAndGzipAreRecognizedByContent) {
  EXPECT_EQ(*ReadSchemaImage("a.json", Set()), Set());
  EXPECT_EQ(*ReadSchemaImage("a.binpb", Zip(Set())), Set());
}

TEST(SchemaImageTest, DamagedGzipIsRefused) {
  const std::string zipped = Zip(Set());
  for (size_t size = 2; size < zipped.size(); ++size) {
    EXPECT_THAT(ErrorOf(zipped.substr(0, size)),
                AllOf(HasSubstr("a.binpb: "), HasSubstr("damaged")))
        << size;
  }
  std::string flipped = zipped;
  flipped[flipped.size() - 1] ^= 1;
  EXPECT_THAT(ErrorOf(flipped), HasSubstr("damaged"));
}

TEST(SchemaImageTest, UncompressedSizeIsBounded) {
  const std::string megabyte(size_t{1} << 20, '\n');
  EXPECT_THAT(ErrorOf(Zip(megabyte, 257)), HasSubstr("more than 268435456"));
}

// A schema with options of the contracts, and with an option of its own.
constexpr char kJsonImage[] = R"({
  "file": [
    {
      "name": "option.proto", "package": "o", "syntax": "proto3",
      "dependency": ["google/protobuf/descriptor.proto"],
      "messageType": [{
        "name": "Rule",
        "field": [
          {"name": "some_names", "number": 1, "label": "LABEL_REPEATED",
           "type": "TYPE_STRING", "jsonName": "someNames"},
          {"name": "big", "number": 2, "label": "LABEL_OPTIONAL",
           "type": "TYPE_INT64"},
          {"name": "raw", "number": 3, "label": "LABEL_OPTIONAL",
           "type": "TYPE_BYTES"},
          {"name": "real", "number": 4, "label": "LABEL_OPTIONAL",
           "type": "TYPE_DOUBLE"},
          {"name": "counts", "number": 5, "label": "LABEL_REPEATED",
           "type": "TYPE_MESSAGE", "typeName": ".o.Rule.CountsEntry"},
          {"name": "inner", "number": 6, "label": "LABEL_OPTIONAL",
           "type": "TYPE_MESSAGE", "typeName": ".o.Rule"}
        ],
        "nestedType": [{
          "name": "CountsEntry",
          "field": [
            {"name": "key", "number": 1, "label": "LABEL_OPTIONAL",
             "type": "TYPE_INT32"},
            {"name": "value", "number": 2, "label": "LABEL_OPTIONAL",
             "type": "TYPE_BOOL"}
          ],
          "options": {"mapEntry": true}
        }]
      }],
      "extension": [{"name": "rule", "number": 50999, "label": "LABEL_OPTIONAL",
                     "type": "TYPE_MESSAGE", "typeName": ".o.Rule",
                     "extendee": ".google.protobuf.MethodOptions"}]
    },
    {
      "name": "a.proto", "package": "t", "syntax": "proto3",
      "dependency": ["option.proto", "google/api/annotations.proto",
                     "sse/v1/sse.proto"],
      "messageType": [{
        "name": "Q",
        "field": [{"name": "id", "number": 1, "label": "LABEL_OPTIONAL",
                   "type": "TYPE_STRING", "jsonName": "id"}]
      }],
      "service": [{
        "name": "S",
        "method": [{
          "name": "M", "inputType": ".t.Q", "outputType": ".t.Q",
          "serverStreaming": true,
          "options": {
            "deprecated": true,
            "[google.api.http]": {"get": "/m/{id}"},
            "[sse.v1.stream]": {"keepAlive": "7s", "shared": true},
            "[sse.v1.access]": {"roles": [{"anyOf": ["admin"]}]},
            "[o.rule]": {"someNames": ["x", "y"], "big": "9007199254740993",
                         "raw": "AP8=", "real": 0.5, "counts": {"-7": true},
                         "inner": {"big": 1.0}}
          }
        }]
      }],
      "bufExtension": {"isImport": false, "isSyntaxUnspecified": false}
    }
  ]
})";

constexpr char kTextImage[] = R"(# The same.
file {
  name: "option.proto" package: "o" syntax: "proto3"
  dependency: "google/protobuf/descriptor.proto"
  message_type {
    name: "Rule"
    field { name: "some_names" number: 1 label: LABEL_REPEATED
            type: TYPE_STRING json_name: "someNames" }
    field { name: "big" number: 2 label: LABEL_OPTIONAL type: TYPE_INT64 }
    field { name: "raw" number: 3 label: LABEL_OPTIONAL type: TYPE_BYTES }
    field { name: "real" number: 4 label: LABEL_OPTIONAL type: TYPE_DOUBLE }
    field { name: "counts" number: 5 label: LABEL_REPEATED
            type: TYPE_MESSAGE type_name: ".o.Rule.CountsEntry" }
    field { name: "inner" number: 6 label: LABEL_OPTIONAL
            type: TYPE_MESSAGE type_name: ".o.Rule" }
    nested_type {
      name: "CountsEntry"
      field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32 }
      field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_BOOL }
      options { map_entry: true }
    }
  }
  extension { name: "rule" number: 50999 label: LABEL_OPTIONAL
              type: TYPE_MESSAGE type_name: ".o.Rule"
              extendee: ".google.protobuf.MethodOptions" }
}
file {
  name: "a.proto" package: "t" syntax: "proto3"
  dependency: "option.proto" dependency: "google/api/annotations.proto"
  dependency: "sse/v1/sse.proto"
  message_type {
    name: "Q"
    field { name: "id" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING
            json_name: "id" }
  }
  service {
    name: "S"
    method {
      name: "M" input_type: ".t.Q" output_type: ".t.Q" server_streaming: true
      options {
        deprecated: true
        [google.api.http] { get: "/m/{id}" }
        [sse.v1.stream] { keep_alive { seconds: 7 } shared: true }
        [sse.v1.access] { roles { any_of: "admin" } }
        [o.rule] {
          some_names: "x" some_names: "y" big: 9007199254740993
          raw: "\000\377" real: 0.5 counts { key: -7 value: true }
          inner { big: 1 }
        }
      }
    }
  }
  buf_extension { is_import: false }
}
)";

TEST(SchemaImageTest, JsonAndTextKeepAllOptions) {
  const auto json = ReadSchemaImage("a.json", kJsonImage);
  const auto text = ReadSchemaImage("a.txtpb", kTextImage);
  ASSERT_TRUE(json.ok()) << json.status();
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*json, *text);
  EXPECT_EQ(*ReadSchemaImage("a.json.gz", Zip(kJsonImage)), *json);
  const auto schema = Schema::Load({{"a.json", *json}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Method* method = (*schema)->FindMethod("t.S.M");
  ASSERT_NE(method, nullptr);
  EXPECT_EQ(method->routes[0]->path_template, "/m/{id}");
  EXPECT_EQ(method->keep_alive, absl::Seconds(7));
  EXPECT_EQ(method->access.roles(0).any_of(0), "admin");
  EXPECT_TRUE(method->descriptor->options().deprecated());
  // The image's own option, as protoc would encode it.
  const auto& unknown = method->descriptor->options().unknown_fields();
  ASSERT_EQ(unknown.field_count(), 1);
  EXPECT_EQ(unknown.field(0).number(), 50999);
  EXPECT_EQ(unknown.field(0).length_delimited(),
            std::string("\x0a\x01x\x0a\x01y"
                        "\x10\x81\x80\x80\x80\x80\x80\x80\x10"
                        "\x1a\x02\x00\xff"
                        "\x21\x00\x00\x00\x00\x00\x00\xe0\x3f"
                        "\x2a\x0d\x08\xf9\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                        "\x10\x01"
                        "\x32\x02\x10\x01",
                        47));
}

std::string Replaced(std::string text, const std::string& what,
                     const std::string& by) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(SchemaImageTest, NothingInJsonIsLeftOut) {
  for (const auto& [what, by, error] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"[o.rule]", "[o.gone]",
            "file[1].service[0].method[0].options.[o.gone]: is not part of "
            "google.protobuf.MethodOptions"},
           {"[o.rule]", "[buf.validate.field]", "is not part of"},
           {"\"deprecated\"", "\"features\"", "options.features: "},
           {"keepAlive", "keepAlife",
            "options.[sse.v1.stream].keepAlife: is not part of sse.v1.Stream"},
           {"\"7s\"", "\"7\"", "options.[sse.v1.stream].keepAlive: "},
           {"AP8=", "?", "raw: is not a valid bytes"},
           {"0.5", "\"much\"", "real: is not a valid double"},
           {"\"-7\"", "\"x\"", "counts[\"x\"]: the key has the wrong type"},
           {"1.0", "1.5", "big: is not a valid int64"},
           {"[\"admin\"]", "\"admin\"", "anyOf: must be an array"},
           {"TYPE_BYTES", "TYPE_BITS", "is not a valid enum"},
       }) {
    EXPECT_THAT(ErrorOf(Replaced(kJsonImage, what, by)),
                AllOf(HasSubstr("a.binpb: "), HasSubstr(error)))
        << by;
  }
  EXPECT_THAT(ErrorOf("{\"file\": [}"), HasSubstr("line 1, column 11"));
  EXPECT_THAT(ErrorOf("{\"file\": []}"), HasSubstr("has no file"));
}

TEST(SchemaImageTest, ErrorsQuoteTheBeginningOfALongTextAsWholeCharacters) {
  // Of three bytes each: neither 200 nor 300 bytes are whole characters.
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\u20ac";
  const std::string key = euros.substr(0, 198);
  EXPECT_THAT(ErrorOf(Replaced(kJsonImage, "deprecated", euros)),
              HasSubstr("options." + key + ": is not part of"));
  EXPECT_THAT(ErrorOf(Replaced(kJsonImage, "\"-7\"", "\"" + euros + "\"")),
              HasSubstr("counts[\"" + key + "\"]: the key has"));
  for (const std::string& text :
       {"{\"file\": [\"" + euros + "\" 1]}", "{\"file\": x" + euros,
        "{\"file\": \"" + euros + "\xff\"}", std::string("{\"\xe2\x82"),
        "file { name: \"" + euros + "\xff\" name: 1 }",
        "file { x" + std::string(2000, 'y') + ": 1 }"}) {
    const std::string error = ErrorOf(text);
    EXPECT_NE(error, "");
    EXPECT_LT(error.size(), 1500u);
    EXPECT_TRUE(IsUtf8(error)) << error;
  }
}

TEST(SchemaImageTest, NothingInTextIsLeftOut) {
  for (const auto& [what, by, error] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"[o.rule]", "[o.gone]", "a.binpb:45: "},
           {"keep_alive", "keep_alife", "no field named \"keep_alife\""},
           {"buf_extension", "features", "no field named \"features\""},
           {"raw: \"", "raw: 5 \"", "a.binpb:47: "}}) {
    EXPECT_THAT(ErrorOf(Replaced(kTextImage, what, by)), HasSubstr(error))
        << by;
  }
}

TEST(SchemaImageTest, DeprecatedFieldsInTextAreRead) {
  const auto image = ReadSchemaImage(
      "a.txtpb",
      "file { name: 'a.proto' syntax: 'proto3' message_type { name: 'A' }\n"
      "options { java_generate_equals_and_hash: true } }");
  ASSERT_TRUE(image.ok()) << image.status();
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(*image));
  // Field 20 is true.
  EXPECT_EQ(set.file(0).options().SerializeAsString(), "\xa0\x01\x01");
}

TEST(SchemaImageTest, EditionsInJsonNeedTheBinaryFormOnlyForFeatures) {
  const std::string edition =
      R"({"file": [{"name": "e.proto", "syntax": "editions",
          "edition": "EDITION_2023", "messageType": [{"name": "A",
          "field": [{"name": "x", "number": 1, "label": "LABEL_OPTIONAL",
                     "type": "TYPE_INT32"}]}]}]})";
  const auto image = ReadSchemaImage("e.json", edition);
  ASSERT_TRUE(image.ok()) << image.status();
  const auto merged = MergeDescriptors({{"e.json", *image}});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_TRUE(merged->files[0]->message_type(0)->field(0)->has_presence());
  EXPECT_THAT(
      ErrorOf(Replaced(edition, "\"edition\"",
                       "\"options\": {\"features\": {\"fieldPresence\": "
                       "\"IMPLICIT\"}}, \"edition\"")),
      AllOf(HasSubstr("file[0].options.features"), HasSubstr("binary form")));
}

TEST(SchemaImageTest, SizeAndDepthOfJsonAndTextAreBounded) {
  const std::string spaces(kMaxTextImageBytes, ' ');
  EXPECT_THAT(ErrorOf("{" + spaces), HasSubstr("more than 67108864 bytes"));
  EXPECT_THAT(ErrorOf("file" + spaces), HasSubstr("more than 67108864 bytes"));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{\"inner\":";
  deep += "{}" + std::string(200, '}');
  EXPECT_THAT(ErrorOf(Replaced(kJsonImage, "{\"big\": 1.0}", deep)),
              HasSubstr("is nested too deep"));
}

}  // namespace
}  // namespace sse_bridge
