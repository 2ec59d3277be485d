#include "bridge/transcode/query_params.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using Params = std::vector<QueryParam>;

TEST(QueryParamsTest, SplitsInOrderAndDecodes) {
  const struct {
    std::string query;
    Params want;
  } kCases[] = {
      {"", {}},
      {"&&", {}},
      {"a=1", {{"a", "1"}}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
      {"a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"a=x+y%2Bz", {{"a", "x y+z"}}},
      {"a%20b+c=1", {{"a b c", "1"}}},
      {"a=%26%3D%25", {{"a", "&=%"}}},
      {"a=%e2%82%aC", {{"a", "€"}}},
      {"a=€", {{"a", "€"}}},
      {"a=%00", {{"a", std::string(1, '\0')}}},
      {"a=%ff", {{"a", "\xff"}}},
      {"a;b=1", {{"a;b", "1"}}},
      {"a=1;b=2", {{"a", "1;b=2"}}},
      {"a.b.c=1", {{"a.b.c", "1"}}},
  };
  for (const auto& c : kCases) {
    const auto params = ParseQuery(c.query);
    ASSERT_TRUE(params.ok()) << c.query << ": " << params.status();
    EXPECT_EQ(*params, c.want) << c.query;
  }
}

TEST(QueryParamsTest, ErrorsNameTheParameter) {
  const struct {
    std::string query;
    std::string want;
  } kCases[] = {
      {"a=1&b=%", "b: malformed percent escape \"%\""},
      {"b=%4", "b: malformed percent escape \"%4\""},
      {"b=%4g", "b: malformed percent escape \"%4g\""},
      {"b=% 1", "b: malformed percent escape \"% 1\""},
      {"%zz=1", "%zz: malformed percent escape \"%zz\""},
      {"=1", "a query parameter has no name"},
      {"a%00b=1", "a%00b: a parameter's name contains NUL"},
      {"%ff=1", "%ff: a parameter's name is not valid UTF-8"},
  };
  for (const auto& c : kCases) {
    const auto params = ParseQuery(c.query);
    ASSERT_FALSE(params.ok()) << c.query;
    EXPECT_EQ(params.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(params.status().message(), c.want);
    EXPECT_EQ(Violations(params.status()), c.want);
  }
}

TEST(QueryParamsTest, MalformedEscapesInPathsAreRefused) {
  for (const char* path : {"/", "/a/b", "/a%20b", "/%C3%A9", "/%c3%a9", "/a+b",
                           "/%2f", "/a%2Fb"}) {
    EXPECT_TRUE(CheckPathEscapes(path).ok()) << path;
  }
  const struct {
    std::string path;
    std::string want;
  } kCases[] = {
      {"/v1/%zz", "path \"/v1/%zz\": malformed percent escape \"%zz\""},
      {"/a%", "path \"/a%\": malformed percent escape \"%\""},
      {"/a%4/b", "path \"/a%4/b\": malformed percent escape \"%4/\""},
      {"/%%41", "path \"/%%41\": malformed percent escape \"%%4\""},
      {"/a%00b", "path \"/a%00b\": contains NUL"},
      {"/%ff", "path \"/%ff\": not valid UTF-8"},
      {"/%C3/%A9", "path \"/%C3/%A9\": not valid UTF-8"},
      {"/%ED%A0%80", "path \"/%ED%A0%80\": not valid UTF-8"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = CheckPathEscapes(c.path);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.path;
    EXPECT_EQ(status.message(), c.want);
    EXPECT_EQ(Violations(status), c.want);
  }
}

TEST(QueryParamsTest, CountIsBounded) {
  std::string query;
  for (size_t i = 0; i < kMaxQueryParameters; ++i) query += "&a=1";
  ASSERT_TRUE(ParseQuery(query).ok());
  EXPECT_EQ(ParseQuery(query)->size(), kMaxQueryParameters);
  query += "&b";
  EXPECT_THAT(ParseQuery(query).status().message(),
              HasSubstr("more than 1000 query parameters"));
}

}  // namespace
}  // namespace sse_bridge
