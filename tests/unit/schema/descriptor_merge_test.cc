#include "bridge/schema/descriptor_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridge/schema/schema_image.h"
#include "google/api/annotations.pb.h"
#include "sse/v1/sse.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FileDescriptorProto;
using ::google::protobuf::FileDescriptorSet;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(const std::vector<SchemaSource>& sources) {
  const auto merged = MergeDescriptors(sources);
  EXPECT_EQ(
      merged.ok() ? absl::StatusCode::kInvalidArgument : merged.status().code(),
      absl::StatusCode::kInvalidArgument);
  return merged.ok() ? "" : std::string(merged.status().message());
}

FileDescriptorProto* FileOf(FileDescriptorSet* set, const std::string& name) {
  for (FileDescriptorProto& file : *set->mutable_file()) {
    if (file.name() == name) return &file;
  }
  return nullptr;
}

TEST(DescriptorMergeTest, NoSourceIsRefused) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("no descriptor set"));
}

TEST(DescriptorMergeTest, InvalidDescriptorSetNamesTheSource) {
  EXPECT_THAT(ErrorOf({{"x.binpb", "\xff\xff"}}),
              AllOf(HasSubstr("x.binpb"), HasSubstr("not a descriptor set")));
  EXPECT_THAT(ErrorOf({{"x.binpb", ""}}), HasSubstr("has no file"));
}

TEST(DescriptorMergeTest, BytesOfAllSourcesTogetherAreBounded) {
  const SchemaSource most = {"most", std::string(kMaxSetBytes, '\xff')};
  EXPECT_THAT(ErrorOf({most}), HasSubstr("not a descriptor set"));
  const SchemaSource more = {"more", std::string(kMaxSetBytes + 1, '\xff')};
  EXPECT_THAT(ErrorOf({more}), HasSubstr("more: descriptor sets of more than"));
}

TEST(DescriptorMergeTest, FileOfABufImageIsTheSameAsThatOfASet) {
  const ProtoFiles files = {
      {"a.proto", "syntax = \"proto3\"; message A { int32 field = 1; }"}};
  FileDescriptorSet image = CompileProtos(files);
  FileOf(&image, "a.proto")
      ->mutable_unknown_fields()
      ->AddLengthDelimited(8042, "buf's");
  for (const bool first : {true, false}) {
    const SchemaSource one = SourceOf(image, "image");
    const SchemaSource two =
        SourceOf(CompileProtos(files, {.source_info = false}), "set");
    const auto merged =
        MergeDescriptors(first ? std::vector<SchemaSource>{one, two}
                               : std::vector<SchemaSource>{two, one});
    ASSERT_TRUE(merged.ok()) << merged.status();
  }
  FileOf(&image, "a.proto")->mutable_unknown_fields()->AddVarint(14, 1000);
  EXPECT_THAT(ErrorOf({SourceOf(image, "image"),
                       SourceOf(CompileProtos(files), "set")}),
              HasSubstr("differs between"))
      << "an edition matters";
}

TEST(DescriptorMergeTest, SameFileInTwoSourcesCountsOnce) {
  const ProtoFiles files = {
      {"a.proto", "syntax = \"proto3\"; message A { int32 some_field = 1; }"}};
  FileDescriptorSet bare = CompileProtos(files, {.source_info = false});
  FileOf(&bare, "a.proto")
      ->mutable_message_type(0)
      ->mutable_field(0)
      ->clear_json_name();
  const auto merged = MergeDescriptors(
      {SourceOf(bare, "one"), SourceOf(CompileProtos(files), "two")});
  ASSERT_TRUE(merged.ok()) << merged.status();
  ASSERT_EQ(merged->files.size(), 1);
  google::protobuf::SourceLocation location;
  EXPECT_TRUE(merged->files[0]->message_type(0)->GetSourceLocation(&location))
      << "the copy with lines is kept";
}

TEST(DescriptorMergeTest, FileThatDiffersNamesBothSources) {
  const auto set = [](const std::string& type) {
    return CompileProtos(
        {{"a.proto", "syntax = \"proto3\"; message " + type + " {}"}});
  };
  EXPECT_THAT(ErrorOf({SourceOf(set("A"), "one.binpb"),
                       SourceOf(set("B"), "two.binpb")}),
              AllOf(HasSubstr("a.proto"), HasSubstr("one.binpb"),
                    HasSubstr("two.binpb")));
}

TEST(DescriptorMergeTest, MissingImportNamesFileLineAndImport) {
  FileDescriptorSet set =
      CompileProtos({{"dir/b.proto",
                      "syntax = \"proto3\";\n\nimport \"c.proto\";\n"
                      "message B { C c = 1; }"},
                     {"c.proto", "syntax = \"proto3\"; message C {}"}});
  FileDescriptorSet only_b;
  *only_b.add_file() = *FileOf(&set, "dir/b.proto");
  EXPECT_THAT(ErrorOf({SourceOf(only_b, "b.binpb")}),
              AllOf(HasSubstr("dir/b.proto:3"), HasSubstr("\"c.proto\""),
                    HasSubstr("b.binpb")));
}

TEST(DescriptorMergeTest, ContractsThatNoSourceHasAreFilledIn) {
  const FileDescriptorSet set =
      CompileProtos({{"test.proto", TestProto("message A { "
                                              "google.protobuf.Timestamp t = "
                                              "1; }")}},
                    {.include_imports = false});
  ASSERT_EQ(set.file_size(), 1);
  const auto merged = MergeDescriptors({SourceOf(set)});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->files.size(), 1);
}

TEST(DescriptorMergeTest, ErrorDetailTypesAreAlwaysPresent) {
  const auto merged = MergeDescriptors(
      {SourceOf(CompileProtos({{"a.proto", "syntax = \"proto3\";"}}))});
  ASSERT_TRUE(merged.ok()) << merged.status();
  for (const char* type :
       {"google.rpc.BadRequest", "google.rpc.Status", "google.api.HttpBody",
        "google.protobuf.Any", "google.protobuf.StringValue",
        "google.protobuf.Struct", "google.protobuf.FieldMask",
        "google.protobuf.Empty", "google.protobuf.Duration"}) {
    EXPECT_NE(merged->pool->FindMessageTypeByName(type), nullptr) << type;
  }
}

TEST(DescriptorMergeTest, OwnCopyOfAContractUnderAnotherNameIsKept) {
  const auto merged = MergeDescriptors(
      {SourceOf(CompileProtos({{"vendor/status.proto",
                                "syntax = \"proto3\"; package google.rpc; "
                                "message Status { int32 code = 1; }"}}))});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(
      merged->pool->FindMessageTypeByName("google.rpc.Status")->file()->name(),
      "vendor/status.proto");
}

TEST(DescriptorMergeTest, LargerCopyOfAContractWins) {
  FileDescriptorSet small = CompileProtos(
      {{"test.proto", TestProto("message A { sse.v1.Stream stream = 1; }")}});
  FileDescriptorSet large = small;
  auto* field =
      FileOf(&large, "sse/v1/sse.proto")->mutable_message_type(0)->add_field();
  field->set_name("newer");
  field->set_number(900);
  field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  for (const auto& sources : {std::vector{SourceOf(small), SourceOf(large)},
                              std::vector{SourceOf(large), SourceOf(small)}}) {
    const auto merged = MergeDescriptors(sources);
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_NE(merged->pool->FindFieldByName("sse.v1.Stream.newer"), nullptr);
  }
}

TEST(DescriptorMergeTest, CircularImportsAreReported) {
  FileDescriptorSet set;
  for (const auto& [name, import] :
       {std::pair("a.proto", "b.proto"), std::pair("b.proto", "a.proto")}) {
    FileDescriptorProto* file = set.add_file();
    file->set_name(name);
    file->add_dependency(import);
  }
  EXPECT_THAT(ErrorOf({SourceOf(set)}),
              HasSubstr("a.proto -> b.proto -> a.proto"));
}

TEST(DescriptorMergeTest, LongChainOfImportsDoesNotOverflowTheStack) {
  FileDescriptorSet set;
  constexpr int kFiles = 20000;
  for (int i = 0; i < kFiles; ++i) {
    FileDescriptorProto* file = set.add_file();
    file->set_name(std::to_string(i));
    if (i + 1 < kFiles) file->add_dependency(std::to_string(i + 1));
  }
  EXPECT_TRUE(MergeDescriptors({SourceOf(set)}).ok());
}

TEST(DescriptorMergeTest, ErrorsOfTypesHaveFileLineAndElement) {
  FileDescriptorSet set =
      CompileProtos({{"a.proto",
                      "syntax = \"proto3\";\n\nmessage A {\n  B b = 1;\n}\n"
                      "message B {}\n"}});
  set.mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_type_name(
      ".Gone");
  EXPECT_THAT(ErrorOf({SourceOf(set)}),
              AllOf(HasSubstr("a.proto:4: A.b: "), HasSubstr("Gone")));
}

TEST(DescriptorMergeTest, TooManyRangesAreRefused) {
  for (const int count : {2000, 2001}) {
    FileDescriptorSet set;
    FileDescriptorProto* file = set.add_file();
    file->set_name("a.proto");
    auto* type = file->add_message_type();
    type->set_name("A");
    for (int i = 0; i < count; ++i) {
      auto* range = type->add_reserved_range();
      range->set_start(2 * i + 1);
      range->set_end(2 * i + 2);
    }
    EXPECT_EQ(MergeDescriptors({SourceOf(set)}).ok(), count == 2000) << count;
  }
}

TEST(DescriptorMergeTest, TypesNestedWithoutEndAreRefused) {
  // 150 levels, encoded by hand: nested_type is field 3.
  std::string bytes = "\x0a\x01N";
  const auto wrap = [](char tag, const std::string& inner) {
    std::string out(1, tag);
    size_t n = inner.size();
    for (; n >= 0x80; n >>= 7) out.push_back(static_cast<char>(n | 0x80));
    out.push_back(static_cast<char>(n));
    return out + inner;
  };
  for (int i = 0; i < 150; ++i) bytes = "\x0a\x01N" + wrap(0x1a, bytes);
  bytes = wrap(0x0a, "\x0a\x01f" + wrap(0x22, bytes));
  EXPECT_THAT(ErrorOf({{"deep", bytes}}), HasSubstr("not a descriptor set"));
}

TEST(DescriptorMergeTest, OptionsArriveAsGeneratedExtensions) {
  const auto merged = MergeDescriptors({SourceOf(CompileProtos(
      {{"test.proto", TestProto("service S { rpc M(A) returns (stream A) {\n"
                                "  option (google.api.http).get = \"/m\";\n"
                                "  option (sse.v1.stream).event = \"e\"; } }\n"
                                "message A {}")}}))});
  ASSERT_TRUE(merged.ok()) << merged.status();
  const auto& options = merged->pool->FindMethodByName("test.S.M")->options();
  EXPECT_EQ(options.GetExtension(google::api::http).get(), "/m");
  EXPECT_EQ(options.GetExtension(sse::v1::stream).event(), "e");
}

TEST(DescriptorMergeTest, ForeignExtensionOfTheSameNumberIsNotMisread) {
  // 50501 is sse.v1.stream; others may also use numbers from 50000.
  FileDescriptorSet set = CompileProtos(
      {{"a.proto",
        "syntax = \"proto3\"; package a;\n"
        "import \"google/protobuf/descriptor.proto\";\n"
        "extend google.protobuf.MethodOptions { string owner = 50501; }\n"
        "message A {}\n"
        "service S { rpc M(A) returns (A) { option deprecated = true; } }"}});
  auto* options = FileOf(&set, "a.proto")
                      ->mutable_service(0)
                      ->mutable_method(0)
                      ->mutable_options();
  options->GetReflection()->MutableUnknownFields(options)->AddLengthDelimited(
      50501, "me");
  const auto merged = MergeDescriptors({SourceOf(set)});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_FALSE(merged->pool->FindMethodByName("a.S.M")->options().HasExtension(
      sse::v1::stream));
}

TEST(DescriptorMergeTest, OptionOfTheWrongTypeNamesTheLine) {
  FileDescriptorSet set = CompileProtos(
      {{"a.proto",
        "syntax = \"proto3\";\nmessage A {}\nservice S {\n"
        "  rpc M(A) returns (A) { option deprecated = true; }\n}"}});
  auto* options = set.mutable_file(0)
                      ->mutable_service(0)
                      ->mutable_method(0)
                      ->mutable_options();
  auto* unknown = options->GetReflection()->MutableUnknownFields(options);
  unknown->AddVarint(sse::v1::stream.number(), 1);
  EXPECT_THAT(ErrorOf({SourceOf(set)}),
              AllOf(HasSubstr("a.proto:4"), HasSubstr("sse.v1.stream")));
  unknown->Clear();
  unknown->AddLengthDelimited(sse::v1::stream.number(), "\xff");
  EXPECT_THAT(ErrorOf({SourceOf(set)}),
              AllOf(HasSubstr("a.proto:4"), HasSubstr("sse.v1.stream")));
}

}  // namespace
}  // namespace sse_bridge
