#include "bridge/transcode/transcode_tool.h"

#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/escaping.h"
#include "tests/unit/transcode/test_schema.h"

namespace sse_bridge {
namespace {

std::string Answers(const std::string& input, JsonOptions options = {},
                    bool fast_only = false) {
  static const auto* const schema = new TestSchema;
  std::istringstream in(input);
  std::ostringstream out;
  EXPECT_EQ(RunTranscodeTool(schema->pool(), options, fast_only, in, out), 0);
  return out.str();
}

TEST(TranscodeToolTest, AnswersEachLineInOrder) {
  EXPECT_EQ(Answers("t3.Scalars GAE=\n"
                    "t3.Scalars\n"
                    "t3.Scalars \r\n"
                    "no.Type GAE=\n"
                    "t3.Scalars ???\n"
                    "t3.Scalars GA==\n"
                    "t3.Scalars GAE="),
            "OK {\"fInt32\":1}\n"
            "OK {}\n"
            "OK {}\n"
            "ERR no such type: no.Type\n"
            "ERR not base64\n"
            "ERR t3.Scalars.f_int32: malformed or truncated wire bytes\n"
            "OK {\"fInt32\":1}\n");
}

TEST(TranscodeToolTest, FastOnlyReportsWhereTheSlowerPathIsNeeded) {
  const std::string line =
      "t3.Scalars " +
      absl::Base64Escape(VarintField(3, 1) + VarintField(3, 2)) + "\n";
  EXPECT_EQ(Answers(line), "OK {\"fInt32\":2}\n");
  EXPECT_EQ(Answers(line, {}, true), "ERR not on the fast path\n");
  EXPECT_EQ(Answers("t3.Scalars GAE=", {}, true), "OK {\"fInt32\":1}\n");
  EXPECT_EQ(Answers("t3.Scalars GA==", {}, true),
            "ERR t3.Scalars.f_int32: malformed or truncated wire bytes\n");
}

TEST(TranscodeToolTest, ErrorReasonsAreComplete) {
  EXPECT_EQ(Answers("t3.Known " +
                    absl::Base64Escape(BytesField(4, BytesField(1, "fooBar"))) +
                    "\n"),
            "ERR t3.Known.mask: a field mask path does not survive "
            "conversion to JSON and back\n");
}

TEST(TranscodeToolTest, Options) {
  JsonOptions options;
  options.preserve_proto_field_names = true;
  EXPECT_EQ(Answers("t3.Scalars GAE=", options), "OK {\"f_int32\":1}\n");
}

}  // namespace
}  // namespace sse_bridge
