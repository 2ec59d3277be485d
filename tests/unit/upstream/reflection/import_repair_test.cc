#include "bridge/upstream/reflection/import_repair.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using google::protobuf::FileDescriptorSet;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

FileDescriptorSet SetFromText(const std::string& text) {
  google::protobuf::Timestamp::descriptor();  // linked in
  FileDescriptorSet set;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &set));
  return set;
}

TEST(ImportRepairTest, FileWithoutImportsGetsThoseItNeeds) {
  FileDescriptorSet set = SetFromText(R"pb(
    file {
      name: "a.proto"
      package: "a"
      message_type {
        name: "M"
        field {
          name: "t"
          number: 1
          type: TYPE_MESSAGE
          type_name: "google.protobuf.Timestamp"
        }
        field { name: "o" number: 2 type: TYPE_MESSAGE type_name: ".b.Other" }
      }
    }
    file {
      name: "b.proto"
      package: "b"
      message_type { name: "Other" }
    }
  )pb");
  RepairImports(&set);
  EXPECT_THAT(set.file(0).dependency(),
              ElementsAre("google/protobuf/timestamp.proto", "b.proto"));
}

TEST(ImportRepairTest, RelativeNameIsLookedForFromTheInnermostScope) {
  FileDescriptorSet set = SetFromText(R"pb(
    file {
      name: "prices.proto"
      package: "shop.v1.prices"
      message_type {
        name: "M"
        field {
          name: "near"
          number: 1
          type: TYPE_MESSAGE
          type_name: "common.Money"
        }
        field {
          name: "far"
          number: 2
          type: TYPE_MESSAGE
          type_name: "other.Thing"
        }
        field {
          name: "nowhere"
          number: 3
          type: TYPE_MESSAGE
          type_name: "none.Thing"
        }
      }
    }
    file {
      name: "far_money.proto"
      package: "shop.common"
      message_type { name: "Money" }
    }
    file {
      name: "near_money.proto"
      package: "shop.v1.common"
      message_type { name: "Money" }
    }
    file {
      name: "other.proto"
      package: "shop.other"
      message_type { name: "Thing" }
    }
  )pb");
  RepairImports(&set);
  EXPECT_THAT(set.file(0).dependency(),
              ElementsAre("near_money.proto", "other.proto"));
}

TEST(ImportRepairTest, SynthesizedCopyOfAKnownPackageIsRemoved) {
  FileDescriptorSet set = SetFromText(R"pb(
    file {
      name: "google_protobuf.proto"
      package: "google.protobuf"
      message_type { name: "Timestamp" }
    }
    file {
      name: "a.proto"
      package: "a"
      dependency: "google_protobuf.proto"
      message_type {
        name: "M"
        field {
          name: "t"
          number: 1
          type: TYPE_MESSAGE
          type_name: ".google.protobuf.Timestamp"
        }
      }
    }
  )pb");
  RepairImports(&set);
  ASSERT_EQ(set.file_size(), 1);
  EXPECT_THAT(set.file(0).dependency(),
              ElementsAre("google/protobuf/timestamp.proto"));
}

TEST(ImportRepairTest, MapEntriesGetTheirCanonicalNames) {
  FileDescriptorSet set = SetFromText(R"pb(
    file {
      name: "a.proto"
      package: "a"
      message_type {
        name: "M"
        field {
          name: "star_counts"
          number: 1
          label: LABEL_REPEATED
          type: TYPE_MESSAGE
          type_name: "StarCounts"
        }
        nested_type {
          name: "StarCounts"
          options { map_entry: true }
        }
      }
    }
  )pb");
  RepairImports(&set);
  const auto& message = set.file(0).message_type(0);
  EXPECT_EQ(message.nested_type(0).name(), "StarCountsEntry");
  EXPECT_EQ(message.field(0).type_name(), ".a.M.StarCountsEntry");
}

TEST(ImportRepairTest, CompleteSetIsUnchanged) {
  FileDescriptorSet set = SetFromText(R"pb(
    file {
      name: "google/protobuf/timestamp.proto"
      package: "google.protobuf"
      message_type { name: "Timestamp" }
    }
    file {
      name: "a.proto"
      package: "a"
      dependency: "google/protobuf/timestamp.proto"
      message_type {
        name: "M"
        field {
          name: "t"
          number: 1
          type: TYPE_MESSAGE
          type_name: ".google.protobuf.Timestamp"
        }
      }
    }
  )pb");
  const std::string before = set.SerializeAsString();
  RepairImports(&set);
  EXPECT_EQ(set.SerializeAsString(), before);
}

}  // namespace
}  // namespace sse_bridge
