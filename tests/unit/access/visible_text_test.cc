#include "bridge/access/visible_text.h"

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(VisibleTextTest, VisibleTextIsAccepted) {
  for (const char* text :
       {"", "ada", "a b", "auth0|5f7", "ada@example.com", "Åsa Öst",
        "\xe6\x9d\x8e", "\xf0\x9f\x98\x80", "a\"b'c\\"}) {
    EXPECT_TRUE(IsVisible(text)) << text;
  }
}

TEST(VisibleTextTest, InvisibleCharactersAreDetected) {
  for (const char* text : {"a\x01",
                           "a\tb",
                           "a\nb",
                           "a\x7f",
                           "a\xc2\x85",
                           "a\xc2\xa0",
                           "a\xc2\xad",
                           "a\xcd\x8f",
                           "a\xd8\x9c",
                           "a\xe1\x85\x9f",
                           "a\xe1\x9e\xb4",
                           "a\xe2\x80\x8b",
                           "a\xe2\x80\x8d",
                           "a\xe2\x80\x83",
                           "a\xe2\x80\xae",
                           "a\xe2\x80\xaf",
                           "a\xe2\x81\xa6",
                           "a\xe2\xa0\x80",
                           "a\xe3\x80\x80",
                           "a\xe3\x85\xa4",
                           "a\xef\xb8\x8f",
                           "a\xef\xbb\xbf",
                           "a\xef\xbe\xa0",
                           "a\xef\xbf\xbd",
                           "a\xf3\xa0\x81\x81",
                           "a\xf3\xa0\x84\x80"}) {
    EXPECT_FALSE(IsVisible(text)) << text;
  }
  EXPECT_FALSE(IsVisible(absl::string_view("a\0b", 3)));
}

TEST(VisibleTextTest, WhatIsNoUtf8IsNotVisible) {
  for (const char* text :
       {"\xff", "\x80", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsVisible(text)) << text;
  }
}

TEST(VisibleTextTest, NamesHaveNoBlankAtEitherEnd) {
  EXPECT_TRUE(IsVisibleName("a b"));
  for (const char* text : {"", " ", " a", "a ", "a\xe2\x80\x8b"}) {
    EXPECT_FALSE(IsVisibleName(text)) << text;
  }
}

}  // namespace
}  // namespace sse_bridge
