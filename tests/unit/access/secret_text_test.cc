#include "bridge/access/secret_text.h"

#include <string>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr char kText[] = "0123456789abcdef0123456789abcdef";

TEST(SecretTextTest, OneLineEndIsIgnored) {
  EXPECT_EQ(*SecretOf(std::string(kText) + "\n"), kText);
  EXPECT_EQ(*SecretOf(kText), kText);
  EXPECT_EQ(*SecretOf("two words of it"), "two words of it");
  EXPECT_FALSE(SecretOf("").ok());
  EXPECT_FALSE(SecretOf("\n").ok());
}

TEST(SecretTextTest, BinaryDataIsUnchanged) {
  const std::string bytes("\x20\x00\x81\xfe\x0d", 5);
  EXPECT_EQ(*SecretOf(bytes), bytes);
}

TEST(SecretTextTest, StrayEditorCharactersAreRejected) {
  const std::string text = kText;
  for (const std::string& wrong :
       {text + "\r\n", text + " ", text + "\t\n", " " + text, text + "\n\n",
        "\xef\xbb\xbf" + text, "\xff\xfe" + text, "\xfe\xff" + text}) {
    EXPECT_FALSE(SecretOf(wrong).ok()) << wrong;
  }
}

TEST(SecretTextTest, LookalikesOfKeysAreRejected) {
  constexpr char kUtf16[] =
      "-\0-\0B\0E\0G\0I\0N\0 \0P\0U\0B\0L\0I\0C\0 \0K\0E\0Y\0";
  const std::string utf16(kUtf16, sizeof kUtf16 - 1);
  for (const std::string& wrong :
       {utf16, std::string("----BEGIN PUBLIC KEY----\nMIIB\n"),
        std::string("-----begin public key-----\nMIIB\n"),
        std::string("\xe2\x80\x94\xe2\x80\x94"
                    "BEGIN CERTIFICATE\nMIIB\n"),
        std::string("\x01 {\"kty\":\"RSA\"}"), std::string("\0{}", 3)}) {
    EXPECT_FALSE(SecretOf(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace sse_bridge
