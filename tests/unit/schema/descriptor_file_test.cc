#include "bridge/schema/descriptor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.pb.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::SourceCodeInfo;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> FilesIn(const std::string& bytes, bool* is_set) {
  std::vector<std::string> names;
  *is_set = ForEachFile(bytes, [&](FileDescriptorProto* file) {
    names.push_back(file->name());
    return true;
  });
  return names;
}

std::string TwoFiles() {
  FileDescriptorSet set;
  set.add_file()->set_name("a.proto");
  set.add_file()->set_name("b.proto");
  return set.SerializeAsString();
}

TEST(DescriptorFileTest, FilesAreVisitedInTheirOrder) {
  bool is_set;
  EXPECT_THAT(FilesIn(TwoFiles(), &is_set), ElementsAre("a.proto", "b.proto"));
  EXPECT_TRUE(is_set);
  // Fields of a later FileDescriptorSet: a varint, and a string.
  EXPECT_THAT(
      FilesIn(TwoFiles() + std::string("\x10\x05\x1a\x01x", 5), &is_set),
      ElementsAre("a.proto", "b.proto"));
  EXPECT_TRUE(is_set);
  EXPECT_THAT(FilesIn("", &is_set), IsEmpty());
  EXPECT_TRUE(is_set);
}

TEST(DescriptorFileTest, AVisitCanStop) {
  int visits = 0;
  EXPECT_TRUE(ForEachFile(TwoFiles(), [&](FileDescriptorProto*) {
    ++visits;
    return false;
  }));
  EXPECT_EQ(visits, 1);
}

TEST(DescriptorFileTest, OtherBytesAreNoSet) {
  bool is_set;
  const std::string set = TwoFiles();
  // Each file is 11 bytes: tag, length, tag, length and 7 of the name.
  ASSERT_EQ(set.size(), 22u);
  for (size_t size = 1; size < set.size(); ++size) {
    if (size == 11) continue;
    FilesIn(set.substr(0, size), &is_set);
    EXPECT_FALSE(is_set) << size;
  }
  for (const std::string& bytes :
       {std::string("\x0a\xff\xff\xff\xff\x0f", 6),  // too long
        std::string("\x0c", 1),                      // end of a group
        std::string("\x0a\x02\x0a\x05", 4), std::string("hello")}) {
    FilesIn(bytes, &is_set);
    EXPECT_FALSE(is_set) << bytes;
  }
}

constexpr char kEverything[] =
    "// Detached.\n"
    "\n"
    "// About the syntax.\n"
    "syntax = 'proto2';\n"
    "// About the package.\n"
    "package p;\n"
    "import 'google/protobuf/descriptor.proto';\n"
    "option java_package = 'x';\n"
    "// Detached from M.\n"
    "\n"
    "// Above M.\n"
    "message M {\n"
    "  option deprecated = true;\n"
    "  reserved 9;\n"
    "  extensions 100 to 200;\n"
    "  // Above f.\n"
    "  optional string f = 1 [deprecated = true];  // After f.\n"
    "  oneof o {  // In o.\n"
    "    int32 g = 2;\n"
    "  }\n"
    "  message N { optional E e = 1; }\n"
    "}\n"
    "enum E { V = 0 [deprecated = true]; }\n"
    "extend M { optional string x = 100; }\n"
    "service S {\n"
    "  // Above R.\n"
    "  rpc R(M) returns (M) { option deprecated = true; }\n"
    "}\n";

TEST(DescriptorFileTest, OnlyLocationsThatSomethingReadsAreKept) {
  FileDescriptorSet set =
      CompileProtos({{"e.proto", kEverything}}, {.include_imports = false});
  FileDescriptorProto* file = set.mutable_file(0);
  ASSERT_EQ(file->name(), "e.proto");
  const int before = file->source_code_info().location_size();
  KeepUsefulLocations(file);
  std::vector<std::string> paths;
  for (const SourceCodeInfo::Location& location :
       file->source_code_info().location()) {
    EXPECT_EQ(location.leading_detached_comments_size(), 0);
    paths.push_back(absl::StrJoin(location.path(), "."));
  }
  EXPECT_LT(static_cast<int>(paths.size()), before / 2);
  std::vector<std::string> distinct;
  for (const std::string& path : paths) {
    if (std::find(distinct.begin(), distinct.end(), path) == distinct.end()) {
      distinct.push_back(path);
    }
  }
  EXPECT_THAT(distinct,
              UnorderedElementsAre(
                  "3.0", "8", "8.1",                             // the file
                  "4.0", "4.0.7", "4.0.7.3",                     // M
                  "4.0.2.0", "4.0.2.0.8", "4.0.2.0.8.3",         // f
                  "4.0.8.0", "4.0.2.1",                          // o, g
                  "4.0.3.0", "4.0.3.0.2.0",                      // N, e
                  "5.0", "5.0.2.0", "5.0.2.0.3", "5.0.2.0.3.1",  // E, V
                  "7.0",                                         // x
                  "6.0", "6.0.2.0", "6.0.2.0.4", "6.0.2.0.4.33"));
}

TEST(DescriptorFileTest, CommentsOfDeclarationsAreKept) {
  FileDescriptorSet set =
      CompileProtos({{"e.proto", kEverything}}, {.include_imports = false});
  FileDescriptorProto* file = set.mutable_file(0);
  KeepUsefulLocations(file);
  std::vector<std::string> comments;
  for (const SourceCodeInfo::Location& location :
       file->source_code_info().location()) {
    // Only one of the two is ever shown.
    EXPECT_FALSE(location.has_leading_comments() &&
                 location.has_trailing_comments());
    const std::string comment =
        absl::StrCat(location.leading_comments(), location.trailing_comments());
    if (!comment.empty()) comments.push_back(comment);
  }
  // protoc takes the comment that is detached from M for that of the option.
  EXPECT_THAT(comments,
              UnorderedElementsAre(" Detached from M.\n", " Above M.\n",
                                   " Above f.\n", " In o.\n", " Above R.\n"));
}

TEST(DescriptorFileTest, FormsOfTheSameFileCompareEqual) {
  FileDescriptorSet set = CompileProtos(
      {{"e.proto",
        "syntax = 'proto2'; message A { optional string a_b = 1; }"}});
  FileDescriptorProto one = set.file(0);
  FileDescriptorProto other = one;
  ASSERT_TRUE(one.has_source_code_info());
  other.clear_source_code_info();
  other.set_syntax("proto2");
  other.mutable_message_type(0)->mutable_field(0)->clear_json_name();
  other.mutable_unknown_fields()->AddLengthDelimited(8042, "\x08\x01");
  EXPECT_EQ(ComparableForm(&one), ComparableForm(&other));
  EXPECT_TRUE(one.has_source_code_info());
  EXPECT_EQ(other.unknown_fields().field_count(), 1);
  other.mutable_message_type(0)->mutable_field(0)->set_json_name("ab");
  EXPECT_NE(ComparableForm(&one), ComparableForm(&other));
}

// buf writes extensions in the order of the file, protoc by number.
TEST(DescriptorFileTest, TheOrderOfFieldsInOptionsDoesNotMatter) {
  FileDescriptorProto one;
  one.set_name("e.proto");
  FileDescriptorProto other = one;
  const auto options = [](FileDescriptorProto* file) {
    return file->mutable_options()->mutable_unknown_fields();
  };
  options(&one)->AddLengthDelimited(1000, "\x08\x01\x12\x02\x18\x03");
  options(&one)->AddVarint(1001, 7);
  options(&other)->AddVarint(1001, 7);
  options(&other)->AddLengthDelimited(1000, "\x12\x02\x18\x03\x08\x01");
  EXPECT_EQ(ComparableForm(&one), ComparableForm(&other));
  EXPECT_EQ(options(&other)->field(0).number(), 1001);

  FileDescriptorProto changed = one;
  options(&changed)->mutable_field(0)->set_length_delimited(
      "\x08\x01\x12\x02\x18\x04");
  EXPECT_NE(ComparableForm(&one), ComparableForm(&changed));
  // Values of one field keep their order.
  FileDescriptorProto repeated = one;
  FileDescriptorProto swapped = one;
  for (int value : {1, 2}) options(&repeated)->AddVarint(1002, value);
  for (int value : {2, 1}) options(&swapped)->AddVarint(1002, value);
  EXPECT_NE(ComparableForm(&repeated), ComparableForm(&swapped));
}

TEST(DescriptorFileTest, AnOptionInPartsIsTheSameAsTheWhole) {
  FileDescriptorProto one;
  one.set_name("e.proto");
  FileDescriptorProto other = one;
  const auto options = [](FileDescriptorProto* file) {
    return file->add_service()
        ->add_method()
        ->mutable_options()
        ->mutable_unknown_fields();
  };
  constexpr int kHttp = 72295728;
  auto* parts = options(&one);
  parts->AddLengthDelimited(kHttp, "\x12\x02/a");
  parts->AddLengthDelimited(kHttp, "\x3a\x01*");
  options(&other)->AddLengthDelimited(kHttp, "\x3a\x01*\x12\x02/a");
  EXPECT_EQ(ComparableForm(&one), ComparableForm(&other));
  parts->AddLengthDelimited(kHttp, "\x3a\x01x");
  EXPECT_NE(ComparableForm(&one), ComparableForm(&other));
}

}  // namespace
}  // namespace sse_bridge
