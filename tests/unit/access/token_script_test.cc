// Tests scripts/token.sh with the verifier.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "bridge/access/token_verifier.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Result {
  int status;
  std::string output;  // stdout and stderr
};

Result RunScript(const std::vector<std::string>& arguments) {
  std::string command = SSE_BRIDGE_TOKEN_SCRIPT;
  for (const std::string& argument : arguments) {
    absl::StrAppend(&command, " '",
                    absl::StrReplaceAll(argument, {{"'", "'\\''"}}), "'");
  }
  command += " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer{};
  size_t size = 0;
  while ((size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    output.append(buffer.data(), size);
  }
  return {WEXITSTATUS(pclose(pipe)), output};
}

std::string WriteKey(const std::string& name, const std::string& content) {
  static const testing::TemporaryDirectory directory;
  const std::string path = absl::StrCat(directory.path(), "/", name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::unique_ptr<TokenVerifier> Verifier(const std::string& key,
                                        ClaimRules rules = {}) {
  TokenVerifier::Options options;
  options.key_files = {key};
  options.claims = rules;
  auto verifier = TokenVerifier::Create(options);
  EXPECT_TRUE(verifier.ok()) << verifier.status();
  return *std::move(verifier);
}

absl::StatusOr<Identity> RunAndVerify(std::vector<std::string> arguments,
                                      const std::string& key,
                                      ClaimRules rules = {}) {
  arguments.insert(arguments.end(), {"--key", key});
  const Result result = RunScript(arguments);
  EXPECT_EQ(result.status, 0) << result.output;
  absl::string_view token = result.output;
  EXPECT_TRUE(absl::ConsumeSuffix(&token, "\n"));
  return Verifier(key, rules)->Verify(token, absl::Now());
}

std::string DevelopmentKey() {
  return WriteKey("dev.key",
                  "5f0c6a0b1d2e3f405f0c6a0b1d2e3f405f0c6a0b1d2e3f40aa55aa55aa55"
                  "aa55\n");
}

TEST(TokenScriptTest, TokenIsVerifiedWithTheSameKeyFile) {
  ClaimRules rules;
  rules.issuer = "https://issuer.example";
  rules.audience = "bridge";
  const absl::Time before = absl::Now();
  const auto identity =
      RunAndVerify({"ada", "--scope", "a:read", "--scope=b:write", "--role",
                    "admin", "--role", "on call", "--ttl", "90", "--issuer",
                    "https://issuer.example", "--audience=bridge"},
                   DevelopmentKey(), rules);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->subject, "ada");
  EXPECT_THAT(identity->scopes, ElementsAre("a:read", "b:write"));
  EXPECT_THAT(identity->roles, ElementsAre("admin", "on call"));
  EXPECT_FALSE(identity->token_id.empty());
  EXPECT_GE(identity->expires, before + absl::Seconds(90 + 30 - 1));
  EXPECT_LT(identity->expires, before + absl::Seconds(90 + 30 + 60));
}

TEST(TokenScriptTest, ArgumentsAreEscapedInJson) {
  const std::string subject = R"(a"b\c/'$(id)`x` é 🦊 ","sub":"root)";
  const auto identity =
      RunAndVerify({subject, "--role", "r\"],\"x\":[\"y"}, DevelopmentKey());
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->subject, subject);
  EXPECT_THAT(identity->roles, ElementsAre("r\"],\"x\":[\"y"));
}

// Correctly escaped, it is valid JSON, and rejected for its meaning, not its
// form.
TEST(TokenScriptTest, ControlCharactersReachTheVerifierAsThemselves) {
  const Result result = RunScript({"ada\n\x01\x7f", "--key", DevelopmentKey()});
  ASSERT_EQ(result.status, 0) << result.output;
  absl::string_view token = result.output;
  absl::ConsumeSuffix(&token, "\n");
  TokenError error;
  EXPECT_FALSE(
      Verifier(DevelopmentKey())->Verify(token, absl::Now(), &error).ok());
  EXPECT_EQ(error, TokenError::kSubject);
}

TEST(TokenScriptTest, SecretIsEveryByteButOneNewline) {
  const std::string secret = std::string("\0\n\xff '\"\\\r", 8);
  for (const char* end : {"", "\n", "\n\n", "\r\n", " "}) {
    const std::string key =
        WriteKey("bytes.key", secret + std::string(32, 'k') + end);
    EXPECT_TRUE(RunAndVerify({"ada"}, key).ok());
  }
}

TEST(TokenScriptTest, InvalidArgumentsAreReported) {
  const std::string key = DevelopmentKey();
  const std::string missing = ::testing::TempDir() + "/no-such.key";
  const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
      {{"--key", key}, "no SUBJECT"},
      {{"", "--key", key}, "no SUBJECT"},
      {{"ada", "bob", "--key", key}, "only one SUBJECT"},
      {{"ada", "--key", missing}, "no key file " + missing},
      {{"ada", "--key", ::testing::TempDir()}, "is a directory"},
      {{"ada", "--key"}, "--key needs a value"},
      {{"ada", "--key", key, "--ttl", "-5"}, "--ttl"},
      {{"ada", "--key", key, "--ttl", "1; id"}, "--ttl"},
      {{"ada", "--key", key, "--ttl="}, "--ttl"},
      {{"ada", "--key", key, "--scope", "a b"}, "one word"},
      {{"ada", "--key", key, "--scope="}, "one word"},
      {{"ada", "--key", key, "--role="}, "--role is empty"},
      {{"ada", "--key", key, "--what"}, "unknown option --what"},
      {{"ada", "--key", WriteKey("short.key", "short\n")}, "shorter than 32"},
      {{"ada", "--key",
        WriteKey("pem.key", "-----BEGIN PUBLIC KEY-----\nAAAA\n")},
       "HMAC secret"},
  };
  for (const auto& [arguments, message] : table) {
    const Result result = RunScript(arguments);
    EXPECT_EQ(result.status, 2) << message;
    EXPECT_THAT(result.output, HasSubstr(message));
  }
}

TEST(TokenScriptTest, HelpNamesTheOptions) {
  const Result result = RunScript({"--help"});
  EXPECT_EQ(result.status, 0);
  for (const char* option : {"SUBJECT", "--scope", "--role", "--ttl", "--key",
                             "--issuer", "--audience"}) {
    EXPECT_THAT(result.output, HasSubstr(option));
  }
}

}  // namespace
}  // namespace sse_bridge
