#include "bridge/upstream/call_metadata.h"

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

TEST(ParseCallMetadataTest, ReadsNamesAndValues) {
  const auto metadata = ParseCallMetadata(
      "# for the backend\n"
      "X-Api-Key:  s3cret: with a colon \r\n"
      "\n"
      "  tenant: acme\n"
      "trace-bin: AAEC/w==");
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_THAT(*metadata,
              ElementsAre(Pair("x-api-key", "s3cret: with a colon"),
                          Pair("tenant", "acme"),
                          Pair("trace-bin", std::string("\0\1\2\xff", 4))));
}

TEST(ParseCallMetadataTest, ErrorsNameTheLineAndNeverTheValue) {
  for (const auto& [line, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"s3cret", "expected `name: value`"},
           {"key:", "the value is missing"},
           {": s3cret", "is not a name"},
           {"a key: s3cret", "is not a name"},
           {"grpc-timeout: s3cret", "reserved"},
           {"Content-Type: s3cret", "reserved"},
           {"x-sse-subject: s3cret", "reserved for the bridge"},
           {"key: s3cret\x01", "not printable ASCII"},
           {"key: s3cr\xc3\xa9t", "not printable ASCII"},
           {"key-bin: s3cret!", "base64"}}) {
    const auto status = ParseCallMetadata("ok: 1\n" + line).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2: ")) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why)) << line;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cr"))) << line;
  }
}

class CallMetadataTest : public ::testing::Test {
 protected:
  std::string File() const { return directory_.path() + "/metadata"; }

  static Metadata Added(const CallMetadata& own, Metadata metadata = {}) {
    own.AddTo(&metadata);
    return metadata;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(CallMetadataTest, ReplacesTheCallersMetadata) {
  Write(File(), "key: secret");
  const auto own = CallMetadata::Load(File());
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_THAT(Added(**own, {{"Key", "forged"}, {"other", "1"}}),
              ElementsAre(Pair("other", "1"), Pair("key", "secret")));
}

TEST_F(CallMetadataTest, ReloadFailureKeepsThePreviousMetadata) {
  Write(File(), "key: one");
  const auto own = CallMetadata::Load(File());
  ASSERT_TRUE(own.ok()) << own.status();
  Write(File(), "key: two");
  ASSERT_TRUE((*own)->Reload().ok());
  EXPECT_THAT(Added(**own), ElementsAre(Pair("key", "two")));
  Write(File(), "nonsense");
  const absl::Status status = (*own)->Reload();
  EXPECT_THAT(std::string(status.message()), HasSubstr(File() + ": line 1"));
  EXPECT_THAT(Added(**own), ElementsAre(Pair("key", "two")));
}

TEST_F(CallMetadataTest, FileMustExist) {
  const auto own = CallMetadata::Load(File());
  EXPECT_TRUE(absl::IsNotFound(own.status()));
  EXPECT_THAT(std::string(own.status().message()), HasSubstr(File()));
}

}  // namespace
}  // namespace sse_bridge
