// What documents say of a method.

#include "bridge/schema/method_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/schema/method.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The texts of the method that `body`, in a service, defines.
MethodTexts Texts(const std::string& method) {
  const auto schema =
      LoadTestProto(absl::StrCat("import \"openapiv3/annotations.proto\";\n"
                                 "message A {}\nservice S {\n",
                                 method, "\n}"));
  EXPECT_TRUE(schema.ok()) << schema.status();
  if (!schema.ok()) return {};
  EXPECT_EQ((*schema)->methods().size(), 1u);
  return (*schema)->methods()[0]->texts;
}

constexpr char kRoute[] = "option (google.api.http).get = \"/a\";";

TEST(MethodTextsTest, TheOptionSetsThem) {
  const MethodTexts texts =
      Texts(absl::StrCat("// Words.\nrpc Get(A) returns (A) {", kRoute, R"(
        option (openapi.v3.operation) = {
          summary: "Get an A"
          description: "Returns it."
          tags: ["a", "b"]
          operation_id: "getA"
          deprecated: true
          external_docs: { url: "https://example.com/a" description: "More" }
        };
      })"));
  EXPECT_EQ(texts.summary, "Get an A");
  EXPECT_EQ(texts.description, "Returns it.");
  EXPECT_THAT(texts.tags, ElementsAre("a", "b"));
  EXPECT_EQ(texts.operation_id, "getA");
  EXPECT_TRUE(texts.deprecated);
  EXPECT_EQ(texts.docs_url, "https://example.com/a");
  EXPECT_EQ(texts.docs_description, "More");
}

TEST(MethodTextsTest, NameAndCommentStandInForWhatItDoesNotSet) {
  const MethodTexts texts = Texts(
      absl::StrCat("//  Returns\n// it.\n//\n//  - now\n//\n"
                   "rpc GetOne(A) returns (A) {",
                   kRoute, "option (openapi.v3.operation).tags = \"a\"; }"));
  EXPECT_EQ(texts.summary, "Get one");
  EXPECT_EQ(texts.description, "Returns\nit.\n\n- now");
  EXPECT_THAT(texts.tags, ElementsAre("a"));
  EXPECT_EQ(texts.operation_id, "");
  EXPECT_FALSE(texts.deprecated);
}

TEST(MethodTextsTest, WithoutOptionAndCommentThereIsTheName) {
  const MethodTexts texts = Texts(absl::StrCat(
      "rpc Get(A) returns (A) {", kRoute, "option deprecated = true; }"));
  EXPECT_EQ(texts.summary, "Get");
  EXPECT_EQ(texts.description, "");
  EXPECT_THAT(texts.tags, IsEmpty());
  EXPECT_TRUE(texts.deprecated);
}

TEST(MethodTextsTest, NamesBecomeWords) {
  for (const auto& [name, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"StreamPriceUpdates", "Stream price updates"},
           {"GetURL", "Get URL"},
           {"GetURLOfPage", "Get URL of page"},
           {"ListV2", "List v2"},
           {"get_one", "get one"},
           {"X", "X"}}) {
    EXPECT_EQ(
        Texts(absl::StrCat("rpc ", name, "(A) returns (A) {", kRoute, "}"))
            .summary,
        words);
  }
}

// Another extension with the number of gnostic's is none of its options.
TEST(MethodTextsTest, AnotherOptionWithTheSameNumberIsIgnored) {
  auto set = CompileProtos(
      {{"test.proto",
        TestProto(absl::StrCat(
            "import \"google/protobuf/descriptor.proto\";\nmessage A {}\n"
            "service S { rpc Get(A) returns (A) {",
            kRoute, "} }"))}});
  for (auto& file : *set.mutable_file()) {
    if (file.name() != "test.proto") continue;
    auto* extension = file.add_extension();
    extension->set_name("mine");
    extension->set_extendee(".google.protobuf.MethodOptions");
    extension->set_number(1143);
    extension->set_type(google::protobuf::FieldDescriptorProto::TYPE_BYTES);
    extension->set_label(
        google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    auto* options =
        file.mutable_service(0)->mutable_method(0)->mutable_options();
    options->mutable_unknown_fields()->AddLengthDelimited(1143, "\x12\x01x");
  }
  const auto schema = Schema::Load({SourceOf(set)});
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_EQ((*schema)->methods().size(), 1u);
  EXPECT_EQ((*schema)->methods()[0]->texts.summary, "Get");
}

}  // namespace
}  // namespace sse_bridge
