#include "bridge/schema/field_path.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path_walk.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;

// proto2, where a JSON name may be another field's name.
constexpr char kFile[] = R"pb(
  name: "test.proto"
  package: "test"
  message_type {
    name: "Node"
    oneof_decl { name: "side" }
    field {
      name: "left"
      number: 11
      label: LABEL_OPTIONAL
      type: TYPE_STRING
      oneof_index: 0
    }
    field {
      name: "right"
      number: 12
      label: LABEL_OPTIONAL
      type: TYPE_STRING
      oneof_index: 0
    }
    field {
      name: "child"
      number: 1
      label: LABEL_OPTIONAL
      type: TYPE_MESSAGE
      type_name: ".test.Node"
    }
    field {
      name: "many"
      number: 2
      label: LABEL_REPEATED
      type: TYPE_MESSAGE
      type_name: ".test.Node"
    }
    field {
      name: "user_name"
      number: 3
      label: LABEL_OPTIONAL
      type: TYPE_STRING
      json_name: "userName"
    }
    field {
      name: "clash"
      number: 4
      label: LABEL_OPTIONAL
      type: TYPE_STRING
      json_name: "other"
    }
    field {
      name: "renamed"
      number: 5
      label: LABEL_OPTIONAL
      type: TYPE_STRING
      json_name: "clash"
    }
  })pb";

const pb::Descriptor* Node() {
  static const auto* const pool = [] {
    auto* made = new pb::DescriptorPool;
    pb::FileDescriptorProto file;
    EXPECT_TRUE(pb::TextFormat::ParseFromString(kFile, &file));
    EXPECT_NE(made->BuildFile(file), nullptr);
    return made;
  }();
  return pool->FindMessageTypeByName("test.Node");
}

FieldPath PathTo(absl::string_view path) {
  const auto fields = ResolveFieldPath(Node(), path);
  EXPECT_TRUE(fields.ok()) << fields.status();
  return fields.ok() ? *fields : FieldPath();
}

// "a.b", or the error.
std::string Resolve(absl::string_view path,
                    FieldNames names = FieldNames::kProto) {
  const auto fields = ResolveFieldPath(Node(), path, names);
  if (!fields.ok()) return std::string(fields.status().message());
  return FieldPathText(*fields);
}

TEST(FieldPathTest, LeadsThroughSingleMessagesToAnyField) {
  EXPECT_EQ(Resolve("child"), "child");
  EXPECT_EQ(Resolve("child.child.many"), "child.child.many");
  EXPECT_EQ(Resolve("many.child"),
            "field path \"many.child\": it leads through test.Node.many, which "
            "is a repeated message test.Node and not a single message");
  EXPECT_EQ(Resolve("user_name.x"),
            "field path \"user_name.x\": it leads through test.Node.user_name, "
            "which is a string and not a single message");
}

TEST(FieldPathTest, ErrorNamesTheMissingPart) {
  EXPECT_EQ(Resolve("child.gone.child"),
            "field path \"child.gone.child\": there is no field \"gone\" in "
            "test.Node");
  EXPECT_EQ(Resolve(""),
            "field path \"\": there is no field \"\" in test.Node");
  EXPECT_EQ(Resolve("child."),
            "field path \"child.\": there is no field \"\" in test.Node");
}

TEST(FieldPathTest, JsonNamesAreAllowedWhereAskedForAndComeFirst) {
  EXPECT_EQ(Resolve("userName", FieldNames::kProtoAndJson), "user_name");
  EXPECT_EQ(Resolve("user_name", FieldNames::kProtoAndJson), "user_name");
  EXPECT_EQ(Resolve("userName"),
            "field path \"userName\": there is no field \"userName\" in "
            "test.Node");
  EXPECT_EQ(Resolve("clash", FieldNames::kProtoAndJson), "renamed");
  EXPECT_EQ(Resolve("clash"), "clash");
}

TEST(FieldPathTest, FieldsConflictIfOneContainsTheOtherOrAOneofHasBoth) {
  EXPECT_EQ(FieldConflict(PathTo("child.left"), PathTo("user_name")), "");
  EXPECT_EQ(FieldConflict(PathTo("child.left"), PathTo("left")), "");
  EXPECT_EQ(FieldConflict(PathTo("child.left"), PathTo("child.left")),
            "the field is bound twice");
  EXPECT_EQ(FieldConflict(PathTo("child"), PathTo("child.left")),
            "overlaps child.left");
  EXPECT_EQ(FieldConflict(PathTo("child.left"), PathTo("child")),
            "overlaps child");
  EXPECT_EQ(FieldConflict(PathTo("child.left"), PathTo("child.right")),
            "only one of side can be set, and child.right is already bound");
}

TEST(FieldPathTest, WalkStopsAtTheFault) {
  auto walk = WalkFieldPath(Node(), "child.gone", FieldNames::kProto);
  EXPECT_EQ(walk.fault, FieldPathFault::kNoField);
  EXPECT_EQ(walk.fields.size(), 1u);
  EXPECT_EQ(walk.message, Node());
  EXPECT_EQ(walk.name, "gone");
  walk = WalkFieldPath(Node(), "child.many.child", FieldNames::kProto);
  EXPECT_EQ(walk.fault, FieldPathFault::kNotASingleMessage);
  EXPECT_EQ(walk.fields.back()->name(), "many");
}

TEST(FieldPathTest, WalkIsBounded) {
  EXPECT_EQ(WalkFieldPath(Node(), "child.child", FieldNames::kProto, 2).fault,
            FieldPathFault::kNone);
  const auto walk =
      WalkFieldPath(Node(), "child.child.child", FieldNames::kProto, 2);
  EXPECT_EQ(walk.fault, FieldPathFault::kTooDeep);
  EXPECT_EQ(walk.fields.size(), 2u);
}

}  // namespace
}  // namespace sse_bridge
