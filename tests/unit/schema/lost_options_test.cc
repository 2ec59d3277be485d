#include "bridge/schema/lost_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

constexpr char kHead[] = "syntax = \"proto3\"; package t;\n";
constexpr char kSse[] = "import \"sse/v1/sse.proto\";\n";
constexpr char kHttp[] = "import \"google/api/annotations.proto\";\n";
constexpr char kValidate[] = "import \"buf/validate/validate.proto\";\n";
constexpr char kService[] =
    "service S { rpc M(Q) returns (Q); rpc N(Q) returns (Q); }\n";
constexpr char kRequest[] = "message Q { string id = 1; }\n";

FileDescriptorProto* FileOf(FileDescriptorSet* set, const std::string& name) {
  for (FileDescriptorProto& file : *set->mutable_file()) {
    if (file.name() == name) return &file;
  }
  ADD_FAILURE() << "no " << name;
  return nullptr;
}

std::shared_ptr<const Schema> Load(const FileDescriptorSet& set) {
  auto schema = Schema::Load({SourceOf(set)}, {.default_routes = true});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

std::shared_ptr<const Schema> Load(const ProtoFiles& files) {
  return Load(CompileProtos(files));
}

void ExpectNotServed(const Schema& schema, const std::string& file,
                     const std::string& why) {
  EXPECT_THAT(schema.methods(), IsEmpty());
  EXPECT_THAT(schema.routes(), IsEmpty());
  ASSERT_THAT(schema.unserved(), SizeIs(2));
  EXPECT_EQ(schema.unserved()[0].name, "t.S.M");
  const std::string text(schema.unserved()[0].why.message());
  EXPECT_THAT(text, AllOf(HasSubstr("t.S.M is not served"), HasSubstr(file),
                          HasSubstr(why), HasSubstr("options were lost")));
  EXPECT_EQ(schema.FindUnserved("GET", "/t.S/M")->name, "t.S.M");
  EXPECT_EQ(schema.FindUnserved("HEAD", "/t.S/N")->name, "t.S.N");
  EXPECT_EQ(schema.FindUnserved("GET", "/t.S/O"), nullptr);
  EXPECT_EQ(schema.FindUnserved("DELETE", "/t.S/M"), nullptr);
  EXPECT_THAT(schema.warnings(), SizeIs(2));
}

TEST(LostOptionsTest, AFileThatUsesNoneOfTheContractsItImportsIsNotServed) {
  for (const std::string& imports :
       {std::string(kSse), std::string(kHttp), std::string(kValidate),
        std::string(kSse) + kHttp + kValidate}) {
    ExpectNotServed(*Load({{"a.proto", std::string(kHead) + imports + kService +
                                           kRequest}}),
                    "a.proto imports", "does not use it");
  }
}

TEST(LostOptionsTest, TheOtherValidateProtoIsAContractToo) {
  const std::string validate =
      "syntax = \"proto3\"; package validate;\n"
      "import \"google/protobuf/descriptor.proto\";\n"
      "extend google.protobuf.FieldOptions { string rules = 1071; }\n";
  const std::string head =
      std::string(kHead) + "import \"validate/validate.proto\";\n" + kService;
  ExpectNotServed(*Load({{"validate/validate.proto", validate},
                         {"a.proto", head + kRequest}}),
                  "a.proto imports \"validate/validate.proto\"", "remove it");
  // An extension that this program does not know still counts as used.
  const auto used =
      Load({{"validate/validate.proto", validate},
            {"a.proto",
             head + "message Q { string id = 1 [(validate.rules) = 'x']; }"}});
  ASSERT_THAT(used->unserved(), SizeIs(2));
  EXPECT_THAT(std::string(used->unserved()[0].why.message()),
              AllOf(HasSubstr("validate.rules"), Not(HasSubstr("lost"))));
}

TEST(LostOptionsTest, OneUsedContractIsEnoughAndUnusedOnesAreReported) {
  const auto schema = Load(
      {{"a.proto", std::string(kHead) + kSse + kHttp + kValidate + kService +
                       "message Q { string id = 1 "
                       "[(buf.validate.field).string.min_len = 1]; }"}});
  EXPECT_THAT(schema->methods(), SizeIs(2));
  EXPECT_THAT(schema->warnings(),
              ElementsAre(HasSubstr("\"sse/v1/sse.proto\""),
                          HasSubstr("\"google/api/annotations.proto\"")));
}

TEST(LostOptionsTest, OptionsOfEachKindOfElementCount) {
  for (const std::string& body :
       {std::string("service S { option (sse.v1.json) = {}; rpc M(Q) returns "
                    "(Q); rpc N(Q) returns (Q); }") +
            kRequest,
        std::string("service S { rpc M(Q) returns (Q) { option "
                    "(sse.v1.access) = {}; } rpc N(Q) returns (Q); }") +
            kRequest,
        std::string(kService) + kRequest +
            "message A { sse.v1.Access access = 1; }"}) {
    EXPECT_THAT(
        Load({{"a.proto", std::string(kHead) + kSse + body}})->methods(),
        SizeIs(2))
        << body;
  }
}

TEST(LostOptionsTest, LostRulesOfAMessageFileBlockItsRequests) {
  const std::string service =
      std::string(kHead) + kHttp +
      "import \"types.proto\";\n"
      "service S { rpc M(Q) returns (R) { option (google.api.http).get = '/m'; "
      "} rpc N(R) returns (Q); }\n"
      "message Q { map<string, Deep> deep = 1; }\n"
      "message R { string text = 1; }\n";
  const std::string types = "message Deep { string id = 1; }";
  const auto schema =
      Load({{"a.proto", service},
            {"types.proto", std::string(kHead) + kValidate + types}});
  ASSERT_THAT(schema->unserved(), SizeIs(1));
  EXPECT_THAT(std::string(schema->unserved()[0].why.message()),
              HasSubstr("t.S.M is not served: types.proto imports"));
  EXPECT_EQ(schema->FindUnserved("GET", "/m")->name, "t.S.M");
  EXPECT_NE(schema->FindMethod("t.S.N"), nullptr) << "answers are not checked";
  // Options of other kinds of elements do not apply to messages.
  EXPECT_THAT(Load({{"a.proto", service},
                    {"types.proto", std::string(kHead) + kSse + types}})
                  ->unserved(),
              IsEmpty());
}

TEST(LostOptionsTest, PublicImportsCountForTheImporter) {
  const std::string wrapper = std::string(kHead) +
                              "import public \"sse/v1/sse.proto\";\n"
                              "message Money { int64 units = 1; }";
  const std::string head =
      std::string(kHead) + "import \"wrapper.proto\";\n" + kService;
  ExpectNotServed(
      *Load({{"wrapper.proto", wrapper}, {"a.proto", head + kRequest}}),
      "a.proto imports \"wrapper.proto\"", "does not use it");
  // The wrapper itself lost nothing, and is also imported for its own types.
  EXPECT_THAT(Load({{"wrapper.proto", wrapper},
                    {"a.proto", head + "message Q { Money money = 1; }"}})
                  ->methods(),
              SizeIs(2));
}

TEST(LostOptionsTest, EmptyOptionsWereLost) {
  const ProtoFiles files = {
      {"a.proto", std::string(kHead) + kService +
                      "message Q { oneof o { string id = 1; } Deep deep = 2; }"
                      "message Deep { string id = 1; }"}};
  EXPECT_THAT(Load(files)->methods(), SizeIs(2));
  FileDescriptorSet set = CompileProtos(files);
  FileOf(&set, "a.proto")->mutable_service(0)->mutable_options();
  ExpectNotServed(*Load(set), "a.proto", "t.S has empty options");

  set = CompileProtos(files);
  FileOf(&set, "a.proto")
      ->mutable_message_type(1)
      ->mutable_field(0)
      ->mutable_options();
  ExpectNotServed(*Load(set), "a.proto", "t.Deep.id has empty options");

  set = CompileProtos(files);
  FileOf(&set, "a.proto")->mutable_message_type(0)->mutable_options();
  ExpectNotServed(*Load(set), "a.proto", "t.Q has empty options");

  set = CompileProtos(files);
  FileOf(&set, "a.proto")
      ->mutable_message_type(0)
      ->mutable_oneof_decl(0)
      ->mutable_options();
  ExpectNotServed(*Load(set), "a.proto", "t.Q.o has empty options");
}

TEST(LostOptionsTest, EmptyBracesOfAMethodAreALossOnlyBesideAnUnusedContract) {
  const std::string service =
      "service S { rpc M(Q) returns (Q) {} rpc N(Q) returns (Q); "
      "rpc O(Q) returns (Q) { option (google.api.http).get = '/o'; } }\n";
  const auto schema =
      Load({{"a.proto", std::string(kHead) + kHttp + service + kRequest}});
  EXPECT_THAT(schema->methods(), SizeIs(3));
  const auto lost = Load(
      {{"a.proto", std::string(kHead) + kHttp + kSse + service + kRequest}});
  EXPECT_EQ(lost->FindMethod("t.S.M"), nullptr);
  EXPECT_THAT(lost->methods(), SizeIs(2));
}

// Node's reflection service empties the options and leaves out the import.
TEST(LostOptionsTest, EmptyOptionsOfAReflectedMethodWereLost) {
  const auto set = CompileProtos(
      {{"a.proto", std::string(kHead) +
                       "service S { rpc M(Q) returns (Q) {} rpc N(Q) returns "
                       "(Q); }\n" +
                       kRequest}});
  LoadOptions options;
  options.default_routes = true;
  for (const bool reflected : {false, true}) {
    SchemaSource source{"a", set.SerializeAsString()};
    source.lenient = reflected;
    const auto schema = Schema::Load({source}, options);
    ASSERT_TRUE(schema.ok()) << schema.status();
    EXPECT_EQ((*schema)->FindMethod("t.S.M") == nullptr, reflected);
    EXPECT_NE((*schema)->FindMethod("t.S.N"), nullptr);
  }
}

TEST(LostOptionsTest, OptionsRemovedByTheBridgeAreNotLost) {
  // Another extension with the number of sse.v1.access.
  FileDescriptorSet set = CompileProtos(
      {{"a.proto",
        std::string(kHead) +
            "import \"google/protobuf/descriptor.proto\";\n"
            "extend google.protobuf.MethodOptions { string mine = 50502; }" +
            kService + kRequest}});
  FileOf(&set, "a.proto")
      ->mutable_service(0)
      ->mutable_method(0)
      ->mutable_options()
      ->mutable_unknown_fields()
      ->AddLengthDelimited(50502, "x");
  EXPECT_THAT(Load(set)->methods(), SizeIs(2));
}

}  // namespace
}  // namespace sse_bridge
