#include "bridge/schema/editions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "bridge/schema/field_features.h"
#include "google/protobuf/dynamic_message.h"
#include "tests/unit/schema/editions_testing.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FieldDescriptorProto;
using ::google::protobuf::FileDescriptor;
using ::google::protobuf::FileDescriptorProto;
using ::google::protobuf::FileDescriptorSet;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kBody[] = R"(
package t;
message M {
  int32 number = 1;
  M inner = 2;
  repeated int32 numbers = 3;
  E kind = 4;
  repeated E kinds = 5;
  string text = 6;
  map<string, M> by_name = 7;
  oneof pick { int32 one = 8; string two = 9; }
  repeated M list = 10;
}
enum E { ZERO = 0; ONE = 1; }
)";

// One file in an edition, a.proto, that each test changes before it is loaded.
class EditionsTest : public ::testing::Test {
 protected:
  EditionsTest() : EditionsTest({{"a.proto", kBody}}) {}
  explicit EditionsTest(ProtoFiles files) {
    for (auto& [name, text] : files) {
      if (text.find("syntax") == std::string::npos) {
        text = "syntax = \"proto3\";" + text;
      }
    }
    set_ = CompileProtos(files);
    file_ = File("a.proto");
    MakeEdition(kEdition2023, file_);
  }

  FileDescriptorProto* File(const std::string& name) {
    for (FileDescriptorProto& file : *set_.mutable_file()) {
      if (file.name() == name) return &file;
    }
    return nullptr;
  }

  void FileFeatures(const std::vector<Feature>& features) {
    SetFeatures(feature_numbers::kFileOptions, features,
                file_->mutable_options());
  }
  void MessageFeatures(const std::vector<Feature>& features) {
    SetFeatures(feature_numbers::kMessageOptions, features,
                file_->mutable_message_type(0)->mutable_options());
  }
  void EnumFeatures(const std::vector<Feature>& features) {
    SetFeatures(feature_numbers::kEnumOptions, features,
                file_->mutable_enum_type(0)->mutable_options());
  }
  void FieldFeatures(const std::string& field,
                     const std::vector<Feature>& features) {
    SetFeatures(feature_numbers::kFieldOptions, features,
                FieldIn(file_, "M", field)->mutable_options());
  }

  void Load() {
    auto merged = MergeDescriptors({SourceOf(set_)});
    if (!merged.ok()) throw std::runtime_error(merged.status().ToString());
    pool_ = std::move(merged->pool);
  }
  std::string Error() {
    const auto merged = MergeDescriptors({SourceOf(set_)});
    return merged.ok() ? "" : std::string(merged.status().message());
  }

  const FieldDescriptor* Field(const std::string& name,
                               const std::string& message = "t.M") const {
    return pool_->FindMessageTypeByName(message)->FindFieldByName(name);
  }
  bool IsProto3() const {
    return pool_->FindFileByName("a.proto")->syntax() ==
           FileDescriptor::SYNTAX_PROTO3;
  }

  FileDescriptorSet set_;
  FileDescriptorProto* file_;
  std::unique_ptr<DescriptorPool> pool_;
};

TEST_F(EditionsTest, DefaultsNeedNoMarksInProto3) {
  Load();
  EXPECT_TRUE(IsProto3());
  EXPECT_TRUE(HasPresence(Field("number")));
  EXPECT_TRUE(HasPresence(Field("kind")));
  EXPECT_TRUE(HasPresence(Field("inner")));
  EXPECT_TRUE(HasPresence(Field("one")));
  EXPECT_FALSE(HasPresence(Field("numbers")));
  EXPECT_FALSE(HasClosedEnum(Field("kind")));
  EXPECT_FALSE(IsClosedEnum(Field("kind")->enum_type()));
  EXPECT_TRUE(Field("numbers")->is_packed());
  EXPECT_EQ(Field("inner")->type(), FieldDescriptor::TYPE_MESSAGE);
  EXPECT_EQ(Field("number")->real_containing_oneof(), nullptr);
  EXPECT_NE(Field("one")->real_containing_oneof(), nullptr);
  EXPECT_EQ(pool_->FindMessageTypeByName("t.M")->real_oneof_decl_count(), 1);
}

TEST_F(EditionsTest, FilesWithoutEditionAreNotChanged) {
  const FileDescriptorSet before = CompileProtos(
      {{"p.proto", "syntax = \"proto3\"; message A { int32 a = 1; }"}});
  FileDescriptorSet after = before;
  EXPECT_TRUE(LowerEditions({after.mutable_file(0)}).empty());
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
}

TEST_F(EditionsTest, FieldOverridesMessageOverridesFile) {
  FileFeatures({Feature::kImplicit});
  FieldFeatures("text", {Feature::kExplicit});
  Load();
  EXPECT_TRUE(IsProto3());
  EXPECT_FALSE(HasPresence(Field("number")));
  EXPECT_TRUE(HasPresence(Field("text")));
  EXPECT_TRUE(HasPresence(Field("inner")));
  EXPECT_TRUE(HasPresence(Field("one")));
}

TEST_F(EditionsTest, MessageOverridesFile) {
  FileFeatures({Feature::kImplicit, Feature::kExpanded});
  MessageFeatures({Feature::kExplicit});
  Load();
  EXPECT_TRUE(HasPresence(Field("number")));
  EXPECT_FALSE(Field("numbers")->is_packed());
  EXPECT_FALSE(Field("kinds")->is_packed());
}

TEST_F(EditionsTest, NestedTypesInheritFromTheirMessage) {
  google::protobuf::DescriptorProto* nested =
      file_->mutable_message_type(0)->add_nested_type();
  nested->set_name("N");
  *nested->add_field() = *FieldIn(file_, "M", "number");
  *nested->add_field() = *FieldIn(file_, "M", "numbers");
  google::protobuf::EnumDescriptorProto* kind =
      file_->mutable_message_type(0)->add_enum_type();
  *kind = file_->enum_type(0);
  for (auto& value : *kind->mutable_value()) value.set_name("N" + value.name());
  MessageFeatures({Feature::kImplicit, Feature::kExpanded, Feature::kClosed});
  Load();
  EXPECT_FALSE(IsProto3());
  EXPECT_FALSE(HasPresence(Field("number", "t.M.N")));
  EXPECT_FALSE(Field("numbers", "t.M.N")->is_packed());
  EXPECT_TRUE(IsClosedEnum(pool_->FindEnumTypeByName("t.M.E")));
  EXPECT_FALSE(IsClosedEnum(pool_->FindEnumTypeByName("t.E")));
}

TEST_F(EditionsTest, FieldsOfAOneofInheritFromIt) {
  google::protobuf::OneofDescriptorProto* oneof =
      file_->mutable_message_type(0)->mutable_oneof_decl(0);
  FieldDescriptorProto* two = FieldIn(file_, "M", "two");
  two->set_type(FieldDescriptorProto::TYPE_MESSAGE);
  two->set_type_name(".t.M");
  SetFeatures(feature_numbers::kOneofOptions, {Feature::kDelimited},
              oneof->mutable_options());
  Load();
  EXPECT_EQ(Field("two")->type(), FieldDescriptor::TYPE_GROUP);
  EXPECT_EQ(Field("inner")->type(), FieldDescriptor::TYPE_MESSAGE);
}

TEST_F(EditionsTest, ClosedEnumMakesProto2AndOthersKeepTheirMeaning) {
  *file_->add_enum_type() = file_->enum_type(0);
  file_->mutable_enum_type(1)->set_name("Open");
  for (auto& value : *file_->mutable_enum_type(1)->mutable_value()) {
    value.set_name("O" + value.name());
  }
  FieldIn(file_, "M", "kinds")->set_type_name(".t.Open");
  FileFeatures({Feature::kImplicit});
  FieldFeatures("kind", {Feature::kExplicit});
  EnumFeatures({Feature::kClosed});
  Load();
  EXPECT_FALSE(IsProto3());
  EXPECT_TRUE(WasLoweredToProto2(pool_->FindFileByName("a.proto")));
  EXPECT_TRUE(IsClosedEnum(Field("kind")->enum_type()));
  EXPECT_TRUE(HasClosedEnum(Field("kind")));
  EXPECT_FALSE(HasClosedEnum(Field("kinds")));
  EXPECT_FALSE(IsClosedEnum(Field("kinds")->enum_type()));
  EXPECT_FALSE(HasPresence(Field("number")));
  EXPECT_TRUE(HasPresence(Field("kind")));
  EXPECT_TRUE(HasPresence(Field("inner")));
  EXPECT_TRUE(HasPresence(Field("one")));
  EXPECT_TRUE(Field("numbers")->is_packed());
}

TEST_F(EditionsTest, RequiredDelimitedAndDefaultsBecomeProto2s) {
  FieldFeatures("number", {Feature::kRequired});
  FieldFeatures("inner", {Feature::kDelimited});
  FieldFeatures("numbers", {Feature::kExpanded});
  FieldIn(file_, "M", "text")->set_default_value("unset");
  Load();
  EXPECT_TRUE(Field("number")->is_required());
  EXPECT_EQ(Field("inner")->type(), FieldDescriptor::TYPE_GROUP);
  EXPECT_FALSE(Field("numbers")->is_packed());
  EXPECT_TRUE(Field("kinds")->is_packed());
  EXPECT_EQ(Field("text")->default_value_string(), "unset");
  EXPECT_EQ(Field("list")->type(), FieldDescriptor::TYPE_MESSAGE);
}

TEST_F(EditionsTest, MapsAreNeverDelimited) {
  FileFeatures({Feature::kDelimited, Feature::kImplicit});
  Load();
  EXPECT_EQ(Field("inner")->type(), FieldDescriptor::TYPE_GROUP);
  EXPECT_EQ(Field("list")->type(), FieldDescriptor::TYPE_GROUP);
  EXPECT_EQ(Field("by_name")->type(), FieldDescriptor::TYPE_MESSAGE);
  ASSERT_TRUE(Field("by_name")->is_map());
  EXPECT_EQ(Field("by_name")->message_type()->map_value()->type(),
            FieldDescriptor::TYPE_MESSAGE);
}

TEST_F(EditionsTest, SyntheticOneofsGetNamesThatAreFree) {
  file_->mutable_message_type(0)->add_nested_type()->set_name("_number");
  Load();
  EXPECT_TRUE(IsProto3());
  EXPECT_TRUE(HasPresence(Field("number")));
  EXPECT_EQ(Field("number")->containing_oneof()->name(), "X_number");
}

TEST_F(EditionsTest, FieldsThatDifferInUnderscoresMayHaveJsonNames) {
  FieldIn(file_, "M", "text")->set_name("_number");
  FieldIn(file_, "M", "_number")->set_json_name("x");
  Load();
  EXPECT_FALSE(IsProto3());
  EXPECT_EQ(Field("_number")->json_name(), "x");
  EXPECT_FALSE(HasClosedEnum(Field("kind")));
}

TEST_F(EditionsTest, ExtensionsHavePresenceWhateverTheFileSays) {
  FileFeatures({Feature::kImplicit, Feature::kExpanded});
  auto* range = file_->mutable_message_type(0)->add_extension_range();
  range->set_start(100);
  range->set_end(200);
  FieldDescriptorProto* one = file_->add_extension();
  one->set_name("one");
  one->set_number(100);
  one->set_type(FieldDescriptorProto::TYPE_INT32);
  one->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  one->set_extendee(".t.M");
  FieldDescriptorProto* many = file_->mutable_message_type(0)->add_extension();
  *many = *one;
  many->set_name("many");
  many->set_number(101);
  many->set_label(FieldDescriptorProto::LABEL_REPEATED);
  MessageFeatures({Feature::kPacked});
  Load();
  EXPECT_TRUE(HasPresence(pool_->FindExtensionByName("t.one")));
  EXPECT_TRUE(pool_->FindExtensionByName("t.M.many")->is_packed());
  EXPECT_FALSE(HasPresence(Field("number")));
}

TEST_F(EditionsTest, FeaturesAloneDoNotLookLikeLostOptions) {
  FieldFeatures("number", {Feature::kExplicit});
  MessageFeatures({Feature::kExplicit});
  Load();
  EXPECT_EQ(&Field("number")->options(),
            &google::protobuf::FieldOptions::default_instance());
  EXPECT_EQ(&Field("number")->containing_type()->options(),
            &google::protobuf::MessageOptions::default_instance());
}

TEST_F(EditionsTest, Edition2024IsReadWithItsAdditions) {
  file_->mutable_unknown_fields()->Clear();
  MakeEdition(kEdition2024, file_);
  // `export`, `local`, and `import option` of a file that is missing, and of
  // one that is linked into this program.
  file_->mutable_message_type(0)->mutable_unknown_fields()->AddVarint(11, 1);
  file_->mutable_enum_type(0)->mutable_unknown_fields()->AddVarint(6, 2);
  *file_->mutable_unknown_fields()->AddLengthDelimited(15) = "gone.proto";
  *file_->mutable_unknown_fields()->AddLengthDelimited(15) = "sse/v1/sse.proto";
  Load();
  EXPECT_TRUE(HasPresence(Field("number")));
  const FileDescriptor* file = pool_->FindFileByName("a.proto");
  ASSERT_EQ(file->dependency_count(), 1);
  EXPECT_EQ(file->dependency(0)->name(), "sse/v1/sse.proto");
}

TEST_F(EditionsTest, UnknownEditionIsRefusedByFileName) {
  file_->mutable_unknown_fields()->Clear();
  MakeEdition(1002, file_);
  EXPECT_THAT(Error(), AllOf(HasSubstr("a.proto: edition 1002"),
                             HasSubstr("not supported")));
  file_->mutable_unknown_fields()->Clear();
  EXPECT_THAT(Error(), HasSubstr("a.proto: syntax \"editions\" without"));
}

TEST_F(EditionsTest, UnknownFeatureIsRefusedByFileLineAndElement) {
  google::protobuf::UnknownFieldSet features;
  features.AddVarint(77, 1);
  features.SerializeToString(FieldIn(file_, "M", "text")
                                 ->mutable_options()
                                 ->mutable_unknown_fields()
                                 ->AddLengthDelimited(21));
  EXPECT_THAT(Error(),
              AllOf(HasSubstr("a.proto:9: text: "), HasSubstr("feature 77")));
}

TEST_F(EditionsTest, IsSetIgnoresDefaultsWithoutPresence) {
  FileFeatures({Feature::kImplicit});
  FieldFeatures("text", {Feature::kExplicit});
  FieldFeatures("inner", {Feature::kDelimited});
  Load();
  ASSERT_FALSE(IsProto3());
  google::protobuf::DynamicMessageFactory factory(pool_.get());
  std::unique_ptr<google::protobuf::Message> message(
      factory.GetPrototype(pool_->FindMessageTypeByName("t.M"))->New());
  const auto* reflection = message->GetReflection();
  EXPECT_FALSE(IsSet(*message, Field("number")));
  reflection->SetInt32(message.get(), Field("number"), 0);
  EXPECT_FALSE(IsSet(*message, Field("number")));
  reflection->SetInt32(message.get(), Field("number"), 1);
  EXPECT_TRUE(IsSet(*message, Field("number")));
  reflection->SetString(message.get(), Field("text"), "");
  EXPECT_TRUE(IsSet(*message, Field("text")));
  EXPECT_FALSE(IsSet(*message, Field("list")));
}

class MixedFilesTest : public EditionsTest {
 protected:
  MixedFilesTest()
      : EditionsTest({
            {"a.proto", kBody},
            {"user.proto", R"(syntax = "proto3"; package u;
                import "a.proto";
                message U {
                  t.E kind = 1; optional int32 maybe = 2; int32 plain = 3;
                  repeated int32 numbers = 4;
                  oneof pick { int32 one = 5; }
                })"},
            {"other.proto", R"(syntax = "proto3"; package o;
                message O { int32 plain = 1; })"},
        }) {}
};

TEST_F(MixedFilesTest, Proto3FilesMayUseOpenEnumsOfAnEdition) {
  Load();
  EXPECT_EQ(pool_->FindFileByName("user.proto")->syntax(),
            FileDescriptor::SYNTAX_PROTO3);
}

TEST_F(MixedFilesTest, Proto3UsersOfAFileThatBecomesProto2KeepTheirMeaning) {
  FieldFeatures("inner", {Feature::kDelimited});
  Load();
  EXPECT_FALSE(IsProto3());
  EXPECT_EQ(pool_->FindFileByName("user.proto")->syntax(),
            FileDescriptor::SYNTAX_PROTO2);
  EXPECT_EQ(pool_->FindFileByName("other.proto")->syntax(),
            FileDescriptor::SYNTAX_PROTO3);
  EXPECT_FALSE(HasPresence(Field("kind", "u.U")));
  EXPECT_FALSE(HasClosedEnum(Field("kind", "u.U")));
  EXPECT_TRUE(HasPresence(Field("maybe", "u.U")));
  EXPECT_FALSE(HasPresence(Field("plain", "u.U")));
  EXPECT_TRUE(HasPresence(Field("one", "u.U")));
  EXPECT_TRUE(Field("numbers", "u.U")->is_packed());
  EXPECT_EQ(Field("maybe", "u.U")->containing_oneof(), nullptr);
  EXPECT_NE(Field("one", "u.U")->containing_oneof(), nullptr);
}

class ClosedUserTest : public EditionsTest {
 protected:
  ClosedUserTest()
      : EditionsTest({
            {"a.proto", R"(syntax = "proto2"; import "old.proto"; package t;
                message M {
                  optional old.Kind kind = 1; optional int32 plain = 2;
                })"},
            {"old.proto", R"(syntax = "proto2"; package old;
                enum Kind { FIRST = 1; })"},
        }) {}
};

TEST_F(ClosedUserTest, FileThatUsesAProto2EnumBecomesProto2) {
  FieldFeatures("plain", {Feature::kImplicit});
  Load();
  EXPECT_FALSE(IsProto3());
  EXPECT_TRUE(HasClosedEnum(Field("kind")));
  EXPECT_TRUE(HasPresence(Field("kind")));
  EXPECT_FALSE(HasPresence(Field("plain")));
}

}  // namespace
}  // namespace sse_bridge
