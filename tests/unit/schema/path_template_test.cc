#include "bridge/schema/path_template.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

// "field=value;..." of the match, or "no".
std::string Match(
    absl::string_view text, absl::string_view path,
    MultiSegmentDecoding decoding = MultiSegmentDecoding::kAllButSlash) {
  const absl::StatusOr<PathTemplate> parsed = PathTemplate::Parse(text);
  if (!parsed.ok()) return std::string(parsed.status().message());
  const auto match = parsed->Match(path, decoding);
  if (!match.has_value()) return "no";
  return absl::StrJoin(*match, ";", [](std::string* out, const auto& v) {
    absl::StrAppend(out, v.field_path, "=", v.value);
  });
}

struct MatchCase {
  std::string path_template;
  std::string path;
  std::string want;
};

TEST(PathTemplateTest, BindsVariables) {
  const MatchCase kCases[] = {
      // The examples of google.api.HttpRule.
      {"/v1/{name=messages/*}", "/v1/messages/123456", "name=messages/123456"},
      {"/v1/messages/{message_id}", "/v1/messages/123456", "message_id=123456"},
      {"/v1/users/{user_id}/messages/{message_id}", "/v1/users/me/messages/1",
       "user_id=me;message_id=1"},
      {"/v1/{name=shelves/*/books/*}", "/v1/shelves/a/books/b",
       "name=shelves/a/books/b"},
      {"/v1/{name=shelves/*/books/*}", "/v1/shelves/a/books", "no"},
      {"/v1/{name=shelves/*}:cancel", "/v1/shelves/a:cancel", "name=shelves/a"},
      {"/v1/{name=shelves/*}:cancel", "/v1/shelves/a", "no"},
      {"/v1/{name=shelves/*}:cancel", "/v1/shelves/a:close", "no"},
      // Literals.
      {"/", "/", ""},
      {"/", "/a", "no"},
      {"/a/b", "/a/b", ""},
      {"/a/b", "/a", "no"},
      {"/a/b", "/a/b/c", "no"},
      {"/a/b", "/a/B", "no"},
      {"/pkg.Service/Method", "/pkg.Service/Method", ""},
      {"/a%20b", "/a%20b", ""},
      {"/ab", "/%61b", ""},
      {"/a%2Fb", "/a%2fb", ""},
      {"/a%2Fb", "/a/b", "no"},
      {"/é", "/%C3%A9", ""},
      {"/a=b", "/a=b", ""},
      {"/@me", "/%40me", ""},
      // Wildcards without a name.
      {"/*", "/a", ""},
      {"/*", "/", "no"},
      {"/*", "/a/b", "no"},
      {"/a/**", "/a", ""},
      {"/a/**", "/a/b/c", ""},
      {"/**", "/", ""},
      {"/**", "/a/b", ""},
      {"/*/a/**", "/x/a/y", ""},
      {"/*/a/**", "/x/b/y", "no"},
      // Variables.
      {"/a/{a.b.c}", "/a/x", "a.b.c=x"},
      {"/a/{_b=*}", "/a/x", "_b=x"},
      {"/a/{b=*}", "/a/x/y", "no"},
      {"/a/{b=**}", "/a/x/y", "b=x/y"},
      {"/a/{b=**}", "/a", "b="},
      {"/a/{b=c/**}", "/a/c", "b=c"},
      {"/a/{b=c/**}", "/a/c/d/e", "b=c/d/e"},
      {"/{x=a}/b", "/a/b", "x=a"},
      {"/{x=a/*}/b/{y=*}/c", "/a/h/b/w/c", "x=a/h;y=w"},
      {"/a/{x=b/*}/{y=d/**}", "/a/b/zoo/d/animal/tiger",
       "x=b/zoo;y=d/animal/tiger"},
      // Literals after "**".
      {"/{x=**}/a/b", "/foo/bar/a/b", "x=foo/bar"},
      {"/{x=**}/a/b", "/a/b", "x="},
      {"/{x=**}/a/b", "/b", "no"},
      {"/a/{b=c/**}/d/e", "/a/c/1/2/d/e", "b=c/1/2"},
      {"/a/{b=c/**/d}/e", "/a/c/1/2/d/e", "b=c/1/2/d"},
      {"/{y=q/**}/{z=w}", "/q/1/w", "y=q/1;z=w"},
      // Variables after "**".
      {"/{a=**}/{b}", "/x/y/z", "a=x/y;b=z"},
      {"/{a=**}/{b}", "/z", "a=;b=z"},
      {"/{a=**}/{b}", "/", "no"},
      {"/v1/**/files/{b=*/*}:get", "/v1/p/q/files/x/y:get", "b=x/y"},
      {"/v1/{a=**}/files/{b}", "/v1/files/x", "a=;b=x"},
      {"/**/*", "/a", ""},
      // Verbs: the text after the last ':' of the last segment.
      {"/a:v", "/a:v", ""},
      {"/{x}:v", "/a:b:v", "x=a:b"},
      {"/{x}", "/a:v", "x=a:v"},
      {"/{x}:v", "/a%3Av", "no"},
      {"/{x}:v", "/:v", "no"},
      {"/a/{x}:v", "/a/:v", "no"},
      {"/a/{x=**}:v", "/a/b/c:v", "x=b/c"},
      {"/a/{x=**}:v", "/a:v", "x="},
      {"/**:v", "/:v", ""},
      {"/{x}:v", "/a:v/", "no"},
      // Empty segments.
      {"/a", "/a/", "no"},
      {"/a/*", "/a/", "no"},
      {"/a/**", "/a/", "no"},
      {"/a/*/b", "/a//b", "no"},
      {"/**", "//", "no"},
      {"/**", "", "no"},
      {"/**", "a", "no"},
  };
  for (const MatchCase& c : kCases) {
    EXPECT_EQ(Match(c.path_template, c.path), c.want)
        << c.path_template << " with " << c.path;
  }
}

TEST(PathTemplateTest, OneSegmentIsDecodedWhole) {
  EXPECT_EQ(Match("/a/{x}/c", "/a/p%20q%2Fr/c"), "x=p q/r");
  EXPECT_EQ(Match("/a/{x=*}", "/a/%F0%9F%98%80%2f%3a"), "x=\U0001F600/:");
  EXPECT_EQ(Match("/a/{x}", "/a/a+b"), "x=a+b");
}

TEST(PathTemplateTest, SeveralSegmentsKeepEncodedSlashes) {
  EXPECT_EQ(Match("/a/{x=p/*/q/*}/c", "/a/p/foo%20foo/q/bar%2Fbar/c"),
            "x=p/foo foo/q/bar%2Fbar");
  EXPECT_EQ(Match("/a/{x=**}/c", "/a/p/foo%20foo/q/bar%2fbar/c"),
            "x=p/foo foo/q/bar%2fbar");
  EXPECT_EQ(Match("/a/{x=**}", "/a/%21%3F%2F"), "x=!?%2F");
  EXPECT_EQ(Match("/a/{x=**}", "/a/%252F"), "x=%2F");
}

TEST(PathTemplateTest, SeveralSegmentsCanKeepAllThatIsReserved) {
  EXPECT_EQ(Match("/a/{x=**}", "/a/%21%22%3F%2F%7E",
                  MultiSegmentDecoding::kAllButReserved),
            "x=%21\"%3F%2F~");
  EXPECT_EQ(Match("/a/{x}", "/a/%21%2F", MultiSegmentDecoding::kAllButReserved),
            "x=!/");
}

TEST(PathTemplateTest, MalformedEscapesStayAsTheyAre) {
  EXPECT_EQ(Match("/{x}", "/%"), "x=%");
  EXPECT_EQ(Match("/{x}", "/%4"), "x=%4");
  EXPECT_EQ(Match("/{x}", "/%zz%41"), "x=%zzA");
  EXPECT_EQ(Match("/{x=**}", "/a/%2"), "x=a/%2");
}

TEST(PathTemplateTest, RefusalsNamePositionAndReason) {
  const struct {
    std::string text;
    std::string want;
  } kCases[] = {
      {"", "position 0: it must begin with '/'"},
      {"a", "position 0: it must begin with '/'"},
      {"{x}", "position 0"},
      {":v", "position 0"},
      {"//", "position 1: a segment is empty"},
      {"/a/", "position 3: a segment is empty"},
      {"/a//b", "position 3: a segment is empty"},
      {"/:", "position 1: a segment is empty"},
      {"/:v", "position 1: a segment is empty"},
      {"/a:", "position 3: the verb after ':' is empty"},
      {"/*:", "position 3: the verb after ':' is empty"},
      {"/a:v/b", "position 4: the verb must be the end"},
      {"/a:b:", "position 5: a literal is empty"},
      {"/a:b::c", "position 5: a literal is empty"},
      {"/a:*", "position 3: '*' within a literal"},
      {"/a:{x}", "position 3: '{' within a literal"},
      {"/{", "position 2: expected a field name"},
      {"/{}", "position 2: expected a field name"},
      {"/{=*}", "position 2: expected a field name"},
      {"/{1a}", "position 2: expected a field name"},
      {"/{a.}", "position 4: expected a field name"},
      {"/{a..b}", "position 4: expected a field name"},
      {"/{a", "position 1: this '{' is not closed"},
      {"/{a=*", "position 1: this '{' is not closed"},
      {"/{a-b}", "position 3: expected '}'"},
      {"/{a=}", "position 4: a segment is empty"},
      {"/{a=/b}", "position 4: a segment is empty"},
      {"/{a=b/}", "position 6: a segment is empty"},
      {"/{a=b:v}", "position 5: expected '}'"},
      {"/{a={b}}", "position 4: a variable within a variable"},
      {"/{a}/{a}", "position 5: the variable a occurs twice"},
      {"/{a}b", "position 4: a segment must end"},
      {"/{a}{b}", "position 4: a segment must end"},
      {"/a{b}", "position 2: '{' within a literal"},
      {"/*a", "position 2: a segment must end"},
      {"/a*", "position 2: '*' within a literal"},
      {"/***", "position 3: a segment must end"},
      {"/a}", "position 2: a segment must end"},
      {"/a b", "position 2: ' ' within a literal"},
      {"/a?b", "position 2: '?' within a literal"},
      {"/a#", "position 2: '#' within a literal"},
      {"/%", "position 1: '%' without two hexadecimal digits"},
      {"/a%2x", "position 2: '%' without two hexadecimal digits"},
      {"/**/**", "position 4: a second \"**\""},
      {"/{a=**}/{b}/**", "position 12: a second \"**\""},
      {"/\n", "position 1: '\\n' within a literal"},
  };
  for (const auto& c : kCases) {
    const auto parsed = PathTemplate::Parse(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(parsed.status().message(), HasSubstr(c.want)) << c.text;
  }
}

TEST(PathTemplateTest, SegmentsAreBounded) {
  std::string at_bound, beyond;
  for (size_t i = 0; i < kMaxPathSegments; ++i) at_bound += "/a";
  beyond = at_bound + "/a";
  EXPECT_EQ(Match(at_bound, at_bound), "");
  EXPECT_EQ(Match("/**", at_bound), "");
  EXPECT_EQ(Match("/**", beyond), "no");
  EXPECT_THAT(Match(beyond, "/a"), HasSubstr("more than 128 segments"));
}

// As in grpc-gateway's examples.
TEST(PathTemplateTest, AVerbMayContainColons) {
  const auto parsed = PathTemplate::Parse("/v1/{id}:custom:custom");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->verb(), "custom:custom");
  EXPECT_EQ(Match("/v1/{id}:a:b", "/v1/x:a:b"), "id=x");
  EXPECT_EQ(Match("/v1/{id}:a:b", "/v1/x:y:a:b"), "id=x:y");
  EXPECT_EQ(Match("/v1/{id}:a:b", "/v1/x:b"), "no");
  EXPECT_EQ(Match("/v1/{id}:a:b", "/v1/:a:b"), "no");
  EXPECT_EQ(Match("/v1/{id}:b", "/v1/x:a:b"), "id=x:a");
}

TEST(PathTemplateTest, PartsAreReadable) {
  const auto parsed = PathTemplate::Parse("/v1/{a.b=x/**}/end:go");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->text(), "/v1/{a.b=x/**}/end:go");
  EXPECT_EQ(parsed->verb(), "go");
  ASSERT_EQ(parsed->segments().size(), 4u);
  EXPECT_EQ(parsed->segments()[2].kind, PathTemplate::Kind::kAny);
  ASSERT_EQ(parsed->variables().size(), 1u);
  EXPECT_EQ(parsed->variables()[0].field_path, "a.b");
  EXPECT_EQ(parsed->variables()[0].begin, 1u);
  EXPECT_EQ(parsed->variables()[0].end, 3u);
  EXPECT_TRUE(parsed->variables()[0].multi);
}

}  // namespace
}  // namespace sse_bridge
