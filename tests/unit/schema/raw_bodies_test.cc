#include "bridge/schema/raw_bodies.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

// Which bodies of the only route are raw: "request", "response", both or none.
std::string RawBodies(const std::string& request, const std::string& response,
                      const std::string& rule) {
  const auto schema = LoadTestProto(absl::StrCat(
      "import \"google/api/httpbody.proto\";\n"
      "service S { rpc M(",
      request, ") returns (", response, ") { option (google.api.http) = { ",
      rule,
      " }; } }\n"
      "message Upload { string name = 1; google.api.HttpBody file = 2;\n"
      "  repeated google.api.HttpBody files = 3; Upload inner = 4; }\n"
      "message HttpBody { string content_type = 1; bytes data = 2; }\n"));
  EXPECT_TRUE(schema.ok()) << schema.status();
  if (!schema.ok() || (*schema)->routes().size() != 1) return "no route";
  const Route& route = *(*schema)->routes()[0];
  return absl::StrCat(IsRawBody(route) ? "request" : "",
                      IsRawResponse(route) ? "response" : "");
}

constexpr char kRaw[] = "google.api.HttpBody";

TEST(RawBodiesTest, AResponseIsRawIfTheWholeIsAnHttpBody) {
  EXPECT_EQ(RawBodies("Upload", kRaw, "get: '/a'"), "response");
  EXPECT_EQ(RawBodies("Upload", "stream google.api.HttpBody", "get: '/a'"),
            "response");
  EXPECT_EQ(RawBodies("Upload", "Upload", "get: '/a'"), "");
  // A message of the user's, and one that contains an HttpBody.
  EXPECT_EQ(RawBodies("Upload", "HttpBody", "get: '/a'"), "");
  EXPECT_EQ(RawBodies("Upload", "Upload", "get: '/a' response_body: 'file'"),
            "");
}

TEST(RawBodiesTest, AFieldOfAnHttpBodyIsJson) {
  EXPECT_EQ(
      RawBodies("Upload", kRaw, "get: '/a' response_body: 'content_type'"), "");
}

TEST(RawBodiesTest, ARequestIsRawIfItsBodyFillsAnHttpBody) {
  EXPECT_EQ(RawBodies(kRaw, "Upload", "post: '/a' body: '*'"), "request");
  EXPECT_EQ(RawBodies("Upload", "Upload", "post: '/a' body: 'file'"),
            "request");
  EXPECT_EQ(RawBodies("Upload", "Upload", "post: '/a' body: 'inner.file'"),
            "request");
  EXPECT_EQ(RawBodies("Upload", "Upload", "post: '/a' body: '*'"), "");
  EXPECT_EQ(RawBodies("Upload", "Upload", "post: '/a' body: 'files'"), "");
  EXPECT_EQ(RawBodies("Upload", "Upload", "post: '/a' body: 'name'"), "");
  EXPECT_EQ(RawBodies("HttpBody", "Upload", "post: '/a' body: '*'"), "");
  // Without a body, the query fills the message.
  EXPECT_EQ(RawBodies(kRaw, kRaw, "get: '/a'"), "response");
}

}  // namespace
}  // namespace sse_bridge
