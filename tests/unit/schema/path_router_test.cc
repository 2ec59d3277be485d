#include "bridge/schema/path_router.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PathTemplate Parse(absl::string_view text) {
  absl::StatusOr<PathTemplate> parsed = PathTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}

// Routes are numbered in order, from 0. A template may begin with its HTTP verb
// and a space; the default is GET.
PathRouter Make(const std::vector<std::string>& templates,
                PathRouter::Options options = {}) {
  PathRouterBuilder builder(options);
  for (size_t i = 0; i < templates.size(); ++i) {
    absl::string_view text = templates[i];
    absl::string_view verb = "GET";
    if (const size_t space = text.find(' '); space != text.npos) {
      verb = text.substr(0, space);
      text.remove_prefix(space + 1);
    }
    EXPECT_EQ(builder.Add(verb, Parse(text), static_cast<int>(i)), std::nullopt)
        << templates[i];
  }
  return std::move(builder).Build();
}

// "route field=value ...", or "none".
std::string Find(const PathRouter& router, absl::string_view path,
                 absl::string_view verb = "GET") {
  const std::optional<PathRouter::Found> found = router.Match(verb, path);
  if (!found.has_value()) return "none";
  std::string out = absl::StrCat(found->route);
  for (const PathVariable& v : found->variables) {
    absl::StrAppend(&out, " ", v.field_path, "=", v.value);
  }
  return out;
}

TEST(PathRouterTest, EmptyRouterFindsNothing) {
  EXPECT_EQ(Find(PathRouter(), "/"), "none");
  EXPECT_EQ(Find(PathRouter(), "/a"), "none");
  EXPECT_THAT(PathRouter().AllowedVerbs("/a"), IsEmpty());
}

TEST(PathRouterTest, LiteralBeatsVariableBeatsWildcard) {
  const PathRouter router =
      Make({"/**", "/a/**", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/{y}"});
  EXPECT_EQ(Find(router, "/"), "0");
  EXPECT_EQ(Find(router, "/b"), "0");
  EXPECT_EQ(Find(router, "/a"), "1");
  EXPECT_EQ(Find(router, "/a/z"), "2 x=z");
  EXPECT_EQ(Find(router, "/a/b"), "3");
  EXPECT_EQ(Find(router, "/a/%62"), "3");
  EXPECT_EQ(Find(router, "/a/z/c"), "4 x=z");
  EXPECT_EQ(Find(router, "/a/b/c"), "5 y=c");
  EXPECT_EQ(Find(router, "/a/z/d"), "1");
}

TEST(PathRouterTest, BacktracksWhenTheBetterBranchFails) {
  const PathRouter router = Make({"/a/b/c", "/a/{x}/d", "/{y}/b/e", "/{z=**}"});
  EXPECT_EQ(Find(router, "/a/b/c"), "0");
  EXPECT_EQ(Find(router, "/a/b/d"), "1 x=b");
  EXPECT_EQ(Find(router, "/a/b/e"), "2 y=a");
  EXPECT_EQ(Find(router, "/a/b/f"), "3 z=a/b/f");
}

TEST(PathRouterTest, BacktracksWhenTheHttpVerbIsMissing) {
  const PathRouter router = Make({"POST /a/b", "GET /a/{x}"});
  EXPECT_EQ(Find(router, "/a/b", "GET"), "1 x=b");
  EXPECT_EQ(Find(router, "/a/b", "POST"), "0");
  EXPECT_EQ(Find(router, "/a/c", "POST"), "none");
}

TEST(PathRouterTest, LongerTailAfterAnyWins) {
  const PathRouter router =
      Make({"/o/**:v", "/o/**/const:v", "/o/{x=**}/b", "/o/{x=**}/a/b"});
  EXPECT_EQ(Find(router, "/o/1/2:v"), "0");
  EXPECT_EQ(Find(router, "/o:v"), "0");
  EXPECT_EQ(Find(router, "/o/1/2/const:v"), "1");
  EXPECT_EQ(Find(router, "/o/1/b"), "2 x=1");
  EXPECT_EQ(Find(router, "/o/1/a/b"), "3 x=1");
  EXPECT_EQ(Find(router, "/o/b/b"), "2 x=b");
}

TEST(PathRouterTest, VerbSuffixes) {
  const PathRouter router = Make({"/s/const:verb", "/s/*:verb", "/s/*/foo:verb",
                                  "/s/{id}", "/t/{id}:a", "/t/{id}:b"});
  EXPECT_EQ(Find(router, "/s/const:verb"), "0");
  EXPECT_EQ(Find(router, "/s/other:verb"), "1");
  EXPECT_EQ(Find(router, "/s/x/foo:verb"), "2");
  EXPECT_EQ(Find(router, "/s/x/y/foo:verb"), "none");
  EXPECT_EQ(Find(router, "/s/x/bar:verb"), "none");
  EXPECT_EQ(Find(router, "/s/x:y"), "3 id=x:y");
  EXPECT_EQ(Find(router, "/s/x%3Averb"), "3 id=x:verb");
  EXPECT_EQ(Find(router, "/t/1:a"), "4 id=1");
  EXPECT_EQ(Find(router, "/t/1:b"), "5 id=1");
  EXPECT_EQ(Find(router, "/t/1:c"), "none");
  EXPECT_EQ(Find(router, "/t/1"), "none");
}

TEST(PathRouterTest, TheLongestVerbWins) {
  const PathRouter router = Make({"/t/{id}:go", "/t/{id}:go:go", "/t/{id}"});
  EXPECT_EQ(Find(router, "/t/1:go"), "0 id=1");
  EXPECT_EQ(Find(router, "/t/1:go:go"), "1 id=1");
  EXPECT_EQ(Find(router, "/t/1:go:go:go"), "1 id=1:go");
  EXPECT_EQ(Find(router, "/t/1:stop:go"), "0 id=1:stop");
  EXPECT_EQ(Find(router, "/t/1:go:stop"), "2 id=1:go:stop");
}

TEST(PathRouterTest, ColonIsLiteralIfTheVerbDoesNotMatch) {
  const PathRouter router = Make({"/{a}:go", "/x/{b}"});
  EXPECT_EQ(Find(router, "/x/y:go"), "1 b=y:go");
}

TEST(PathRouterTest, AnyHttpVerbServesWhatHasNoOwn) {
  const PathRouter router = Make({"* /a/**", "GET /a/b", "* /a/b"});
  EXPECT_EQ(Find(router, "/a/x", "PURGE"), "0");
  EXPECT_EQ(Find(router, "/a/b", "GET"), "1");
  EXPECT_EQ(Find(router, "/a/b", "PUT"), "2");
  EXPECT_THAT(router.AllowedVerbs("/a/b"), ElementsAre("*", "GET"));
}

TEST(PathRouterTest, AllowedVerbsAreThoseOfEveryMatchingTemplate) {
  const PathRouter router = Make({"POST /a/b", "GET /a/{x}", "PUT /a/{x}",
                                  "DELETE /{y=**}", "GET /a/b:v"});
  EXPECT_THAT(router.AllowedVerbs("/a/b"),
              ElementsAre("DELETE", "GET", "POST", "PUT"));
  EXPECT_THAT(router.AllowedVerbs("/z"), ElementsAre("DELETE"));
  EXPECT_THAT(router.AllowedVerbs("/z/"), IsEmpty());
  EXPECT_THAT(Make({"POST /a"}).AllowedVerbs("/b"), IsEmpty());
}

TEST(PathRouterTest, SameShapeIsAConflictAndNamesTheOther) {
  const struct {
    const char* one;
    const char* two;
    bool conflict;
  } kCases[] = {
      {"/a/{x}", "/a/{y}", true},
      {"/a/{x}", "/a/*", true},
      {"/a/{x=b/*}", "/a/b/{y}", true},
      {"/a/b", "/a/%62", true},
      {"/{x=**}", "/**", true},
      {"/a/{x}:v", "/a/*:v", true},
      {"/", "/", true},
      {"/a/{x}:v", "/a/*:w", false},
      {"/a/{x}:v", "/a/*", false},
      {"/a/{x}", "/a/b", false},
      {"/a/{x}", "/a/**", false},
  };
  for (const auto& c : kCases) {
    PathRouterBuilder builder;
    EXPECT_EQ(builder.Add("GET", Parse(c.one), 7), std::nullopt);
    EXPECT_EQ(builder.Add("POST", Parse(c.two), 8), std::nullopt);
    EXPECT_EQ(builder.Add("GET", Parse(c.two), 9),
              c.conflict ? std::optional<int>(7) : std::nullopt)
        << c.one << " and " << c.two;
  }
}

TEST(PathRouterTest, TrailingSlashesMatchOnlyWhenAsked) {
  EXPECT_EQ(Find(Make({"/a", "/{x}/b"}), "/a/"), "none");
  const PathRouter tolerant =
      Make({"/a", "/{x}/b", "/"}, {.ignore_trailing_slashes = true});
  EXPECT_EQ(Find(tolerant, "/a//"), "0");
  EXPECT_EQ(Find(tolerant, "/x/b/"), "1 x=x");
  EXPECT_EQ(Find(tolerant, "//"), "2");
  EXPECT_EQ(Find(tolerant, "/x//b"), "none");
}

TEST(PathRouterTest, LongPathsMatchNothing) {
  const PathRouter router = Make({"/{x=**}/end"});
  std::string path;
  for (size_t i = 1; i < kMaxPathSegments; ++i) path += "/a";
  EXPECT_NE(Find(router, path + "/end"), "none");
  EXPECT_EQ(Find(router, path + "/a/end"), "none");
}

}  // namespace
}  // namespace sse_bridge
