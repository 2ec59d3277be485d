#include "bridge/access/deny_list.h"

#include <string>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(DenyListTest, NamesTokensAndSubjects) {
  DenyList list;
  EXPECT_FALSE(list.Denies("ada", "t1"));
  ASSERT_TRUE(
      list.Replace("# who left\n\nsub ada\r\njti t2\nsub a b c\n", "f").ok());
  EXPECT_EQ(list.size(), 3u);
  EXPECT_TRUE(list.Denies("ada", ""));
  EXPECT_TRUE(list.Denies("bob", "t2"));
  EXPECT_TRUE(list.Denies("a b c", "t9"));
  EXPECT_FALSE(list.Denies("bob", "t1"));
  EXPECT_FALSE(list.Denies("t2", "ada")) << "each kind has its own names";
  EXPECT_FALSE(list.Denies("bob", ""));
}

TEST(DenyListTest, ReplaceRemovesPreviousEntries) {
  DenyList list;
  ASSERT_TRUE(list.Replace("sub ada", "f").ok());
  ASSERT_TRUE(list.Replace("sub bob", "f").ok());
  EXPECT_FALSE(list.Denies("ada", ""));
  EXPECT_TRUE(list.Denies("bob", ""));
  ASSERT_TRUE(list.Replace("", "f").ok());
  EXPECT_EQ(list.size(), 0u);
}

TEST(DenyListTest, StrayBlanksDoNotLetAnybodyIn) {
  DenyList list;
  ASSERT_TRUE(list.Replace("\xef\xbb\xbfsub  ada \r\n\tjti\tt1\t\n"
                           "  # a comment\n sub a  b\n",
                           "f")
                  .ok());
  EXPECT_EQ(list.size(), 3u);
  EXPECT_TRUE(list.Denies("ada", ""));
  EXPECT_TRUE(list.Denies("bob", "t1"));
  EXPECT_TRUE(list.Denies("a  b", "")) << "blanks within a subject are its own";
  EXPECT_FALSE(list.Denies("a b", ""));
}

TEST(DenyListTest, LineThatDeniesNobodyIsAnError) {
  DenyList list;
  for (const std::string& line :
       {std::string("sub ada # left"), std::string("sub a\0b", 7),
        std::string("sub a\xe2\x80\x8b"), std::string("sub a\xc2\xa0"),
        std::string("sub \xff"),
        std::string("sub\xc2\xa0"
                    "ada"),
        "sub " + std::string(257, 'a'), "jti " + std::string(257, 'a'),
        std::string("sub:ada"), std::string("subject ada")}) {
    const absl::Status status = list.Replace("sub bob\n" + line, "f");
    EXPECT_EQ(status.message().substr(0, 4), "f:2:") << line << status;
  }
  EXPECT_TRUE(list.Replace("sub " + std::string(256, 'a'), "f").ok());
}

TEST(DenyListTest, ErrorNamesTheLineAndChangesNothing) {
  DenyList list;
  ASSERT_TRUE(list.Replace("sub ada", "f").ok());
  for (const char* text : {"sub bob\nada\n", "sub bob\nsub \n",
                           "sub bob\nsub\n", "sub bob\nSUB ada\n"}) {
    const absl::Status status = list.Replace(text, "f");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.message().substr(0, 4), "f:2:") << status;
    EXPECT_TRUE(list.Denies("ada", ""));
    EXPECT_FALSE(list.Denies("bob", ""));
  }
  EXPECT_EQ(list.Load("/nowhere/list").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(list.Denies("ada", ""));
}

}  // namespace
}  // namespace sse_bridge
