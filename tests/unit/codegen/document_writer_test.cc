#include "bridge/codegen/document_writer.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace sse_bridge {
namespace {

using Json = nlohmann::ordered_json;

Json Sample() {
  return Json::parse(R"({
    "text": "a\nb\n", "word": "yes", "plain": "Two words", "number": "1",
    "list": ["a", "b"], "none": [], "empty": {}, "null": null, "int": 5,
    "objects": [{"a": {"b": true}}, {}], "quote\"d": 1.5})");
}

// Adds the members of `json`; every object at the top is begun and ended.
void AddInPieces(const Json& json, DocumentWriter* out) {
  for (const auto& [name, value] : json.items()) {
    if (!value.is_object()) {
      out->Add(name, value);
      continue;
    }
    out->Begin(name);
    AddInPieces(value, out);
    out->End();
  }
}

std::string InPieces(const Json& json, std::unique_ptr<DocumentWriter> out) {
  AddInPieces(json, out.get());
  return out->Finish();
}

Json Nested() {
  Json json;
  json["first"] = Sample();
  json["second"]["third"] = Sample();
  json["second"]["fourth"] = Json::object();
  json["last"] = Json::object();
  return json;
}

TEST(DocumentWriterTest, JsonInPiecesIsThatOfTheWhole) {
  for (const Json& json : {Json::object(), Sample(), Nested()}) {
    EXPECT_EQ(InPieces(json, NewJsonWriter()), json.dump(2) + "\n");
  }
}

TEST(DocumentWriterTest, YamlInPiecesIsThatOfTheWhole) {
  const Json json = Nested();
  const std::unique_ptr<DocumentWriter> whole = NewYamlWriter();
  for (const auto& [name, value] : json.items()) whole->Add(name, value);
  EXPECT_EQ(InPieces(json, NewYamlWriter()), whole->Finish());
}

TEST(DocumentWriterTest, YamlIsReadable) {
  EXPECT_EQ(InPieces(Sample(), NewYamlWriter()),
            "text: |\n"
            "  a\n"
            "  b\n"
            "\n"
            "word: \"yes\"\n"
            "plain: Two words\n"
            "number: \"1\"\n"
            "list: [a, b]\n"
            "none: []\n"
            "empty: {}\n"
            "\"null\": ~\n"
            "int: 5\n"
            "objects:\n"
            "  - a:\n"
            "      b: true\n"
            "  - {}\n"
            "quote\"d: 1.5\n");
}

TEST(DocumentWriterTest, BytesThatAreNotUtf8AreReplacedInJson) {
  const std::unique_ptr<DocumentWriter> out = NewJsonWriter();
  out->Add("a\xff", "b\xff");
  EXPECT_EQ(out->Finish(), "{\n  \"a\uFFFD\": \"b\uFFFD\"\n}\n");
}

TEST(DocumentWriterTest, CompactJsonIsTheSameWithoutSpaces) {
  for (const Json& json : {Sample(), Nested(), Json::object()}) {
    EXPECT_EQ(InPieces(json, NewJsonWriter(/*compact=*/true)),
              json.dump() + "\n");
  }
}

}  // namespace
}  // namespace sse_bridge
